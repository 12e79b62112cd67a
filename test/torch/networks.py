#!/usr/bin/env python3
"""Whole networks, exported by torch.export, through edgec and beside torch.

    python test/torch/networks.py --filter 'llama.*'

Networks of torchvision with random weights, and those of architectures.py. Some are compared in both dialects: as
torch.export.export() gives them, and after run_decompositions(). Outputs are within 1e-4 of torch's range. Decoders run
ten steps, each with a token of its own, in a program linked with the compiled library: states live on in its arena,
and caches that are returned are given to the next step.
"""

from __future__ import annotations

import argparse
import dataclasses
import pathlib
import re
import sys
import tempfile
import time
import typing
import warnings

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE), str(HERE.parent / "mcu")]

import torch  # noqa: E402
from common import edgec, tensors  # noqa: E402
import architectures as own  # noqa: E402
import emulate  # noqa: E402
import reference  # noqa: E402

STEPS = 10


def vision():
    """torchvision.models. Where torchvision was built for another variant of this torch (with CUDA, say), its library
    of operators doesn't load, and its import looks for two that no model here uses."""
    try:
        import torchvision
    except RuntimeError:
        for name in [n for n in sys.modules if n.partition(".")[0] == "torchvision"]:
            del sys.modules[name]
        library = torch.library.Library("torchvision", "FRAGMENT")
        library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        vision.library = library  # it defines them as long as it lives
        import torchvision
    return torchvision.models


def image(size):
    return lambda: [torch.randn(1, 3, size, size)]


@dataclasses.dataclass
class Network:
    name: str
    make: typing.Callable[[], torch.nn.Module]
    inputs: typing.Callable[[], list[torch.Tensor]]
    dialects: tuple[bool, ...] = (False,)  # whether after run_decompositions()
    decoder: bool = False  # one that takes a token, its place and, maybe, what it returned before


