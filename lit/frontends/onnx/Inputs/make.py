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


def wrong(scale, zero):
    def make():
        quantized("x", scale, zero, np.int8, "y")
        return [4], [4]

    return make


KINDS = {
    "layer": layer,
    "zero-scale": wrong(0, 0),
    "negative-scale": wrong(-0.5, 0),
    "nan-scale": wrong(np.nan, 0),
    "infinite-scale": wrong(np.inf, 0),
    "two-scales": wrong([0.5, 0.5], [0, 0]),
}
shape_in, shape_out = KINDS[sys.argv[1]]()
value = lambda name, shape: helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
graph = helper.make_graph(nodes, "g", [value("x", shape_in)], [value("y", shape_out)], constants)
onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10), sys.argv[2])
