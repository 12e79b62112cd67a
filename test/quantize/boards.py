#!/usr/bin/env python3
"""Narrow weights and tensors on emulated processors compute what the host does.

A target whose tools are not installed is skipped, unless the environment variable EDGEC_REQUIRE_TARGETS
lists it ("all", or names with commas).
"""

from __future__ import annotations

import pathlib
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "onnx"), str(HERE.parent / "mcu")]

import case  # noqa: E402
import emulate  # noqa: E402
import generate  # noqa: E402
import numpy as np  # noqa: E402
from common import tensors  # noqa: E402

# Without floats; with them; with vectors, of two kinds.
TARGETS = ("cortex-m0", "cortex-m4", "cortex-a53", "rv64gcv")
SCHEMES = ("weights-int8", "weights-int4", "bf16")


def network():
    """A convolution and two matrix products, the second with few features."""
    g = generate.Graph("network")
    x = g.input("x", [1, 4, 6, 6])
    x = g.conv(x, 4, 12, (3, 3), pads=[1, 1, 1, 1], norm=False)
    x = g.node("Reshape", x, g.const([3, 144], np.int64))
    x = g.node("Relu", g.node("MatMul", x, g.weight(144, 32)))
    g.output(g.node("MatMul", x, g.weight(32, 11), out="y"), [3, 11])
    return g


class BoardsTest(case.ModelTest):
    def test_same_as_host(self):
        for target in TARGETS:
            lacking = emulate.optional(target)
            if lacking:
                print(f"  {target}: skipped, there is no {lacking}")
                continue
            for scheme in SCHEMES:
                with self.subTest(target=target, scheme=scheme), tempfile.TemporaryDirectory() as folder:
                    self.compare(target, f"--quantize={scheme}", pathlib.Path(folder))

    def compare(self, target: str, option: str, work: pathlib.Path):
        path = work / "network.onnx"
        path.write_bytes(network().model().SerializeToString(deterministic=True))
        x = np.random.default_rng(5).standard_normal((1, 4, 6, 6)).astype(np.float32)
        np.save(work / "x.npy", x)
        # Groups of 16: the 144 products of the first matrix are nine of them.
        options = option, "--group-size=16"
        self.invoke("run", path, *options, "--input", f"x={work / 'x.npy'}", "--output", work / "out")
        wanted = tensors.load_outputs(work / "out")[0][1]
        self.invoke("compile", path, *options, "--name=model", f"--target={target}", "-o", work / "board")
        found = emulate.run(target, work / "board" / "libmodel.a", work / "board", "model", [[x]])[-1][0]
        # Sums in another order, and what that makes of a rounding to 8 bits.
        tolerance = 2**-7 if "bf16" in option else 1e-5
        self.assertLess(np.abs(found - wanted).max(), tolerance * np.abs(wanted).max())


if __name__ == "__main__":
    unittest.main()
