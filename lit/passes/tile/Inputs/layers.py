"""layers.py FOLDER: single layers with channels last at their borders, for looking at their code."""

import pathlib
import sys

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper


def save(path: pathlib.Path, weights: numpy.ndarray, height: int, width: int, **attributes) -> None:
    channels = weights.shape[1] * attributes.get("group", 1)
    nodes = [
        helper.make_node("Transpose", ["x"], ["first"], perm=[0, 3, 1, 2]),
        helper.make_node("Conv", ["first", "w"], ["last"], name="layer", **attributes),
        helper.make_node("Transpose", ["last"], ["y"], perm=[0, 2, 3, 1]),
    ]
    graph = helper.make_graph(
        nodes,
        "layer",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, height, width, channels])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, height, width, weights.shape[0]])],
        [numpy_helper.from_array(weights, "w")],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)


folder = pathlib.Path(sys.argv[1])
random = numpy.random.default_rng(0)


def normal(*shape: int) -> numpy.ndarray:
    return random.standard_normal(shape).astype(numpy.float32)


def quantized(path: pathlib.Path, channels: int) -> None:
    """A layer of integers between quantized tensors, channels last."""
    weights = random.integers(-127, 128, (channels, channels)).astype(numpy.int8)
    nodes = [
        helper.make_node("DequantizeLinear", ["x", "scale", "zero"], ["xf"]),
        helper.make_node("DequantizeLinear", ["w", "scale"], ["wf"]),
        helper.make_node("MatMul", ["xf", "wf"], ["sums"], name="layer"),
        helper.make_node("QuantizeLinear", ["sums", "scale", "zero"], ["y"]),
    ]
    graph = helper.make_graph(
        nodes,
        "layer",
        [helper.make_tensor_value_info("x", TensorProto.INT8, [336, channels])],
        [helper.make_tensor_value_info("y", TensorProto.INT8, [336, channels])],
        [
            numpy_helper.from_array(weights, "w"),
            numpy_helper.from_array(numpy.float32(0.01), "scale"),
            numpy_helper.from_array(numpy.int8(3), "zero"),
        ],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)


quantized(folder / "integers.onnx", 64)
save(folder / "pointwise.onnx", normal(64, 64, 1, 1), 24, 14)
save(folder / "window.onnx", normal(64, 32, 3, 3), 12, 14, pads=[1, 1, 1, 1])
save(folder / "depthwise.onnx", normal(64, 1, 3, 3), 48, 56, pads=[1, 1, 1, 1], group=64)
