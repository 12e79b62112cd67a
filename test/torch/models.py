#!/usr/bin/env python3
"""Whole exported programs through edgec, beside torch.

    python test/torch/models.py --models folder --filter kws    # a folder's .pt2 files

For each program: seeded inputs, ten calls, so that states come round, and three sizes where dimensions are open.
Outputs are within 1e-4 of torch's range (narrow floats: within their own precision), integers equal.
"""

from __future__ import annotations

import argparse
import os
import pathlib
import re
import sys
import tempfile
import zlib

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

import torch  # noqa: E402
from common import edgec, tensors  # noqa: E402
import reference  # noqa: E402

CALLS = 10


def placeholders(program) -> list[torch.Tensor]:
    """What the program says of its inputs: types, and sizes of which some are symbols."""
    names = set(reference.flat_inputs(program))
    return [n.meta["val"] for n in program.graph.nodes if n.op == "placeholder" and n.name in names]


def sizes(program) -> list[dict]:
    """Three choices of values for the symbols; one, empty, where there are none."""
    ranges = {s: r for s, r in program.range_constraints.items() if s.is_symbol}
    if not ranges:
        return [{}]
    choices = []
    for step in (0, 1, 2):
        choices.append({s: min(int(r.lower) + step * 5, int(r.upper)) for s, r in ranges.items()})
    return choices


def feed(program, values: dict, seed: int) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    result = []
    for like in placeholders(program):
        shape = [int(s.node.expr.subs(values)) if isinstance(s, torch.SymInt) else s for s in like.shape]
        if like.dtype.is_floating_point:
            result.append(torch.randn(shape, generator=generator).to(like.dtype))
        elif like.dtype == torch.bool:
            result.append(torch.randint(0, 2, shape, generator=generator).bool())
        else:
            result.append(torch.randint(0, 8, shape, generator=generator).to(like.dtype))
    return result


def check(path: pathlib.Path, options, binary: str, work: pathlib.Path) -> tuple[str, str]:
    """passed or failed, and what there is to say."""
    program = torch.export.load(path)
    names = reference.flat_inputs(program)
    worst = 0.0
    choices = sizes(program)
    for at, values in enumerate(choices):
        inputs = feed(program, values, zlib.crc32(path.name.encode()) + at)
        module = torch.export.load(path).module()
        spec = program.call_spec.in_spec
        # Python numbers have become part of the program: they are given as they were.
        leaves, rest = [], list(inputs)
        for s in program.graph_signature.input_specs:
            if s.kind == torch.export.graph_signature.InputKind.USER_INPUT:
                isTensor = isinstance(s.arg, torch.export.graph_signature.TensorArgument)
                leaves.append(rest.pop(0) if isTensor else s.arg.value)
        args, kwargs = torch.utils._pytree.tree_unflatten(leaves, spec)
        with torch.no_grad():
            for _ in range(CALLS):
                want = torch.utils._pytree.tree_leaves(module(*args, **kwargs))
        try:
            got = reference.run(binary, path, names, inputs, CALLS, work, options.timeout, shapes=bool(values))
            error, where = reference.distance(want, got)
        except (reference.Refused, reference.Crashed, tensors.Mismatch) as problem:
            return "failed", f"{type(problem).__name__}: {problem}"
        if not error <= 1:
            return "failed", f"{where} is {error:.1f} times as far as allowed"
        worst = max(worst, error)
    more = f", {len(choices)} sizes" if len(choices) > 1 else ""
    return "passed", f"error {worst:.3f} of what is allowed{more}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--edgec", help="the binary (default: $EDGEC, then the newest build)")
    parser.add_argument("--models", metavar="DIR", help="a folder of .pt2 files (default: $EDGEC_MODELS)")
    parser.add_argument("--filter", default="", metavar="REGEX", help="only files whose name matches")
    parser.add_argument("--timeout", type=float, default=300.0, metavar="SECONDS", help="for one run of edgec")
    options = parser.parse_args()
    binary = edgec.find(options.edgec)
    folder = options.models or os.environ.get("EDGEC_MODELS")
    if not folder:
        print("EDGEC_MODELS is not set: nothing to do\n0 passed, 0 failed")
        return 0
    counts = {"passed": 0, "failed": 0}
    with tempfile.TemporaryDirectory(prefix="edgec-torch-") as temporary:
        for path in sorted(pathlib.Path(folder).glob("*.pt2")):
            if not re.search(options.filter, path.name):
                continue
            status, text = check(path, options, binary, pathlib.Path(temporary) / "run")
            counts[status] += 1
            print(f"{status:8} {path.stem:35} {text}", flush=True)
    print(", ".join(f"{n} {status}" for status, n in counts.items()))
    return 1 if counts["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
