#!/usr/bin/env python3
"""Small models with seeded weights, quantized by onnxruntime.quantization, through `edgec run`.

Each is quantized in both formats, QDQ and QOperator, with scales per tensor and per channel, and with unsigned and signed
integers, and compared with onnxruntime: results are at most one step of the last layer's scale apart, and 99 of 100 are the
same. A QDQ model is compared with what its nodes say (onnxruntime without graph optimisations); the kernels that onnxruntime
otherwise takes add pairs of products in 16 bits on some processors, which may saturate, and how far that is off is printed
beside. Models for these kernels (QOperator) have signed weights of 7 bits.

Models whose weights alone are quantized, to 4 bits, or whose inputs are quantized as they come, give numbers: these are
compared with onnxruntime's by a step of 1/255 of their range.

As many layers as a model should have on integers have to be there, or this tests nothing.
"""

from __future__ import annotations

import argparse
import dataclasses
import logging
import pathlib
import re
import subprocess
import sys
import tempfile
import zlib

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

import numpy as np  # noqa: E402
import onnx  # noqa: E402
import onnxruntime  # noqa: E402
from common import edgec, tensors  # noqa: E402
from generate import Graph  # noqa: E402
from onnxruntime import quantization  # noqa: E402

SAMPLES = 3


def window(pads=1, stride=1, **more):
    return {"pads": [pads] * 4, "strides": [stride] * 2, "norm": False, **more}


def chain(form):
    """Strides, uneven padding, groups, dilations, a filter of one pixel; activations that bounds become."""
    g = Graph("chain")
    x = g.input("x", [1, 3, 33, 30])
    x = g.conv(x, 3, 16, [3, 3], **window(1, 2))
    x = g.conv(x, 16, 16, [3, 3], **window(1, group=16))
    x = g.conv(x, 16, 24, [1, 1], **window(0, act=None))
    x = g.node("Clip", x, g.const(0), g.const(6))
    x = g.conv(x, 24, 24, [3, 3], norm=False, pads=[0, 1, 2, 1], group=4)
    x = g.conv(x, 24, 12, [5, 3], norm=False, pads=[2, 2, 2, 2], dilations=[1, 2], act=None)
    g.node("Relu", x, out="y")
    g.output("y", [None] * 4)
    return g, 5