BOTH = (False, True)
FRAMES = 100
NETWORKS = [
    Network("resnet18", lambda: vision().resnet18(), image(64), BOTH),
    Network("mobilenet_v3_small", lambda: vision().mobilenet_v3_small(), image(64), BOTH),
    Network("mobilenet_v3_large", lambda: vision().mobilenet_v3_large(), image(64)),
    Network("efficientnet_b0", lambda: vision().efficientnet_b0(), image(64)),
    Network("vit_b_16", lambda: vision().vit_b_16(image_size=32), image(32), BOTH),
    Network("swin_t", lambda: vision().swin_t(), image(64)),
    Network("detector", own.Detector, image(96), BOTH),
    Network("llama by index_copy_", lambda: own.Llama(own.written_by_index), list, BOTH, decoder=True),
    Network("llama by slice", lambda: own.Llama(own.written_by_slice), list, BOTH, decoder=True),
    Network("llama with caches given", lambda: own.Llama(own.copied), list, BOTH, decoder=True),
    Network("whisper encoder", lambda: own.WhisperEncoder(FRAMES), lambda: [torch.randn(1, 80, FRAMES)], BOTH),
    Network("whisper decoder", own.WhisperDecoder,
            lambda: [torch.randint(0, 1000, (1, 12)), torch.randn(1, FRAMES // 2, 384)], BOTH),
]  # fmt: skip


def build(network: Network, seed: int = 3) -> torch.nn.Module:
    """The network with random weights, and statistics as if it had been trained. Heads that begin with zeros, as
    torchvision's transformers', are filled, too: nothing could be compared behind them."""
    torch.manual_seed(seed)
    module = network.make().eval()
    for part in module.modules():
        if isinstance(part, torch.nn.BatchNorm2d):
            part.running_mean.normal_(0, 0.1)
            part.running_var.uniform_(0.5, 1.5)
        elif isinstance(part, torch.nn.Linear) and not part.weight.any():
            part.weight.normal_(0, part.in_features**-0.5)
    return module


def distance(wants: list, gots: list) -> float:
    """The error, as a part of what is allowed; outputs that are one number say nothing."""
    for want in wants:
        if want.min() == want.max():
            raise tensors.Mismatch("torch's output is the same everywhere")
    return reference.distance(wants, gots)[0]


def save(module, inputs, core: bool, path: pathlib.Path) -> torch.export.ExportedProgram:
    program = torch.export.export(module, tuple(inputs))
    program = program.run_decompositions() if core else program
    torch.export.save(program, path)
    return program


def once(network: Network, core: bool, binary: str, work: pathlib.Path, timeout: float) -> float:
    """The error, as a part of what is allowed, of one call."""
    module, inputs = build(network), network.inputs()
    want = torch.utils._pytree.tree_leaves(module(*inputs))
    program = save(module, inputs, core, work / "m.pt2")
    got = reference.run(binary, work / "m.pt2", reference.flat_inputs(program), inputs, 1, work / "run", timeout)
    return distance(want, got)


def decoded(network: Network, core: bool, binary: str, work: pathlib.Path, timeout: float) -> float:
    """The same of ten calls with tokens of their own; what is carried is edgec's own."""
    module = build(network)
    tokens = torch.randint(0, module.words.num_embeddings, (STEPS, 1, 1))
    given = [] if module.caches else [torch.zeros(module.shape) for _ in range(2 * len(module.layers))]
    save(module, [tokens[0], torch.tensor([0]), *given], core, work / "m.pt2")  # before torch's buffers are written
    wants, carried = [], given
    for at in range(STEPS):
        wants.append(torch.utils._pytree.tree_leaves(module(tokens[at], torch.tensor([at]), *carried)))
        carried = wants[-1][1:]
    result = edgec.invoke(binary, ["compile", work / "m.pt2", "-o", work / "out", "--name=m"], timeout=timeout)
    if result.crash or result.code:
        raise reference.Crashed(result.crash or edgec.reason(result.stderr))

    def call(feeds):
        return emulate.run("host", work / "out" / "libm.a", work / "out", "m", feeds, timeout=timeout)

    feeds = [[tokens[at].numpy(), reference.to_numpy(torch.tensor([at]))] for at in range(STEPS)]
    if module.caches:
        gots = call(feeds)
    else:
        gots, carried = [], [reference.to_numpy(x) for x in given]
        for feed in feeds:
            gots.append(call([*feed, *carried]))
            carried = gots[-1][1:]
    return max(distance(want, got) for want, got in zip(wants, gots, strict=True))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--edgec", help="the binary (default: $EDGEC, then the newest build)")
    parser.add_argument("--filter", default="", metavar="REGEX", help="only networks whose name matches")
    parser.add_argument("--timeout", type=float, default=300.0, metavar="SECONDS", help="for one run of edgec")
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    torch.set_grad_enabled(False)
    binary = edgec.find(options.edgec)
    counts = {"passed": 0, "failed": 0}
    for network in NETWORKS:
        if not re.search(options.filter, network.name):
            continue
        for core in network.dialects:
            begin = time.monotonic()
            with tempfile.TemporaryDirectory(prefix="edgec-torch-") as temporary:
                try:
                    compare = decoded if network.decoder else once
                    error = compare(network, core, binary, pathlib.Path(temporary), options.timeout)
                    status = "passed" if error <= 1 else "failed"
                    text = f"error {error:.3f} of what is allowed"
                except (reference.Refused, reference.Crashed, tensors.Mismatch, emulate.EmulationError) as problem:
                    status, text = "failed", f"{type(problem).__name__}: {problem}"
            counts[status] += 1
            name = network.name + (" (core)" if core else "")
            print(f"{status:8} {name:32} {time.monotonic() - begin:5.1f} s  {text}", flush=True)
    print(", ".join(f"{n} {status}" for status, n in counts.items()))
    return 0 if counts["passed"] and not counts["failed"] else 1


if __name__ == "__main__":
    sys.exit(main())
