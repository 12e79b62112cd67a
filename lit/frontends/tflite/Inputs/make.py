"""make.py KIND FILE: a small model with one thing wrong, or right."""

import pathlib
import sys

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[4] / "test/tflite")]

import numpy as np
from build import Model, Quantized


def quantized(parameters, axis_of=None):
    model = Model()
    graph = model.graph()
    x, y = graph.input([1, 4], "int8", parameters, name="x"), graph.tensor([1, 4], "int8", Quantized(0.1), name="y")
    graph.op("TANH", [x], [y])
    graph.output(y)
    return model


def unsupported():
    model = Model()
    graph = model.graph()
    x = graph.input([1, 4], name="x")
    a, b, c = (graph.tensor([1, 4], name=n) for n in ("first", "second", ""))
    graph.op("RANDOM_UNIFORM", [x], [a])
    graph.op("MyCustom", [a], [b])
    graph.op("UNIQUE", [b], [c])
    graph.output(c)
    return model


def layer():
    """A quantized layer between a reshape and a second one."""
    model = Model()
    graph = model.graph()
    x = graph.input([2, 2], "int8", Quantized(0.5, 3), name="x")
    flat, y = graph.tensor([1, 4], "int8", Quantized(0.5, 3), name="flat"), graph.tensor([1, 2], "int8", Quantized(0.25, -1), name="y")
    graph.op("RESHAPE", [x, graph.const([1, 4], "int32")], [flat], "Reshape")
    weights = graph.const(np.arange(8).reshape(2, 4), "int8", Quantized([0.5, 0.25], 0, 0))
    graph.op("FULLY_CONNECTED", [flat, weights, graph.const([7, 9], "int32")], [y], "FullyConnected", fusedActivationFunction=1)
    graph.output(y)
    return model


def short_buffer():
    model = Model()
    graph = model.graph()
    x, y = graph.input([1, 4], name="x"), graph.tensor([1, 4], name="y")
    weights = graph.tensor([4], "float32", data=b"\0" * 12, name="weights")
    graph.op("ADD", [x, weights], [y], "Add")
    graph.output(y)
    return model


def wrong_index():
    model = short_buffer()
    model.table.subgraphs[0].operators[0].inputs = [0, 99]
    return model


def recursive():
    model = Model()
    main, inner = model.graph("main"), model.graph("inner")
    for graph in (main, inner):
        x, y = graph.input([1], name="x"), graph.tensor([1], name="y")
        graph.op("CALL", [x], [y], "Call", subgraph=1)
        graph.output(y)
    return model


KINDS = {
    "recursive": recursive,
    "unsupported": unsupported,
    "layer": layer,
    "short-buffer": short_buffer,
    "wrong-index": wrong_index,
    "zero-scale": lambda: quantized(Quantized(0.0)),
    "nan-scale": lambda: quantized(Quantized(float("nan"))),
    "zero-point": lambda: quantized(Quantized(0.1, 300)),
    "axis": lambda: quantized(Quantized([0.1, 0.2], 0, 5)),
    "count": lambda: quantized(Quantized([0.1, 0.2, 0.3], 0, 1)),
}

KINDS[sys.argv[1]]().write(pathlib.Path(sys.argv[2]))
