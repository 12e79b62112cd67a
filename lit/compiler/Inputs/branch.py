"""branch.py FILE: an If whose then branch fits an input of 4 elements, and whose else branch one of 8."""
import sys

import onnx
from onnx import TensorProto, helper, numpy_helper
import numpy

def branch(name, extent):
    weights = numpy_helper.from_array(numpy.ones((extent, 2), numpy.float32), name + "_w")
    node = helper.make_node("MatMul", ["x", name + "_w"], [name + "_y"], name=name + "_matmul")
    output = helper.make_tensor_value_info(name + "_y", TensorProto.FLOAT, [1, 2])
    return helper.make_graph([node], name, [], [output], [weights])

node = helper.make_node("If", ["c"], ["y"], name="choose", then_branch=branch("four", 4), else_branch=branch("eight", 8))
graph = helper.make_graph(
    [node], "g",
    [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, None]), helper.make_tensor_value_info("c", TensorProto.BOOL, [])],
    [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 2])])
onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), sys.argv[1])
