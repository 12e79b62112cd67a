"""make.py KIND FILE: a small quantized model, right or with one thing wrong."""

import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

nodes, constants = [], []


def const(name, value, dtype):
    constants.append(numpy_helper.from_array(np.asarray(value, dtype), name))
    return name


def node(op, inputs, output, **attributes):
    nodes.append(helper.make_node(op, inputs, [output], name=output, **attributes))
    return output


def quantized(x, scale, zero, dtype, output):
    """Numbers rounded to integers, and read again."""
    parameters = [const(f"{output}_scale", scale, np.float32), const(f"{output}_zero", zero, dtype)]
    return node("DequantizeLinear", [node("QuantizeLinear", [x, *parameters], f"{output}_q"), *parameters], output)


def weights(value, scales, zero, dtype, output, axis=0):
    inputs = [const(f"{output}_q", value, dtype), const(f"{output}_scale", scales, np.float32)]
    if zero is not None:
        inputs.append(const(f"{output}_zero", zero, dtype))
    return node("DequantizeLinear", inputs, output, axis=axis)


def layer():
    """A convolution with a scale a feature, a transposed weight of 4 bits, and a reshape between."""
    x = quantized("x", 0.5, 128, np.uint8, "x8")
    w = weights(np.arange(18).reshape(2, 1, 3, 3), [0.5, 0.25], [0, 0], np.int8, "w")
    b = weights([7, 9], [0.25, 0.125], None, np.int32, "b")
    y = quantized(node("Conv", [x, w, b], "conv", pads=[1, 1, 1, 1]), 2.0, 0, np.uint8, "y8")
    y = quantized(node("Flatten", [y], "flat"), 2.0, 0, np.uint8, "flat8")
    constants.append(helper.make_tensor("w4_q", TensorProto.INT4, [3, 32], np.arange(96) % 16 - 8))
    const("w4_scale", 0.5, np.float32)
    w4 = node("DequantizeLinear", ["w4_q", "w4_scale"], "w4")
    node("Gemm", [y, w4], "y", transB=1)
    return [1, 1, 4, 4], [1, 3]


def border():
    """Integers in, other integers out."""
    x = node("DequantizeLinear", ["x", const("x_scale", 0.5, np.float32), const("x_zero", 7, np.uint8)], "x8")
    node("QuantizeLinear", [node("Relu", [x], "r"), const("y_scale", 0.25, np.float32), const("y_zero", -3, np.int8)], "y")
    return [4], [4]


def wrong(scale, zero):
    def make():
        quantized("x", scale, zero, np.int8, "y")
        return [4], [4]

    return make


KINDS = {
    "layer": layer,
    "border": border,
    "zero-scale": wrong(0, 0),
    "negative-scale": wrong(-0.5, 0),
    "nan-scale": wrong(np.nan, 0),
    "infinite-scale": wrong(np.inf, 0),
    "two-scales": wrong([0.5, 0.5], [0, 0]),
}
shape_in, shape_out = KINDS[sys.argv[1]]()
type_in, type_out = {"border": (TensorProto.UINT8, TensorProto.INT8)}.get(sys.argv[1], (TensorProto.FLOAT,) * 2)
inputs = [helper.make_tensor_value_info("x", type_in, shape_in)]
graph = helper.make_graph(nodes, "g", inputs, [helper.make_tensor_value_info("y", type_out, shape_out)], constants)
onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10), sys.argv[2])
