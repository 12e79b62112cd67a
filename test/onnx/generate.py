#!/usr/bin/env python3
"""Writes small models, the same bytes every time, that together use what real ones use.

python test/onnx/generate.py DIR
"""

from __future__ import annotations

import pathlib
import sys
import zlib

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = 17


class Graph:
    """A graph under construction: a node is a call, its result the name of the tensor."""

    def __init__(self, name: str, prefix: str = ""):
        self.name, self.prefix = name, prefix
        self.rng = np.random.default_rng(zlib.crc32(name.encode()))
        self.nodes, self.inputs, self.outputs, self.constants = [], [], [], []

    def input(self, name, shape, dtype=TensorProto.FLOAT):
        self.inputs.append(helper.make_tensor_value_info(name, dtype, shape))
        return name

    def output(self, name, shape, dtype=TensorProto.FLOAT):
        self.outputs.append(helper.make_tensor_value_info(name, dtype, shape))

    def const(self, value, dtype=np.float32):
        name = f"{self.prefix}c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(value, dtype), name))
        return name

    def weight(self, *shape):
        fan = int(np.prod(shape[1:])) if len(shape) > 1 else 4 * shape[0]
        return self.const(self.rng.standard_normal(shape) / np.sqrt(fan))

    def node(self, op, *inputs, out=None, **attributes):
        """One output, called `out` or numbered; several with a list."""
        at = f"{self.prefix}{op}_{len(self.nodes)}"
        outputs = out if isinstance(out, list) else [out or f"{at}_out"]
        self.nodes.append(helper.make_node(op, list(inputs), outputs, name=at, **attributes))
        return outputs if isinstance(out, list) else outputs[0]

    def graph(self):
        return helper.make_graph(self.nodes, self.name, self.inputs, self.outputs, self.constants)

    def model(self, opset=OPSET):
        made = helper.make_model(
            self.graph(),
            opset_imports=[helper.make_opsetid("", opset)],
            producer_name="edgec-test",
            ir_version=8 if opset < 21 else 10,
        )
        onnx.checker.check_model(made)
        return made

    # What several models share.

    def conv(self, x, cin, cout, kernel, *, act="Relu", norm=True, out=None, **attributes):
        group = attributes.get("group", 1)
        y = self.node(
            "Conv", x, self.weight(cout, cin // group, *kernel), self.weight(cout), **attributes
        )
        if norm:
            scale, mean = self.rng.uniform(0.5, 1.5, cout), self.rng.standard_normal(cout) * 0.1
            y = self.node(
                "BatchNormalization", y, self.const(scale), self.weight(cout), self.const(mean),
                self.const(self.rng.uniform(0.5, 1.5, cout)), epsilon=1e-3,
            )  # fmt: skip
        return self.node(act, y, out=out) if act else y

    def dense(self, x, cin, cout, *, out=None):
        return self.node(
            "Add", self.node("MatMul", x, self.weight(cin, cout)), self.weight(cout), out=out
        )


def cnn():
    g = Graph("cnn")
    x = g.input("image", [1, 3, 32, 32])
    x = g.conv(x, 3, 16, [3, 3], pads=[1, 1, 1, 1], strides=[2, 2])
    x = g.node("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    y = g.conv(x, 16, 16, [3, 3], pads=[1, 1, 1, 1])
    y = g.conv(y, 16, 16, [3, 3], pads=[1, 1, 1, 1], act=None)
    x = g.node("Relu", g.node("Add", x, y))
    x = g.conv(x, 16, 16, [3, 3], pads=[1, 1, 1, 1], group=16)
    x = g.conv(x, 16, 32, [1, 1], act="HardSwish")
    x = g.node("Flatten", g.node("GlobalAveragePool", x))
    x = g.node("Gemm", x, g.weight(10, 32), g.weight(10), transB=1)
    g.node("Softmax", x, axis=-1, out="scores")
    g.output("scores", [1, 10])
    return g


def mobile():
    """Chains that small targets compute row by row: strides, large windows, pools, a residual sum."""
    g = Graph("mobile")
    x = g.input("image", [1, 3, 33, 30])
    x = g.conv(x, 3, 8, [3, 3], pads=[1, 1, 1, 1], act="HardSwish", norm=False)
    x = g.conv(x, 8, 8, [5, 5], pads=[2, 2, 2, 2], strides=[2, 2], group=8)
    x = g.conv(x, 8, 6, [1, 1], act=None)
    y = g.conv(x, 6, 24, [1, 1], act="Relu", norm=False)
    y = g.conv(y, 24, 24, [3, 3], pads=[2, 2, 2, 2], dilations=[2, 2], group=24)
    x = g.node("Add", x, g.conv(y, 24, 6, [1, 1], act=None))
    x = g.conv(x, 6, 24, [3, 3], pads=[0, 1, 1, 0])
    x = g.node("MaxPool", x, kernel_shape=[3, 2], strides=[2, 2], pads=[1, 0, 0, 0])
    g.conv(x, 24, 5, [1, 1], norm=False, act="Sigmoid", out="scores")
    g.output("scores", [1, 5, 8, 7])
    return g


def mlp():
    g = Graph("mlp")
    x = g.input("x", [1, 20])
    for cin, cout, act in ((20, 32, "Relu"), (32, 32, "Tanh"), (32, 16, "LeakyRelu")):
        x = g.node(act, g.node("Gemm", x, g.weight(cout, cin), g.weight(cout), transB=1))
    g.dense(x, 16, 4, out="y")
    g.output("y", [1, 4])
    return g


def lstm():
    g = Graph("lstm")
    x = g.input("x", [12, 1, 8])
    y, h, c = g.node(
        "LSTM", x, g.weight(2, 64, 8), g.weight(2, 64, 16), g.weight(2, 128),
        out=["y", "h", "c"], hidden_size=16, direction="bidirectional",
    )  # fmt: skip
    g.output(y, [12, 2, 1, 16])
    g.output(h, [2, 1, 16])
    g.output(c, [2, 1, 16])
    return g


def gru():
    g = Graph("gru")
    x = g.input("x", [12, 2, 8])
    y, h = g.node(
        "GRU", x, g.weight(1, 48, 8), g.weight(1, 48, 16), g.weight(1, 96),
        out=["seq", "h"], hidden_size=16, linear_before_reset=1,
    )  # fmt: skip
    y = g.node("Transpose", g.node("Squeeze", y, g.const([1], np.int64)), perm=[1, 0, 2])
    g.dense(y, 16, 3, out="y")
    g.output("y", [2, 12, 3])
    g.output(h, [1, 2, 16])
    return g


def transformer():
    """One block, LayerNormalization as an operator before attention, as its parts after it."""
    g = Graph("transformer")
    seq, width, heads = 16, 32, 4
    part = width // heads
    x = g.input("x", [1, seq, width])
    n = g.node("LayerNormalization", x, g.weight(width), g.weight(width), axis=-1, epsilon=1e-5)

    def split(name):
        y = g.node("Reshape", g.dense(n, width, width), g.const([1, seq, heads, part], np.int64))
        return g.node("Transpose", y, perm=[0, 2, 3, 1] if name == "k" else [0, 2, 1, 3])

    scores = g.node("Div", g.node("MatMul", split("q"), split("k")), g.const(np.sqrt(part)))
    mask = np.triu(np.full((seq, seq), -1e9), 1)
    y = g.node(
        "MatMul", g.node("Softmax", g.node("Add", scores, g.const(mask)), axis=-1), split("v")
    )
    y = g.node(
        "Reshape", g.node("Transpose", y, perm=[0, 2, 1, 3]), g.const([1, seq, width], np.int64)
    )
    x = g.node("Add", x, g.dense(y, width, width))

    d = g.node("Sub", x, g.node("ReduceMean", x, axes=[-1]))
    var = g.node("ReduceMean", g.node("Pow", d, g.const(2.0)), axes=[-1])
    n = g.node("Div", d, g.node("Sqrt", g.node("Add", var, g.const(1e-5))))
    n = g.node("Add", g.node("Mul", n, g.weight(width)), g.weight(width))

    y = g.dense(n, width, 4 * width)
    erf = g.node("Erf", g.node("Div", y, g.const(np.sqrt(2.0))))
    y = g.node("Mul", g.node("Mul", y, g.node("Add", erf, g.const(1.0))), g.const(0.5))
    g.node("Add", x, g.dense(y, 4 * width, width), out="y")
    g.output("y", [1, seq, width])
    return g


def unet():
    g = Graph("unet")
    x = g.input("image", [1, 1, 32, 32])
    pads = dict(pads=[1, 1, 1, 1])
    a = g.conv(x, 1, 8, [3, 3], **pads)
    b = g.conv(g.node("AveragePool", a, kernel_shape=[2, 2], strides=[2, 2]), 8, 16, [3, 3], **pads)
    c = g.conv(g.node("MaxPool", b, kernel_shape=[2, 2], strides=[2, 2]), 16, 16, [3, 3], **pads)
    scales = g.const([1, 1, 2, 2])
    c = g.node(
        "Resize",
        c,
        "",
        scales,
        mode="nearest",
        coordinate_transformation_mode="asymmetric",
        nearest_mode="floor",
    )
    b = g.conv(g.node("Concat", b, c, axis=1), 32, 8, [3, 3], **pads)
    b = g.node("Resize", b, "", scales, mode="linear", coordinate_transformation_mode="half_pixel")
    y = g.node("Conv", g.node("Concat", a, b, axis=1), g.weight(2, 16, 1, 1))
    g.node("Sigmoid", y, out="mask")
    g.output("mask", [1, 2, 32, 32])
    return g


def branch():
    """If on what the data say; one branch uses a tensor from outside."""
    g = Graph("if")
    x = g.input("x", [1, 16])
    hidden = g.dense(x, 16, 16)
    positive = g.node("Greater", g.node("ReduceSum", x, keepdims=0), g.const(0.0))
    then, other = Graph("then", "then_"), Graph("else", "else_")
    then.node("Relu", then.node("Mul", hidden, then.const(2.0)), out="then_y")
    then.output("then_y", [1, 16])
    other.node("Tanh", other.node("Sub", hidden, other.weight(16)), out="else_y")
    other.output("else_y", [1, 16])
    y = g.node("If", positive, then_branch=then.graph(), else_branch=other.graph())
    g.dense(y, 16, 4, out="y")
    g.output("y", [1, 4])
    return g


def loop():
    """Six steps of a small recurrence; the last state and every step's output."""
    g = Graph("loop")
    x = g.input("x", [1, 8])
    matrix = g.weight(8, 8)
    body = Graph("body")
    body.input("i", [], TensorProto.INT64)
    body.input("go", [], TensorProto.BOOL)
    body.input("s", [1, 8])
    body.nodes = [
        helper.make_node("MatMul", ["s", matrix], ["m"], name="step"),
        helper.make_node("Add", ["m", x], ["a"], name="inject"),
        helper.make_node("Tanh", ["a"], ["s_out"], name="squash"),
        helper.make_node("Identity", ["s_out"], ["scan"], name="scan_out"),
        helper.make_node("Identity", ["go"], ["go_out"], name="again"),
    ]
    body.output("go_out", [], TensorProto.BOOL)
    body.output("s_out", [1, 8])
    body.output("scan", [1, 8])
    g.node(
        "Loop",
        g.const(6, np.int64),
        g.const(True, np.bool_),
        x,
        out=["last", "steps"],
        body=body.graph(),
    )
    g.output("last", [1, 8])
    g.output("steps", [6, 1, 8])
    return g


def loop_until():
    """Doubles until the sum of squares passes a bound: how often depends on the data."""
    g = Graph("loop_until")
    x = g.input("x", [1, 8])
    body = Graph("body")
    body.input("i", [], TensorProto.INT64)
    body.input("go", [], TensorProto.BOOL)
    body.input("s", [1, 8])
    bound, two = g.const(100.0), g.const(2.0)
    body.nodes = [
        helper.make_node("Mul", ["s", two], ["s_out"], name="double"),
        helper.make_node("ReduceSumSquare", ["s_out"], ["sum"], name="sum", keepdims=0),
        helper.make_node("Less", ["sum", bound], ["go_out"], name="again"),
    ]
    body.output("go_out", [], TensorProto.BOOL)
    body.output("s_out", [1, 8])
    g.node("Loop", g.const(20, np.int64), g.const(True, np.bool_), x, out=["y"], body=body.graph())
    g.output("y", [1, 8])
    return g


def dynamic():
    """Shapes computed from a dynamic input, as exporters write them."""
    g = Graph("dynamic")
    x = g.input("x", ["batch", 3, "height", "width"])
    x = g.conv(x, 3, 8, [3, 3], pads=[1, 1, 1, 1])
    shape = g.node("Shape", x)

    def dim(i):
        return g.node(
            "Unsqueeze", g.node("Gather", shape, g.const(i, np.int64)), g.const([0], np.int64)
        )

    area = g.node("Mul", dim(2), dim(3))
    y = g.node("Reshape", x, g.node("Concat", dim(0), g.const([8], np.int64), area, axis=0))
    y = g.node("Transpose", y, perm=[0, 2, 1])
    y = g.dense(y, 8, 4)
    half = g.node("Div", area, g.const([2], np.int64))
    y = g.node("Slice", y, g.const([0], np.int64), half, g.const([1], np.int64))
    like = g.node(
        "ConstantOfShape",
        g.node("Shape", y),
        value=numpy_helper.from_array(np.array([0.5], np.float32)),
    )
    g.node("Add", y, like, out="y")
    g.output("y", ["batch", "half", 4])
    return g


def shuffle():
    g = Graph("shuffle")
    x = g.input("x", [1, 16, 12, 12])
    a, b = g.node("Split", x, out=["left", "right"], axis=1)
    b = g.conv(b, 8, 8, [3, 3], pads=[1, 1, 1, 1], group=2, act="HardSigmoid", norm=False)
    x = g.node("Concat", a, b, axis=1)
    x = g.node("Reshape", x, g.const([1, 2, 8, 12, 12], np.int64))
    x = g.node(
        "Reshape", g.node("Transpose", x, perm=[0, 2, 1, 3, 4]), g.const([1, 16, 12, 12], np.int64)
    )
    g.conv(x, 16, 16, [1, 1], group=4, out="y")
    g.output("y", [1, 16, 12, 12])
    return g


def conv_transpose():
    g = Graph("conv_transpose")
    x = g.input("x", [1, 8, 7, 7])
    x = g.node(
        "ConvTranspose",
        x,
        g.weight(8, 6, 3, 3),
        g.weight(6),
        strides=[2, 2],
        pads=[1, 1, 1, 1],
        output_padding=[1, 1],
    )
    x = g.node("PRelu", x, g.weight(6, 1, 1))
    g.node("ConvTranspose", x, g.weight(6, 2, 2, 2), strides=[2, 2], group=2, out="y")
    g.output("y", [1, 4, 28, 28])
    return g


def conv1d():
    g = Graph("conv1d")
    x = g.input("x", [1, 4, 64])
    x = g.node("Pad", x, g.const([0, 0, 4, 0, 0, 0], np.int64))  # causal
    x = g.conv(x, 4, 16, [3], dilations=[2])
    x = g.conv(x, 16, 16, [5], strides=[2], auto_pad="SAME_UPPER", act="Elu")
    x = g.node(
        "ReduceMax", g.node("MaxPool", x, kernel_shape=[2], strides=[2]), axes=[2], keepdims=0
    )
    g.dense(x, 16, 4, out="y")
    g.output("y", [1, 4])
    return g


def conv3d():
    g = Graph("conv3d")
    x = g.input("x", [1, 2, 6, 8, 8])
    x = g.conv(x, 2, 8, [3, 3, 3], pads=[1] * 6)
    x = g.node("MaxPool", x, kernel_shape=[2, 2, 2], strides=[2, 2, 2])
    x = g.conv(x, 8, 4, [1, 3, 3], strides=[1, 2, 2], pads=[0, 1, 1, 0, 1, 1], norm=False, out="y")
    g.output("y", [1, 4, 3, 2, 2])
    return g


def tokens():
    """Integers in, integers out: an embedding, a bag of words, the best classes."""
    g = Graph("tokens")
    ids = g.input("ids", [1, 24], TensorProto.INT64)
    x = g.node("Gather", g.weight(256, 16), ids)
    known = g.node("Cast", g.node("Greater", ids, g.const(9, np.int64)), to=TensorProto.FLOAT)
    x = g.node("Mul", x, g.node("Unsqueeze", known, g.const([2], np.int64)))
    x = g.dense(g.node("ReduceMean", x, axes=[1], keepdims=0), 16, 12)
    g.node("ArgMax", x, axis=1, keepdims=0, out="best")
    g.node("TopK", x, g.const([3], np.int64), out=["values", "indices"], axis=1)
    g.node("Where", g.node("Less", x, g.const(0.0)), g.const(0.0), x, out="y")
    g.output("best", [1], TensorProto.INT64)
    g.output("values", [1, 3])
    g.output("indices", [1, 3], TensorProto.INT64)
    g.output("y", [1, 12])
    return g


def streaming():
    """A causal convolution and a GRU cell whose states the caller hands back."""
    g = Graph("streaming")
    x = g.input("x", [1, 4, 2])
    past = g.input("past", [1, 4, 4])
    h = g.input("h", [1, 1, 16])
    window = g.node("Concat", past, x, axis=2)
    y = g.conv(window, 4, 8, [5], norm=False)
    y = g.node("Transpose", y, perm=[2, 0, 1])
    y, _ = g.node(
        "GRU", y, g.weight(1, 48, 8), g.weight(1, 48, 16), g.weight(1, 96), "", h,
        out=["seq", "h_out"], hidden_size=16,
    )  # fmt: skip
    g.node("Sigmoid", g.dense(g.node("Squeeze", y, g.const([1], np.int64)), 16, 1), out="y")
    g.node(
        "Slice",
        window,
        g.const([2], np.int64),
        g.const([6], np.int64),
        g.const([2], np.int64),
        out="past_out",
    )
    g.output("y", [2, 1, 1])
    g.output("past_out", [1, 4, 4])
    g.output("h_out", [1, 1, 16])
    return g


def qdq():
    """A convolution and a dense layer between QuantizeLinear and DequantizeLinear, per channel."""
    g = Graph("qdq")
    x = g.input("x", [1, 3, 12, 12])

    def fake(x, scale, zero, dtype):
        s, z = g.const(scale), g.const(zero, dtype)
        return g.node("DequantizeLinear", g.node("QuantizeLinear", x, s, z), s, z)

    def weights(*shape):
        w = g.rng.integers(-127, 128, shape)
        scale = g.rng.uniform(0.5, 1.0, shape[0]) / 127 / np.sqrt(np.prod(shape[1:]))
        return g.node(
            "DequantizeLinear",
            g.const(w, np.int8),
            g.const(scale),
            g.const(np.zeros(shape[0]), np.int8),
            axis=0,
        )

    x = fake(x, 1 / 32, 128, np.uint8)
    x = g.node("Relu", g.node("Conv", x, weights(8, 3, 3, 3), g.weight(8), strides=[2, 2]))
    x = fake(x, 1 / 96, 0, np.uint8)
    x = g.node("Reshape", x, g.const([1, 200], np.int64))
    x = g.node("Gemm", x, weights(5, 200), g.weight(5), transB=1)
    g.node("Identity", fake(x, 1 / 64, 3, np.int8), out="y")
    g.output("y", [1, 5])
    return g


def qlinear():
    """Operators on integers, unsigned ones with zero points, and what moves them."""
    g = Graph("qlinear_int8")
    x = g.input("x", [1, 3, 12, 12])

    def scale(step, zero):
        return g.const(step), g.const(zero, np.uint8)

    def weights(*shape):
        return g.const(g.rng.integers(0, 256, shape), np.uint8), *scale(1 / 512, 120)

    x = g.node("QuantizeLinear", x, *scale(1 / 32, 128))
    bias = g.const(g.rng.integers(-2000, 2000, 8), np.int32)
    x = g.node("QLinearConv", x, *scale(1 / 32, 128), *weights(8, 3, 3, 3), *scale(1 / 64, 20), bias, pads=[1, 1, 0, 0])
    x = g.node("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])
    x = g.node("Reshape", g.node("Transpose", x, perm=[0, 2, 3, 1]), g.const([5, 40], np.int64))
    x = g.node("QLinearMatMul", x, *scale(1 / 64, 20), *weights(40, 6), *scale(1 / 16, 100))
    g.node("DequantizeLinear", x, *scale(1 / 16, 100), out="y")
    g.output("y", [5, 6])
    return g


def external():
    """Weights beside the model, in external.bin."""
    g = Graph("external")
    x = g.input("x", [1, 64])
    x = g.node("Relu", g.dense(x, 64, 64))
    g.dense(x, 64, 8, out="y")
    g.output("y", [1, 8])
    return g


MODELS = [
    cnn, mobile, mlp, lstm, gru, transformer, unet, branch, loop, loop_until, dynamic, shuffle,
    conv_transpose, conv1d, conv3d, tokens, streaming, qdq, qlinear, external,
]  # fmt: skip


def write_all(folder: pathlib.Path) -> list[pathlib.Path]:
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for make in MODELS:
        g = make()
        model = g.model()
        path = folder / f"{g.name}.onnx"
        if make is external:
            data = folder / "external.bin"
            data.unlink(missing_ok=True)  # onnx appends
            onnx.external_data_helper.convert_model_to_external_data(
                model, all_tensors_to_one_file=True, location=data.name, size_threshold=128
            )
            model = onnx.external_data_helper.write_external_data_tensors(model, str(folder))
        path.write_bytes(model.SerializeToString(deterministic=True))
        paths.append(path)
    return paths


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    for written in write_all(pathlib.Path(sys.argv[1])):
        print(f"{written.stat().st_size:8}  {written}")
