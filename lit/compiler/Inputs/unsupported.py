"""A model with three nodes that edgec can't compile, one of them without a name, and one that it can."""

import sys

import onnx
from onnx import TensorProto, helper

nodes = [
    helper.make_node("RandomNormalLike", ["x"], ["a"], name="/first/Random"),
    helper.make_node("Invented", ["a"], ["b"], name="/second/Invented", domain="example.org"),
    helper.make_node("Add", ["b", "x"], ["c"], name="sum"),
    helper.make_node("RandomUniformLike", ["c"], ["y"]),
]
value = lambda name: helper.make_tensor_value_info(name, TensorProto.FLOAT, [4])
opsets = [helper.make_opsetid("", 17), helper.make_opsetid("example.org", 1)]
model = helper.make_model(
    helper.make_graph(nodes, "three", [value("x")], [value("y")]), opset_imports=opsets
)
onnx.save(model, sys.argv[1])
