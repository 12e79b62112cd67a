#!/usr/bin/env python3
"""Quantized models on emulated processors, bit by bit as LiteRT's reference kernels compute them.

    python test/tflite/boards.py
    python test/tflite/boards.py --targets cortex-m4 --models folder --filter kws --seeds 20

Without --models, one small network with what most of them have: a convolution, padded, strided and with
an odd number of channels, a depthwise one, a pointwise one, a sum, an average, a fully connected layer and
a softmax, in int8 and in uint8.

A target whose tools are not installed is skipped, unless the environment variable EDGEC_REQUIRE_TARGETS
lists it ("all", or names with commas). Kinds of x86-64 run here, where this processor is one of them.
"""

from __future__ import annotations

import argparse
import pathlib
import re
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE), str(HERE.parent / "mcu")]

import numpy as np  # noqa: E402
from common import edgec, tensors  # noqa: E402
import build  # noqa: E402
import emulate  # noqa: E402
import reference  # noqa: E402

# What each kind of x86-64 multiplies integers by, and what /proc/cpuinfo calls it.
X86 = {"x86-64": "sse2", "x86-64-v3": "avx2", "x86-64-v3+avxvnni": "avx_vnni", "x86-64-v4": "avx512bw",
       "x86-64-v4+avx512vnni": "avx512_vnni"}  # fmt: skip
TARGETS = ("cortex-m4", "cortex-m55", "cortex-a53", "cortex-a76", "rv64gcv", *X86)


def network(path: pathlib.Path, dtype: str) -> pathlib.Path:
    rng = np.random.default_rng(5)
    unsigned = dtype == "uint8"
    low = 0 if unsigned else -128
    model = build.Model()
    graph = model.graph()

    def activation(shape, scale, zero):
        return graph.tensor(shape, dtype, build.Quantized(scale, low + zero))

    def layer(x, x_scale, shape, axis, features, code, out, options, **fields):
        """Weights with a scale for each feature; uint8 has one, with a zero point."""
        scales = np.float32([0.02]) if unsigned else rng.uniform(0.01, 0.03, features).astype(np.float32)
        zero = 131 if unsigned else 0
        weights = graph.const(
            rng.integers(low + (0 if unsigned else 1), low + 256, shape), dtype, build.Quantized(scales, zero, axis)
        )
        bias = graph.const(rng.integers(-900, 900, features), "int32", build.Quantized(scales * x_scale))
        graph.op(code, [x, weights, bias], [out], options, **fields)
        return out

    x = graph.input([1, 11, 9, 3], dtype, build.Quantized(0.05, low + 120))
    relu, relu6 = 1, 3
    a = layer(x, 0.05, [13, 3, 3, 3], 0, 13, "CONV_2D", activation([1, 6, 5, 13], 0.2, 0), "Conv2D",
              padding=0, strideH=2, strideW=2, fusedActivationFunction=relu)  # fmt: skip
    b = layer(a, 0.2, [1, 3, 3, 13], 3, 13, "DEPTHWISE_CONV_2D", activation([1, 6, 5, 13], 0.03, 0), "DepthwiseConv2D",
              padding=0, strideH=1, strideW=1, depthMultiplier=1, fusedActivationFunction=relu6)  # fmt: skip
    c = layer(b, 0.03, [13, 1, 1, 13], 0, 13, "CONV_2D", activation([1, 6, 5, 13], 0.3, 140), "Conv2D",
              padding=1, strideH=1, strideW=1)  # fmt: skip
    d = graph.op("ADD", [a, c], [activation([1, 6, 5, 13], 0.35, 117)], "Add")
    e = graph.op("AVERAGE_POOL_2D", [d], [activation([1, 2, 1, 13], 0.35, 117)], "Pool2D",
                 padding=1, strideH=3, strideW=5, filterHeight=3, filterWidth=5)  # fmt: skip
    f = graph.op("RESHAPE", [e, graph.const([1, 26], "int32")], [activation([1, 26], 0.35, 117)], "Reshape")
    g = layer(f, 0.35, [7, 26], 0, 7, "FULLY_CONNECTED", activation([1, 7], 1.5, 120),
              "FullyConnected")  # fmt: skip
    graph.output(graph.op("SOFTMAX", [g], [activation([1, 7], 1 / 256, 0)], "Softmax", beta=0.02))
    return model.write(path)


def runs_here(kind: str) -> bool:
    try:
        return kind in pathlib.Path("/proc/cpuinfo").read_text().split()
    except OSError:
        return False


def check(path: pathlib.Path, target: str, binary: str, seeds: int, work: pathlib.Path) -> str:
    """What is wrong; empty if nothing is."""
    judge = reference.Reference(path)
    feeds = [judge.feed(seed) for seed in range(seeds)]
    want = [judge.run(feed, 1) for feed in feeds]
    out = work / target
    result = edgec.invoke(binary, ["compile", path, f"--target={target}", "-o", out, "--name=m"], timeout=600)
    if result.crash or result.code:
        return result.crash or edgec.reason(result.stderr)
    worst = 0
    for feed, values in zip(feeds, want):
        try:
            got = emulate.run("host" if target in X86 else target, out / "libm.a", out, "m", feed, timeout=1200)
            got = [np.asarray(b).reshape(a.shape) for a, b in zip(values, got, strict=True)]
            error, steps = reference.distance(judge.interpreter.get_output_details(), values, got)
        except (emulate.EmulationError, tensors.Mismatch) as problem:
            return str(problem)
        worst = max(worst, steps)
        if error > reference.TOLERANCE:
            return f"error {error:.1e}"
    return f"{worst} steps" if worst else ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--edgec", help="the binary (default: $EDGEC, then the newest build)")
    parser.add_argument("--targets", default=",".join(TARGETS), help="default: %(default)s")
    parser.add_argument("--models", type=pathlib.Path, metavar="DIR", help="a folder of .tflite files")
    parser.add_argument("--filter", default="", metavar="REGEX", help="only files whose name matches")
    parser.add_argument("--seeds", type=int, default=3, metavar="N", help="inputs for each model")
    options = parser.parse_args()
    binary = edgec.find(options.edgec)
    failed = 0
    with tempfile.TemporaryDirectory(prefix="edgec-boards-") as temporary:
        work = pathlib.Path(temporary)
        if options.models:
            paths = [p for p in sorted(options.models.glob("*.tflite")) if re.search(options.filter, p.name)]
        else:
            paths = [network(work / f"{dtype}.tflite", dtype) for dtype in ("int8", "uint8")]
        for target in options.targets.split(","):
            if target in X86 and not runs_here(X86[target]):
                print(f"skipped  {target}: this processor is none")
                continue
            lack = emulate.optional("host" if target in X86 else target)
            if lack:
                print(f"skipped  {target}: needs {lack}")
                continue
            for path in paths:
                problem = check(path, target, binary, options.seeds, work)
                failed += bool(problem)
                print(f"{'failed' if problem else 'passed':8} {target:20} {path.stem:40} {problem}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
