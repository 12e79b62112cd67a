"""Small .tflite files, built with the tables' Python classes that come with LiteRT."""

from __future__ import annotations

import pathlib

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

_TYPES = {
    "float32": "FLOAT32", "float16": "FLOAT16", "int32": "INT32", "uint8": "UINT8", "int64": "INT64", "bool": "BOOL",
    "int16": "INT16", "int8": "INT8", "float64": "FLOAT64", "uint32": "UINT32", "uint16": "UINT16",
}  # fmt: skip


class Quantized:
    """Parameters: one scale and zero point, or lists of them along an axis."""

    def __init__(self, scale, zero_point=0, axis=0):
        self.scales = np.atleast_1d(np.asarray(scale, np.float32))
        self.zero_points = np.broadcast_to(np.asarray(zero_point, np.int64), self.scales.shape)
        self.axis = axis

    def table(self):
        table = schema.QuantizationParametersT()
        table.scale, table.zeroPoint = list(map(float, self.scales)), list(map(int, self.zero_points))
        table.quantizedDimension = self.axis
        return table


class Graph:
    """One subgraph under construction. A tensor is its index."""

    def __init__(self, model: "Model", name: str):
        self.model, self.name = model, name
        self.table = schema.SubGraphT()
        self.table.name = name
        self.table.tensors, self.table.operators = [], []
        self.table.inputs, self.table.outputs = [], []

    def tensor(self, shape, dtype="float32", quantized=None, data=None, name=None, variable=False, signature=None):
        table = schema.TensorT()
        table.shape = [int(n) for n in shape]
        table.shapeSignature = signature
        table.type = getattr(schema.TensorType, _TYPES.get(str(dtype), str(dtype).upper()))
        table.buffer = self.model.buffer(data)
        table.name = f"{self.name}_{len(self.table.tensors)}" if name is None else name
        table.quantization = quantized.table() if quantized else None
        table.isVariable = variable
        self.table.tensors.append(table)
        return len(self.table.tensors) - 1

    def input(self, shape, dtype="float32", quantized=None, **more):
        index = self.tensor(shape, dtype, quantized, **more)
        self.table.inputs.append(index)
        return index

    def const(self, value, dtype=None, quantized=None):
        value = np.asarray(value, dtype)
        return self.tensor(value.shape, value.dtype.name, quantized, data=value.tobytes())

    def op(self, code: str, inputs, outputs, options=None, version=1, intermediates=(), **fields):
        """`options` names the table without its `Options`; `fields` are its fields."""
        table = schema.OperatorT()
        table.opcodeIndex = self.model.code(code, version)
        table.inputs, table.outputs = list(inputs), list(outputs)
        table.intermediates = list(intermediates) or None
        if options:
            kind = f"{options}Options"
            table.builtinOptionsType = getattr(schema.BuiltinOptions, kind)
            table.builtinOptions = getattr(schema, kind + "T")()
            for name, value in fields.items():
                assert hasattr(table.builtinOptions, name), name
                setattr(table.builtinOptions, name, value)
        self.table.operators.append(table)
        return outputs[0] if len(outputs) == 1 else outputs

    def output(self, *tensors):
        self.table.outputs += tensors


class Model:
    def __init__(self):
        self.table = schema.ModelT()
        self.table.version = 3
        self.table.description = "edgec test"
        self.table.operatorCodes, self.table.subgraphs = [], []
        self.table.buffers = [schema.BufferT()]
        self.codes: dict[tuple[str, int], int] = {}

    def graph(self, name="main") -> Graph:
        graph = Graph(self, name)
        self.table.subgraphs.append(graph.table)
        return graph

    def buffer(self, data: bytes | None) -> int:
        if data is None:
            return 0
        table = schema.BufferT()
        table.data = np.frombuffer(data, np.uint8)
        self.table.buffers.append(table)
        return len(self.table.buffers) - 1

    def code(self, name: str, version: int) -> int:
        if (name, version) not in self.codes:
            table = schema.OperatorCodeT()
            custom = not hasattr(schema.BuiltinOperator, name)
            number = schema.BuiltinOperator.CUSTOM if custom else getattr(schema.BuiltinOperator, name)
            table.customCode = name if custom else None
            table.builtinCode, table.deprecatedBuiltinCode = number, min(number, 127)
            table.version = version
            self.codes[name, version] = len(self.table.operatorCodes)
            self.table.operatorCodes.append(table)
        return self.codes[name, version]

    def bytes(self) -> bytes:
        builder = flatbuffers.Builder(1024)
        builder.Finish(self.table.Pack(builder), b"TFL3")
        return bytes(builder.Output())

    def write(self, path: pathlib.Path) -> pathlib.Path:
        path.write_bytes(self.bytes())
        return path
