#!/usr/bin/env python3
"""Inputs and outputs with types and a normalization of the caller's own compute what the model does.

Float models are compared with onnxruntime on inputs that are normalized by hand, quantized ones with
themselves: the same integers, given as int8 or uint8, or as the numbers that they stand for.
"""

from __future__ import annotations

import json
import pathlib
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "onnx"), str(HERE.parent / "tflite"), str(HERE.parent / "mcu")]

import boards  # noqa: E402
import case  # noqa: E402
import generate  # noqa: E402
import numpy as np  # noqa: E402
import onnxruntime  # noqa: E402
from common import tensors  # noqa: E402

MEAN, SCALE = (123.675, 116.28, 103.53), (0.0171, 0.0175, 0.0174)


def unpadded():
    """A network whose first convolution stays inside of its input."""
    g = generate.Graph("unpadded")
    x = g.input("image", [1, 3, 15, 15])
    x = g.conv(x, 3, 8, (3, 3), strides=[2, 2])
    x = g.conv(x, 8, 4, (3, 3), act=None)
    g.output(g.node("GlobalAveragePool", x, out="scores"), [1, 4, 1, 1])
    return g


class InterfaceTest(case.ModelTest):
    def setUp(self):
        super().setUp()
        self.random = np.random.default_rng(7)
        self.models = {}
        for make in (generate.cnn, generate.qdq, unpadded):
            g = make()
            self.models[g.name] = self.work / f"{g.name}.onnx"
            self.models[g.name].write_bytes(g.model().SerializeToString(deterministic=True))

    def run_model(self, model, feed, *options):
        """The first output for the first input."""
        np.save(self.work / "feed.npy", feed[1])
        self.invoke("run", model, *options, "--input", f"{feed[0]}={self.work / 'feed.npy'}", "--output", self.work / "out")
        return tensors.load_outputs(self.work / "out")[0][1]

    def manifest(self, model, *options) -> dict:
        self.invoke("compile", model, *options, "-o", self.work / "compiled", "--name=m")
        return json.loads((self.work / "compiled" / "m.json").read_text())

    def count(self, model, op, *options) -> int:
        return self.invoke("compile", model, *options, "--stop-after=quantize").stdout.count(f"{op} ")

    def reference(self, model, x):
        session = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
        return session.run(None, {session.get_inputs()[0].name: x.astype(np.float32)})[0]

    def pixels(self, *shape):
        return self.random.integers(0, 256, shape).astype(np.uint8)

    def samples(self, values, name="samples") -> str:
        np.save(self.work / f"{name}.npy", values)
        return f"--calibration={self.work / name}.npy"

    def test_normalized_floats(self):
        channel = np.float32(MEAN)[:, None, None], np.float32(SCALE)[:, None, None]
        for name, shape in (("cnn", (1, 3, 32, 32)), ("unpadded", (1, 3, 15, 15))):
            model, pixels = self.models[name], self.pixels(*shape)
            for mean, scale, text in (
                (*channel, ("--mean=" + ",".join(map(str, MEAN)), "--scale=" + ",".join(map(str, SCALE)))),
                (np.float32(127.5), np.float32(1 / 127.5), ("--mean=image=127.5", "--scale=image=1/127.5")),
                (np.float32(0), np.float32(-0.01), ("--scale=-0.01",)),
            ):
                wanted = self.reference(model, (pixels.astype(np.float32) - mean) * scale)
                for kind in (np.uint8, np.float32, np.float16):
                    found = self.run_model(model, ("image", pixels.astype(kind)), *text, f"--input-type={np.dtype(kind)}")
                    np.testing.assert_allclose(found, wanted, rtol=1e-3, atol=1e-5, err_msg=f"{name} {text} {kind}")

    def test_folds_into_the_first_layer(self):
        """Nothing is left of it where the convolution has no padding: as much work and memory."""
        model = self.models["unpadded"]
        options = ("--mean=" + ",".join(map(str, MEAN)), "--scale=" + ",".join(map(str, SCALE)))
        plain, normalized = self.manifest(model), self.manifest(model, *options)
        for key in ("ram_bytes", "macs", "constant_bytes"):
            self.assertEqual(plain[key], normalized[key])
        self.assertEqual(self.count(model, "edge.add"), self.count(model, "edge.add", *options))
        self.assertEqual(self.count(model, "edge.mul"), self.count(model, "edge.mul", *options))

    def test_quantized_pixels(self):
        """Where one scale does, the pixels are the integers that the first layer reads."""
        for name, shape, mean in (("cnn", (1, 3, 32, 32), 128), ("cnn", (1, 3, 32, 32), 127.5), ("unpadded", (1, 3, 15, 15), 100)):
            model, pixels = self.models[name], self.pixels(*shape)
            normalize = f"--mean={mean}", "--scale=1/64", "--input-type=uint8"
            quantize = "--quantize=int8", self.samples(np.stack([pixels, self.pixels(*shape)]))
            wanted = self.reference(model, (pixels.astype(np.float32) - mean) / 64)
            found = self.run_model(model, ("image", pixels), *normalize, *quantize)
            self.assertGreater(case.sqnr(wanted, found), 25, f"{name} {mean}")
            manifest = self.manifest(model, *normalize, *quantize)
            self.assertEqual(manifest["inputs"][0]["dtype"], "uint8")
            if mean == int(mean):
                self.assertEqual(manifest["inputs"][0]["quantization"], {"scale": 1 / 64, "zero_point": mean})
            plain = "--quantize=int8", self.samples(((pixels.astype(np.float32) - mean) / 64)[None], "plain")
            self.assertLess(self.count(model, "edge.round", *normalize, *quantize), self.count(model, "edge.round", *plain))

    def test_quantized_border(self):
        """PTQ'd integers: as int8 and as uint8, they are what the floats are rounded to."""
        model = self.models["cnn"]
        x = self.random.standard_normal((1, 3, 32, 32)).astype(np.float32)
        quantize = "--quantize=int8", self.samples(x[None])
        wanted = self.run_model(model, ("image", x), *quantize)
        for kind in (np.int8, np.uint8):
            chosen = *quantize, f"--input-type={np.dtype(kind)}"
            row = self.manifest(model, *chosen)["inputs"][0]
            self.assertEqual(row["dtype"], np.dtype(kind).name)
            how, limits = row["quantization"], np.iinfo(kind)
            integers = np.clip(np.rint(x / np.float32(how["scale"])) + how["zero_point"], limits.min, limits.max)
            np.testing.assert_array_equal(self.run_model(model, ("image", integers.astype(kind)), *chosen), wanted)
        for kind in (np.int8, np.uint8):
            chosen = *quantize, f"--output-type={np.dtype(kind)}"
            how = self.manifest(model, *chosen)["outputs"][0]["quantization"]
            found = self.run_model(model, ("image", x), *chosen)
            self.assertEqual(found.dtype, kind)
            numbers = (found.astype(np.float32) - how["zero_point"]) * how["scale"]
            self.assertLessEqual(np.abs(numbers - wanted).max(), how["scale"] * 0.51)
        chosen = "--quantize=int16x8", quantize[1], "--input-type=int16", "--output-type=int16"
        how = self.manifest(model, *chosen)
        integers = np.rint(x / np.float32(how["inputs"][0]["quantization"]["scale"])).astype(np.int16)
        found = self.run_model(model, ("image", integers), *chosen) * how["outputs"][0]["quantization"]["scale"]
        self.assertGreater(case.sqnr(self.reference(model, x), found), 40)

    def test_quantized_models(self):
        """Models that come quantized: the other signedness, or the numbers."""
        model, x = self.models["qdq"], self.random.standard_normal((1, 3, 12, 12)).astype(np.float32)
        wanted = self.run_model(model, ("x", x))
        for kind, zero in ((np.uint8, 128), (np.int8, 0)):
            limits = np.iinfo(kind)
            integers = np.clip(np.rint(x * 32) + zero, limits.min, limits.max).astype(kind)
            found = self.run_model(model, ("x", integers), f"--input-type={np.dtype(kind)}")
            np.testing.assert_array_equal(found, wanted)
        model = boards.network(self.work / "small.tflite", "int8")
        manifest = self.manifest(model)
        row, shape = manifest["inputs"][0], manifest["inputs"][0]["shape"]
        integers = self.random.integers(-128, 128, shape).astype(np.int8)
        wanted = self.run_model(model, (row["name"], integers))
        how = row["quantization"]
        found = self.run_model(model, (row["name"], (integers.astype(int) + 128).astype(np.uint8)), "--input-type=uint8", "--output-type=uint8")
        np.testing.assert_array_equal(found.astype(int) - 128, wanted)
        numbers = ((integers.astype(np.float32) - how["zero_point"]) * np.float32(how["scale"])).astype(np.float32)
        np.testing.assert_array_equal(self.run_model(model, (row["name"], numbers), "--input-type=float32"), wanted)
        header = (self.work / "compiled" / "m.h").read_text()
        self.assertIn(f"scale {how['scale']:.9g} zero {how['zero_point']}", header)


if __name__ == "__main__":
    unittest.main()