def residual(form):
    g = Graph("residual")
    x = g.input("x", [2, 3, 20, 20])
    x = g.conv(x, 3, 16, [3, 3], **window())
    y = g.conv(x, 16, 16, [3, 3], **window())
    y = g.conv(y, 16, 16, [3, 3], **window(act=None))
    x = g.node("Relu", g.node("Add", x, y))
    a = g.node("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2])
    b = g.node("AveragePool", x, kernel_shape=[3, 3], strides=[2, 2])  # of an odd number: no halves
    x = g.node("Concat", a, b, axis=1)
    g.conv(x, 32, 8, [1, 1], norm=False, out="y")
    g.output("y", [None] * 4)
    return g, 4


def gates(form):
    """Squeeze and excitation, and what onnxruntime leaves in floats."""
    g = Graph("gates")
    x = g.input("x", [1, 4, 16, 16])
    x = g.conv(x, 4, 16, [3, 3], **window(act="HardSwish"))
    s = g.node("GlobalAveragePool", x)
    s = g.conv(s, 16, 4, [1, 1], norm=False)
    s = g.node("Sigmoid", g.conv(s, 4, 16, [1, 1], norm=False, act=None))
    x = g.node("Mul", x, s)
    x = g.node("LeakyRelu", g.conv(x, 16, 12, [3, 3], **window(act=None)), alpha=0.1)
    g.conv(x, 12, 10, [3, 3], **window(act="Sigmoid", out="y"))
    g.output("y", [None] * 4)
    return g, 5


def depthwise(form):
    """As many channels as registers have lanes, or more."""
    g = Graph("depthwise")
    x = g.input("x", [2, 3, 21, 19])
    x = g.conv(x, 3, 32, [1, 1], **window(0))
    x = g.conv(x, 32, 32, [3, 3], **window(1, group=32))
    x = g.conv(x, 32, 112, [1, 1], **window(0))
    g.conv(x, 112, 112, [5, 5], norm=False, pads=[2, 1, 3, 2], strides=[2, 1], group=112, out="y")
    g.output("y", [None] * 4)
    return g, 4


def narrow(form):
    """Depthwise layers of few channels, with kernels of any extent, steps and dilations."""
    g = Graph("narrow")
    x = g.input("x", [1, 40, 21, 19])
    x = g.conv(x, 40, 40, [3, 3], norm=False, pads=[2, 2, 2, 2], dilations=[2, 2], group=40)
    x = g.conv(x, 40, 24, [1, 1], **window(0))
    x = g.conv(x, 24, 24, [1, 7], norm=False, pads=[0, 3, 0, 3], strides=[1, 2], group=24)
    x = g.conv(x, 24, 8, [1, 1], **window(0))
    g.conv(x, 8, 8, [3, 2], norm=False, group=8, pads=[1, 0, 1, 1], out="y")
    g.output("y", [None] * 4)
    return g, 5


def halves(form):
    """Depthwise and other layers over some channels of a wider image, which stay where they are."""
    g = Graph("halves")
    x = g.input("x", [1, 8, 14, 14])
    x = g.conv(x, 8, 128, [1, 1], **window(0))
    left, right = g.node("Split", x, g.const([64, 64], np.int64), out=["left", "right"], axis=1)
    right = g.conv(right, 64, 64, [3, 3], **window(1, group=64))
    left = g.conv(left, 64, 64, [3, 3], **window(1))
    g.node("Concat", left, right, axis=1, out="y")
    g.output("y", [None] * 4)
    return g, 3


def head(form):
    g = Graph("head")
    x = g.input("x", [32, 40])
    x = g.node("Relu", g.node("Gemm", x, g.weight(48, 40), g.weight(48), transB=1))
    x = g.node("Gemm", x, g.weight(48, 24), g.weight(24))
    x = g.node("MatMul", x, g.weight(24, 16))
    x = g.node("Add", x, g.weight(16))
    g.node("Softmax", x, axis=-1, out="y")
    g.output("y", [None] * 2)
    return g, 3


def ragged(form):
    """One feature more than whole blocks of vectors, of any width; products that fill no step."""
    g = Graph("ragged")
    x = g.input("x", [17, 30])
    x = g.node("Relu", g.node("Gemm", x, g.weight(30, 257), g.weight(257)))
    x = g.node("Relu", g.node("Gemm", x, g.weight(257, 65), g.weight(65)))
    g.node("Gemm", x, g.weight(65, 33), g.weight(33), out="y")
    g.output("y", [None] * 2)
    return g, 3


def pyramid(form):
    """What only moves elements between layers, and a resampling."""
    # Numbers are rounded after it: weights that give no halves. Integers are cut off: weights that are exact.
    mode = "align_corners" if form == "QDQ" else "half_pixel"
    g = Graph("pyramid")
    x = g.input("x", [1, 3, 16, 16])
    x = g.conv(x, 3, 8, [3, 3], **window())
    d = g.conv(x, 8, 8, [3, 3], **window(1, 2))
    up = g.node("Resize", d, "", g.const([1, 1, 2, 2]), mode="nearest", coordinate_transformation_mode="asymmetric",
                nearest_mode="floor")  # fmt: skip
    smooth = g.node("Resize", d, "", g.const([1, 1, 2, 2]), mode="linear", coordinate_transformation_mode=mode)
    x = g.node("Concat", x, up, smooth, axis=1)
    left, right = g.node("Split", x, g.const([12, 12], np.int64), out=["left", "right"], axis=1)
    x = g.node("Add", left, right)
    x = g.node("Pad", x, g.const([0, 0, 1, 1, 0, 0, 1, 1], np.int64))
    x = g.conv(x, 12, 10, [3, 3], **window(0))
    x = g.node("Transpose", g.node("Reshape", x, g.const([1, 10, 256], np.int64)), perm=[0, 2, 1])
    g.node("MatMul", x, g.weight(10, 7), out="y")
    g.output("y", [None] * 3)
    return g, 4


def attention(form):
    g = Graph("attention")
    tokens, heads, size = 24, 2, 8
    width = heads * size
    x = g.input("x", [1, tokens, width])

    def project(perm):
        y = g.node("Reshape", g.dense(x, width, width), g.const([1, tokens, heads, size], np.int64))
        return g.node("Transpose", y, perm=perm)

    scores = g.node("MatMul", project([0, 2, 1, 3]), project([0, 2, 3, 1]))
    scores = g.node("Softmax", g.node("Mul", scores, g.const(size**-0.5)), axis=-1)
    y = g.node("Transpose", g.node("MatMul", scores, project([0, 2, 1, 3])), perm=[0, 2, 1, 3])
    g.node("MatMul", g.node("Reshape", y, g.const([1, tokens, width], np.int64)), g.weight(width, width), out="y")
    g.output("y", [None] * 3)
    return g, 6


def four_bits():
    """Weights of 4 bits: per tensor, per channel, in blocks, and packed for MatMulNBits."""
    g = Graph("four_bits")
    x = g.input("x", [3, 64])

    def packed(low, shape, scale, kind, **attributes):
        name = f"w{len(g.constants)}"
        values = g.rng.integers(low, low + 16, shape)
        g.constants.append(onnx.helper.make_tensor(name, kind, shape, values.flatten()))
        zero = f"{name}_zero"
        zeros = g.rng.integers(low + 6, low + 10, np.shape(scale))
        g.constants.append(onnx.helper.make_tensor(zero, kind, np.shape(scale), zeros.flatten()))
        return g.node("DequantizeLinear", name, g.const(scale), zero, **attributes)

    kind = onnx.TensorProto
    x = g.node("MatMul", x, packed(-8, [64, 31], 0.01, kind.INT4))
    x = g.node("Gemm", x, packed(0, [48, 31], g.rng.uniform(0.01, 0.02, 48), kind.UINT4, axis=0), transB=1)
    x = g.node("MatMul", x, packed(0, [48, 40], g.rng.uniform(0.01, 0.02, [3, 40]), kind.UINT4, axis=0, block_size=16))
    blocks, rows = 3, 20  # K = 40 in blocks of 16: the last is not full
    weights = g.const(g.rng.integers(0, 256, [rows, blocks, 8]), np.uint8)
    scales = g.const(g.rng.uniform(0.01, 0.02, rows * blocks))
    zeros = g.const(g.rng.integers(0, 256, rows * 2), np.uint8)
    more = {"K": 40, "N": rows, "block_size": 16, "domain": "com.microsoft"}
    a = g.node("MatMulNBits", x, weights, scales, zeros, bits=4, **more)
    b = g.node("MatMulNBits", x, weights, scales, bits=4, **more)
    g.node("Add", a, b, out="y")
    g.output("y", [3, rows])
    opsets = [onnx.helper.make_opsetid("", 21), onnx.helper.make_opsetid("com.microsoft", 1)]
    return onnx.helper.make_model(g.graph(), opset_imports=opsets, ir_version=10)


@dataclasses.dataclass
class Variant:
    form: str
    types: str
    per_channel: bool

    def __str__(self):
        return f"{self.form} {self.types} {'per channel' if self.per_channel else 'per tensor'}"


VARIANTS = [
    Variant("QDQ", "U8S8", True),
    Variant("QDQ", "S8S8", False),
    Variant("QDQ", "U8U8", True),
    Variant("QDQ", "U8U8", False),
    Variant("QOperator", "U8S8", True),
    Variant("QOperator", "S8S8", False),
    Variant("QOperator", "U8U8", False),
]


class Samples(quantization.CalibrationDataReader):
    def __init__(self, shape, seed):
        rng = np.random.default_rng(seed)
        self.all = [rng.standard_normal(shape).astype(np.float32) for _ in range(8)]
        self.rest = iter(self.all)

    def get_next(self):
        x = next(self.rest, None)
        return None if x is None else {"x": x}


def samples_for(path: pathlib.Path) -> Samples:
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return Samples(session.get_inputs()[0].shape, zlib.crc32(path.stem.encode()))


def quantize(path: pathlib.Path, to: pathlib.Path, variant: Variant) -> list[np.ndarray]:
    """Writes the quantized model; returns inputs for it."""
    samples = samples_for(path)
    kinds = {"U8": quantization.QuantType.QUInt8, "S8": quantization.QuantType.QInt8}
    quantization.quantize_static(
        str(path), str(to), samples,
        quant_format=getattr(quantization.QuantFormat, variant.form),
        activation_type=kinds[variant.types[:2]], weight_type=kinds[variant.types[2:]],
        per_channel=variant.per_channel, reduce_range=variant.form == "QOperator" and variant.types.endswith("S8"),
    )  # fmt: skip
    return samples.all[:SAMPLES]


def last_scale(path: pathlib.Path) -> float:
    """One step of the result, which the last DequantizeLinear reads; numbers that no step ends are compared as such."""
    graph = onnx.load(path).graph
    producer = {name: node for node in graph.node for name in node.output}
    node = producer[graph.output[0].name]
    if node.op_type != "DequantizeLinear":
        return 0.0
    scales = {t.name: onnx.numpy_helper.to_array(t) for t in graph.initializer}
    return float(scales[node.input[1]].max())


def run_reference(path: pathlib.Path, inputs: list[np.ndarray], optimized: bool) -> np.ndarray:
    options = onnxruntime.SessionOptions()
    if not optimized:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return np.stack([session.run(None, {"x": x})[0] for x in inputs])


def run_edgec(binary: str, path: pathlib.Path, inputs: list[np.ndarray]) -> np.ndarray:
    results = []
    for x in inputs:
        np.save(path.with_suffix(".npy"), x)
        out = path.with_suffix(".out")
        command = [binary, "run", path, "--input", f"x={path.with_suffix('.npy')}", "--output", out]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        results.append(tensors.load_outputs(out)[0][1])
    return np.stack(results)


def apart(a: np.ndarray, b: np.ndarray, step: float) -> tuple[float, float]:
    """How many steps at most, and which part is the same."""
    steps = np.abs(a.astype(np.float64) - b) / (step or np.ptp(b) / 255)
    return float(steps.max()), float((steps < 0.5).mean())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--edgec", default=None, help="the compiler; by default that of the build")
    parser.add_argument("--filter", default="", help="only models and variants with this in their name")
    arguments = parser.parse_args()
    binary = edgec.find(arguments.edgec)
    logging.disable(logging.WARNING)
    onnxruntime.set_default_logger_severity(3)
    passed = failed = 0

    def report(name: str, model: pathlib.Path, inputs: list[np.ndarray], layers: int, optimized: bool) -> None:
        nonlocal passed, failed
        expected = run_reference(model, inputs, optimized)
        command = [binary, "compile", model, "--stop-after=quantize"]
        ir = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        integers = len(re.findall(r"edge\.(?:conv|matmul) .*xi32>", ir))
        step = last_scale(model)
        steps, same = apart(run_edgec(binary, model, inputs), expected, step)
        theirs, _ = apart(run_reference(model, inputs, True), expected, step)
        good = steps < 1.5 and same >= 0.99 and integers >= layers
        passed, failed = passed + good, failed + (not good)
        print(
            f"{name:40} {steps:.2f} steps, {100 * same:.2f} % the same, {integers} layers on integers; "
            f"onnxruntime's kernels: {theirs:.2f} steps{'' if good else '  FAILED'}",
            flush=True,
        )

    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        for make in (chain, residual, gates, depthwise, narrow, halves, head, ragged, pyramid, attention):
            for variant in VARIANTS:
                g, layers = make(variant.form)
                name = f"{g.name} {variant}"
                if arguments.filter not in name:
                    continue
                path = folder / f"{g.name}.onnx"
                path.write_bytes(g.model().SerializeToString())
                model = folder / f"{name.replace(' ', '-')}.onnx"
                inputs = quantize(path, model, variant)
                report(name, model, inputs, layers, optimized=variant.form == "QOperator")
        for make in (chain, head):
            g, layers = make("dynamic")
            path, model = folder / f"{g.name}.onnx", folder / f"{g.name}-dynamic.onnx"
            if arguments.filter in model.stem:
                path.write_bytes(g.model().SerializeToString())
                quantization.quantize_dynamic(str(path), str(model), weight_type=quantization.QuantType.QUInt8)
                report(f"{g.name} dynamic", model, samples_for(path).all[:SAMPLES], layers - 1, optimized=False)
        model = folder / "four_bits.onnx"
        if arguments.filter in model.stem:
            model.write_bytes(four_bits().SerializeToString())
            report("four_bits", model, samples_for(model).all[:SAMPLES], 0, optimized=False)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
