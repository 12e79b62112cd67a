"""pow.py FILE: powers of doubles, which libm computes."""

import sys

import onnx
from onnx import TensorProto, helper

value = lambda name: helper.make_tensor_value_info(name, TensorProto.DOUBLE, [4])
graph = helper.make_graph([helper.make_node("Pow", ["a", "b"], ["y"])], "g", [value("a"), value("b")], [value("y")])
onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), sys.argv[1])
