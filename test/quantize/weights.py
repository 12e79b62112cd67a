#!/usr/bin/env python3
"""Weights of 8 and of 4 bits beside float activations: how exact the results are, and how much smaller the file.

The reference is the float model as onnxruntime computes it. What a model's file has as integers with scales stays
so, too: then the results are those of the file.
"""

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
from onnx import TensorProto, helper, numpy_helper  # noqa: E402



def dense():
    """Two large layers with a bias each, after one another."""
    g = generate.Graph("dense")
    x = g.input("x", [3, 256])
    x = g.node("Relu", g.node("Gemm", x, g.weight(512, 256), g.weight(512), transB=1))
    g.output(g.node("MatMul", x, g.weight(512, 96), out="y"), [3, 96])
    return g


def convolutions():
    g = generate.Graph("convolutions")
    x = g.input("x", [1, 8, 16, 16])
    x = g.conv(x, 8, 32, (3, 3), pads=[1, 1, 1, 1])
    x = g.conv(x, 32, 32, (3, 3), pads=[1, 1, 1, 1], group=32)
    g.output(g.conv(x, 32, 16, (1, 1), act=None, norm=False, out="y"), [1, 16, 16, 16])
    return g


def embedding():
    g = generate.Graph("embedding")
    ids = g.input("x", [1, 12], TensorProto.INT64)
    x = g.node("Gather", g.weight(300, 128), ids)
    g.output(g.node("MatMul", x, g.weight(128, 64), out="y"), [1, 12, 64])
    return g


def scaled_integers():
    """Weights that come as integers with a scale for each feature, and one with a zero point."""
    g = generate.Graph("scaled")
    x = g.input("x", [2, 128])
    w = g.const(g.rng.integers(-127, 128, (128, 64)), np.int8)
    w = g.node("DequantizeLinear", w, g.const(g.rng.uniform(0.5, 1, 64) / 1000), g.const(np.zeros(64), np.int8), axis=1)
    x = g.node("Add", g.node("MatMul", x, w), g.weight(64))
    w = g.const(g.rng.integers(0, 256, (64, 32)), np.uint8)
    w = g.node("DequantizeLinear", w, g.const(0.002), g.const(120, np.uint8))
    g.output(g.node("MatMul", x, w, out="y"), [2, 32])
    return g


