#!/usr/bin/env python3
"""Times networks that came through torch.export beside the same ones through ONNX.

    .venv/bin/python -m pip install -r bench/requirements-pt2.txt
    .venv/bin/python bench/pt2.py --filter 'vit.*'

Each network of test/torch/networks.py that isn't a decoder is exported to ONNX, by torch.onnx.export, and to .pt2, as
torch.export.export() gives it and (core) after run_decompositions(). edgec compiles all three; their outputs are held
against torch's, and they take turns as the peers of bench/run.py do. Ratios are .pt2's over ONNX's, of times that were
taken side by side, of bytes of the arena, and of those of constants: above 1 the way through ONNX is the better one.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import re
import statistics
import sys
import tempfile
import warnings

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "test"), str(HERE.parent / "test" / "torch")]

import networks  # noqa: E402
import reference  # noqa: E402
import run  # noqa: E402
import torch  # noqa: E402
from common import edgec  # noqa: E402

WAYS = ("onnx", "pt2", "core")


def export(module: torch.nn.Module, inputs: list, way: str, work: pathlib.Path) -> tuple[pathlib.Path, list[str]]:
    """The model's file, and its inputs' names."""
    if way != "onnx":
        path = work / "m.pt2"
        return path, reference.flat_inputs(networks.save(module, inputs, way == "core", path))
    path, names = work / "m.onnx", [f"x{at}" for at in range(len(inputs))]
    torch.onnx.export(
        module, tuple(inputs), path, dynamo=True, input_names=names, external_data=False, verbose=False
    )
    return path, names


def start(network: networks.Network, way: str, binary: str, work: pathlib.Path) -> run.Worker:
    """edgec with the network that came this way, its outputs compared."""
    module = networks.build(network)
    inputs = network.inputs()
    want = torch.utils._pytree.tree_leaves(module(*inputs))
    work.mkdir()
    path, names = export(module, inputs, way, work)
    feed = {name: value.numpy() for name, value in zip(names, inputs, strict=True)}
    worker = run.Worker("edgec", path, feed, {"edgec": binary, "threads": 1}, work)
    worker.name = way
    got = worker.start()
    if got is not None:
        error = networks.distance(want, got)
        if not error <= 1:
            worker.problem = f"{error:.1f} times as far from torch as allowed"
    return worker


def ratios(workers: dict[str, run.Worker], way: str, work: pathlib.Path) -> list[float]:
    """Of times, arenas and constants."""
    own, other = (json.loads((work / w / "work-edgec" / "bench.json").read_text()) for w in (way, "onnx"))
    pairs = zip(workers[way].times, workers["onnx"].times)
    return [
        statistics.median(statistics.median(a) / statistics.median(b) for a, b in pairs),
        own["arena"]["bytes"] / other["arena"]["bytes"],
        own["constant_bytes"] / other["constant_bytes"],
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--edgec", help="the binary (default: $EDGEC, then the newest build)")
    parser.add_argument("--filter", default="", metavar="REGEX", help="only networks whose name matches")
    parser.add_argument("--rounds", type=int, default=30, help="turns that each takes (default %(default)s)")
    parser.add_argument("--slice", type=float, default=20.0, metavar="MS", help="a turn's length (default %(default)s)")
    parser.add_argument("--budget", type=float, default=30.0, metavar="S", help="longest for one, past five rounds")
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    torch.set_grad_enabled(False)
    binary = edgec.find(options.edgec)
    failed = False
    print(f"{'network':22}{'dialect':8}{'ONNX ms':>10}{'time':>10}{'arena':>10}{'constants':>11}")
    for network in networks.NETWORKS:
        if network.decoder or not re.search(options.filter, network.name):
            continue
        workers: dict[str, run.Worker] = {}
        with tempfile.TemporaryDirectory(prefix="edgec-bench-") as temporary:
            work = pathlib.Path(temporary)
            try:
                for way in WAYS:
                    workers[way] = start(network, way, binary, work / way)
                run.measure(list(workers.values()), options.rounds, options.slice, options.budget)
            finally:
                for worker in workers.values():
                    worker.close()
            for way in WAYS:
                if workers[way].problem:
                    failed = True
                    print(f"{network.name:22}{way:8}{workers[way].problem}", flush=True)
                elif way != "onnx" and not workers["onnx"].problem:
                    base = statistics.median(t for times in workers["onnx"].times for t in times) / 1e6
                    time, arena, constants = ratios(workers, way, work)
                    print(f"{network.name:22}{way:8}{base:10.3f}{time:10.3f}{arena:10.3f}{constants:11.3f}", flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
