#!/usr/bin/env python3
"""Random chains of convolutions and pools, and attentions, large enough to be computed some rows at a time; and
convolutions that --fast-conv transforms.

Each is compared with onnxruntime; with one thread and with three the results are the same bits.
At least half of them have to have been streamed, or this tests nothing.
"""

from __future__ import annotations

import argparse
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

import numpy as np  # noqa: E402
import onnxruntime  # noqa: E402
from common import edgec, tensors  # noqa: E402
from generate import Graph  # noqa: E402


def chain(seed: int) -> Graph:
    g = Graph(f"chain{seed}")
    rng = np.random.default_rng(seed)
    height, width, channels = int(rng.integers(97, 140)), int(rng.integers(90, 130)), 3
    x = g.input("x", [1, channels, height, width])
    for i in range(int(rng.integers(3, 7))):
        kind = rng.choice(["conv", "depthwise", "pointwise", "pool", "residual"])
        kind = "conv" if i == 0 else kind
        kernel = [int(rng.choice([2, 3, 5])), int(rng.choice([1, 3]))]
        stride, dilation = int(rng.choice([1, 1, 2])), int(rng.choice([1, 1, 2]))
        reach = [(k - 1) * dilation for k in kernel]
        pads = [int(rng.integers(0, r + 1)) for r in reach] + [int(rng.integers(0, r + 1)) for r in reach]
        sizes = [(n + b + e - r - 1) // stride + 1 for n, b, e, r in zip((height, width), pads[:2], pads[2:], reach)]
        window = {"pads": pads, "strides": [stride, stride], "dilations": [dilation, dilation]}
        if min(sizes) < 40:
            break
        if kind == "residual":
            y = g.conv(x, channels, 48, [1, 1], norm=False)
            y = g.conv(y, 48, 48, [3, 3], pads=[1, 1, 1, 1], group=48, norm=False)
            x = g.node("Add", x, g.conv(y, 48, channels, [1, 1], act=None, norm=False))
            continue
        if kind == "pointwise":
            features = int(rng.integers(40, 72))
            x, channels = g.conv(x, channels, features, [1, 1], norm=False), features
            continue
        if kind == "pool":
            if any(p >= k for p, k in zip(pads, kernel * 2)):
                continue
            x = g.node(
                "MaxPool", x, kernel_shape=kernel, pads=pads, strides=[stride, stride], dilations=[dilation, dilation]
            )
        elif kind == "depthwise":
            x = g.conv(x, channels, channels, kernel, group=channels, norm=False, **window)
        else:
            features = int(rng.integers(40, 72))
            x, channels = g.conv(x, channels, features, kernel, norm=False, **window), features
        height, width = sizes
    g.node("Identity", x, out="y")
    g.output("y", [1, channels, height, width])
    return g


def attention(seed: int) -> Graph:
    g = Graph(f"attention{seed}")
    rng = np.random.default_rng(seed)
    tokens, heads, size = int(rng.integers(380, 470)), int(rng.integers(2, 5)), int(rng.integers(5, 24))
    width = heads * size
    x = g.input("x", [1, tokens, width])

    def head(perm):
        y = g.node("Reshape", g.dense(x, width, width), g.const([1, tokens, heads, size], np.int64))
        return g.node("Transpose", y, perm=perm)

    scores = g.node("MatMul", head([0, 2, 1, 3]), head([0, 2, 3, 1]))
    mask = np.triu(np.full((tokens, tokens), -1e4, np.float32), 1) if seed % 2 else np.zeros((1, 1), np.float32)
    scores = g.node("Softmax", g.node("Add", g.node("Mul", scores, g.const(size**-0.5)), g.const(mask)), axis=-1)
    y = g.node("Transpose", g.node("MatMul", scores, head([0, 2, 1, 3])), perm=[0, 2, 1, 3])
    g.dense(g.node("Reshape", y, g.const([1, tokens, width], np.int64)), width, width, out="y")
    g.output("y", [1, tokens, width])
    return g


def transforms(seed: int) -> Graph:
    g = Graph(f"transforms{seed}")
    rng = np.random.default_rng(seed)
    height, width, channels = int(rng.integers(12, 70)), int(rng.integers(12, 70)), int(rng.choice([16, 24, 40]))
    x = g.input("x", [int(rng.integers(1, 3)), channels, height, width])
    y = g.conv(x, channels, channels, [3, 3], pads=[1, 1, 1, 1], act=None)
    x = g.node("Relu", g.node("Add", x, y))
    pads = [int(p) for p in rng.integers(0, 2, 4)]
    height, width = height + pads[0] + pads[2] - 2, width + pads[1] + pads[3] - 2
    features = int(rng.choice([16, 32, 48]))
    g.conv(x, channels, features, [3, 3], pads=pads, act="HardSwish", norm=False, out="y")
    g.output("y", [None, features, height, width])
    return g


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--edgec", default=None, help="the compiler; by default that of the build")
    parser.add_argument("--seeds", type=int, default=16)
    arguments = parser.parse_args()
    binary = edgec.find(arguments.edgec)
    failed = streamed = 0
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        for seed in range(arguments.seeds):
            fast = seed % 4 == 2
            g = transforms(seed) if fast else attention(seed) if seed % 4 == 3 else chain(seed)
            options = ["--fast-conv"] if fast else []
            path = folder / f"{g.name}.onnx"
            path.write_bytes(g.model().SerializeToString())
            ir = subprocess.run(
                [binary, "compile", path, "--stop-after=bufferize", *options], capture_output=True, text=True, check=True
            ).stdout
            streams = len(re.findall(r"kernel\.(?:stream|rows|winograd)", ir))
            streamed += streams > 0
            session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
            shape = session.get_inputs()[0].shape
            x = np.random.default_rng(seed).standard_normal(shape).astype(np.float32)
            expected = session.run(None, {"x": x})[0]
            np.save(folder / "x.npy", x)
            results = []
            for threads in (1, 3):
                out = folder / f"out{threads}"
                subprocess.run(
                    [binary, "run", path, "--input", f"x={folder / 'x.npy'}", "--threads", str(threads), "--output", out, *options],
                    check=True, stdout=subprocess.DEVNULL,
                )  # fmt: skip
                results.append(tensors.load_outputs(out)[0][1])
            error = float(np.abs(results[0] - expected).max() / np.ptp(expected))
            same = results[0].tobytes() == results[1].tobytes()
            passed = error < 1e-5 and same
            failed += not passed
            print(f"{g.name:12} {streams} streams, error {error:.1e}, {'same' if same else 'other'} bits", "" if passed else "FAILED")
    print(f"{arguments.seeds - failed} passed, {failed} failed, {streamed} streamed")
    return 1 if failed or streamed * 2 < arguments.seeds else 0


if __name__ == "__main__":
    sys.exit(main())