class WeightsTest(case.ModelTest):
    def write(self, graph) -> tuple[pathlib.Path, np.ndarray, np.ndarray]:
        """The model, an input, and what it has to give."""
        path = self.work / f"{graph.name}.onnx"
        path.write_bytes(graph.model().SerializeToString(deterministic=True))
        shape = [d.dim_value for d in graph.inputs[0].type.tensor_type.shape.dim]
        random = np.random.default_rng(3)
        x = random.standard_normal(shape).astype(np.float32)
        if graph.inputs[0].type.tensor_type.elem_type == TensorProto.INT64:
            x = random.integers(0, 300, shape)
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        return path, x, session.run(None, {"x": x})[0]

    def run_model(self, path, x, *options):
        np.save(self.work / "x.npy", x)
        self.invoke("run", path, *options, "--input", f"x={self.work / 'x.npy'}", "--output", self.work / "out")
        return tensors.load_outputs(self.work / "out")[0][1]

    def constants(self, path, *options) -> int:
        self.invoke("compile", path, *options, "-o", self.work / "compiled", "--name=m")
        return json.loads((self.work / "compiled" / "m.json").read_text())["constant_bytes"]

    def check(self, make, scheme: str, least: float, most: float, *options):
        """At least so many dB, and at most such a part of the float model's constants."""
        path, x, wanted = self.write(make())
        floats, narrow = self.constants(path), self.constants(path, f"--quantize={scheme}", *options)
        self.assertLess(narrow, most * floats, f"{make.__name__} {scheme}: {narrow} of {floats} bytes")
        found = case.sqnr(wanted, self.run_model(path, x, f"--quantize={scheme}", *options))
        print(f"  {make.__name__} {scheme} {' '.join(options)}: {found:.1f} dB, {narrow / floats:.3f} of the bytes")
        self.assertGreater(found, least, f"{make.__name__} {scheme}")

    def test_int8(self):
        self.check(dense, "weights-int8", 38, 0.27)
        self.check(convolutions, "weights-int8", 38, 0.40)
        self.check(embedding, "weights-int8", 38, 0.28)

    def test_int4(self):
        for size, least in ((16, 18.5), (32, 17.5), (128, 15.5)):
            self.check(dense, "weights-int4", least, 0.16 if size < 32 else 0.148, f"--group-size={size}")
        self.check(embedding, "weights-int4", 16, 0.155)

    def test_4_bits_are_exact(self):
        """Sums are those of the numbers that the integers stand for."""
        for rows in (1, 2, 5, 40):
            g = generate.Graph(f"exact{rows}")
            x = g.input("x", [rows, 64])
            q, scale = g.rng.integers(-7, 8, (2, 32, 37)), 2.0 ** g.rng.integers(-3, 3, (2, 1, 37))
            q[:, 0] = 7
            g.output(g.node("MatMul", x, g.const((q * scale * 1.25).reshape(64, 37)), out="y"), [rows, 37])
            path, x, wanted = self.write(g)
            found = self.run_model(path, x, "--quantize=weights-int4")
            np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-5)
            np.testing.assert_array_equal(found, self.run_model(path, x))

    def test_keep_float(self):
        path, x, wanted = self.write(dense())
        kept = self.constants(path, "--quantize=weights-int8", "--keep-float=Gemm*")
        self.assertGreater(kept, 512 * 256 * 4)
        self.assertLess(kept, 512 * 256 * 4 + 512 * 96 * 2)

    def test_on_boards(self):
        """The same constants where there are no vectors."""
        path, _, _ = self.write(dense())
        for target in ("cortex-m4", "cortex-m0"):
            narrow = self.constants(path, "--quantize=weights-int8", f"--target={target}")
            self.assertLess(narrow, 0.27 * self.constants(path, f"--target={target}"))

    def test_from_the_file(self):
        """Against the numbers that the integers stand for: onnxruntime rounds activations here."""
        graph = scaled_integers()
        path, x, _ = self.write(graph)
        c = [numpy_helper.to_array(constant).astype(np.float64) for constant in graph.constants]
        wanted = (x @ (c[0] * c[1]) + c[3]) @ ((c[4] - c[6]) * c[5])
        self.assertGreater(case.sqnr(wanted, self.run_model(path, x)), 110)
        self.assertLess(self.constants(path), 128 * 64 + 2 * 64 * 32 + 2000)

    def test_blocks_from_the_file(self):
        """DequantizeLinear with blocks, of any floats as scales: 4 bits and 32 a block stay that."""
        g = generate.Graph("blocks")
        x = g.input("x", [2, 128])
        q, scale = g.rng.integers(-8, 8, (128, 48)), g.rng.uniform(0.01, 0.02, (4, 48)).astype(np.float32)
        w = g.node("DequantizeLinear", g.const(q, np.int8), g.const(scale), axis=0, block_size=32)
        g.output(g.node("MatMul", x, w, out="y"), [2, 48])
        model = g.model(opset=21)
        path = self.work / "blocks.onnx"
        path.write_bytes(model.SerializeToString(deterministic=True))
        x = np.random.default_rng(1).standard_normal((2, 128)).astype(np.float32)
        wanted = x.astype(np.float64) @ (q * np.repeat(scale, 32, axis=0).astype(np.float64))
        self.assertGreater(case.sqnr(wanted, self.run_model(path, x)), 110)
        self.assertLess(self.constants(path), 128 * 48 // 2 + 4 * 48 * 4 + 400)

    def test_packed_in_the_file(self):
        """MatMulNBits, with the middle as zero point."""
        random, rows, depth, block = np.random.default_rng(0), 48, 128, 32
        packed = random.integers(0, 256, (rows, depth // block, block // 2)).astype(np.uint8)
        scale = random.uniform(0.01, 0.02, (rows, depth // block)).astype(np.float32)
        node = helper.make_node("MatMulNBits", ["x", "w", "s"], ["y"], domain="com.microsoft", name="product",
                                N=rows, K=depth, bits=4, block_size=block)  # fmt: skip
        graph = helper.make_graph(
            [node],
            "packed",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, [3, depth])],
            [helper.make_tensor_value_info("y", TensorProto.FLOAT, [3, rows])],
            [numpy_helper.from_array(packed, "w"), numpy_helper.from_array(scale.ravel(), "s")],
        )
        opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
        path = self.work / "packed.onnx"
        path.write_bytes(helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString())
        x = random.standard_normal((3, depth)).astype(np.float32)
        integers = np.stack([packed & 15, packed >> 4], -1).reshape(rows, depth).astype(np.float64) - 8
        wanted = x @ (integers * np.repeat(scale, block, axis=1)).T
        self.assertGreater(case.sqnr(wanted, self.run_model(path, x)), 110)
        self.assertLess(self.constants(path), rows * depth // 2 + scale.nbytes + 400)


if __name__ == "__main__":
    unittest.main()
