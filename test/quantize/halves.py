#!/usr/bin/env python3
"""Tensors and weights of 16 bits: results near those of the float model, in about half of its memory and flash."""

from __future__ import annotations

import json
import pathlib
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "onnx")]

import case  # noqa: E402
import generate  # noqa: E402
import numpy as np  # noqa: E402
import onnxruntime  # noqa: E402
from common import tensors  # noqa: E402
from onnx import TensorProto  # noqa: E402

LEAST = {"fp16": 55, "bf16": 38}  # dB


def plain():
    """Convolutions after one another: each tensor is read once, and all of the arena is such tensors."""
    g = generate.Graph("plain")
    x = g.input("x", [1, 16, 24, 24])
    for _ in range(3):
        x = g.conv(x, 16, 16, (3, 3), pads=[1, 1, 1, 1])
    g.output(g.node("GlobalAveragePool", x, out="y"), [1, 16, 1, 1])
    return g


class HalvesTest(case.ModelTest):
    def manifest(self, path, *options) -> dict:
        self.invoke("compile", path, *options, "-o", self.work / "compiled", "--name=m")
        return json.loads((self.work / "compiled" / "m.json").read_text())

    def run_model(self, path, name, x, *options):
        np.save(self.work / "x.npy", x)
        self.invoke("run", path, *options, "--input", f"{name}={self.work / 'x.npy'}", "--output", self.work / "out")
        return tensors.load_outputs(self.work / "out")[0][1]

    def check(self, make, flash: float, ram: float):
        g = make()
        path = self.work / f"{g.name}.onnx"
        path.write_bytes(g.model().SerializeToString(deterministic=True))
        tensor = g.inputs[0].type.tensor_type
        shape, name = [d.dim_value for d in tensor.shape.dim], g.inputs[0].name
        random = np.random.default_rng(2)
        x = random.standard_normal(shape).astype(np.float32)
        if tensor.elem_type == TensorProto.INT64:
            x = random.integers(0, 16, shape)
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        wanted = session.run(None, {name: x})[0]
        floats = self.manifest(path)
        for scheme, least in LEAST.items():
            found = case.sqnr(wanted, self.run_model(path, name, x, f"--quantize={scheme}"))
            narrow = self.manifest(path, f"--quantize={scheme}")
            parts = [narrow[key] / max(floats[key], 1) for key in ("constant_bytes", "ram_bytes")]
            print(f"  {g.name} {scheme}: {found:.1f} dB, {parts[0]:.2f} of the constants, {parts[1]:.2f} of the arena")
            self.assertGreater(found, least, f"{g.name} {scheme}")
            self.assertLess(parts[0], flash, f"{g.name} {scheme}")
            self.assertLess(parts[1], ram, f"{g.name} {scheme}")
            self.assertEqual(narrow["inputs"][0]["dtype"], floats["inputs"][0]["dtype"])
        return path, x, wanted

    def test_convolutions(self):
        path, x, wanted = self.check(plain, 0.52, 0.52)
        found = self.run_model(path, "x", x.astype(np.float16), "--quantize=fp16", "--input-type=float16", "--output-type=float16")
        self.assertEqual(found.dtype, np.float16)
        self.assertGreater(case.sqnr(wanted, found), 50)
        kept = self.manifest(path, "--quantize=fp16", "--keep-float=Conv_*")
        self.assertEqual(kept["constant_bytes"], self.manifest(path)["constant_bytes"])

    def test_networks(self):
        self.check(generate.cnn, 0.62, 0.52)
        self.check(generate.mobile, 0.80, 0.52)
        self.check(generate.transformer, 0.60, 0.90)
        self.check(generate.mlp, 0.60, 1.01)
        self.check(generate.tokens, 0.70, 1.01)

    def test_on_boards(self):
        g = plain()
        path = self.work / "plain.onnx"
        path.write_bytes(g.model().SerializeToString(deterministic=True))
        for target in ("cortex-m4", "cortex-m0", "cortex-a53", "rv64gcv"):
            floats, narrow = (self.manifest(path, f"--target={target}", *q) for q in ((), ("--quantize=bf16",)))
            self.assertLess(narrow["constant_bytes"], 0.52 * floats["constant_bytes"], target)
            self.assertLess(narrow["ram_bytes"], 0.60 * floats["ram_bytes"], target)


if __name__ == "__main__":
    unittest.main()
