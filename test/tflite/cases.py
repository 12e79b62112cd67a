"""One operator a model: what ops.py compares and mutate.py damages."""

from __future__ import annotations

import dataclasses
import zlib

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from build import Model, Quantized

I8 = Quantized(0.05, -3)
I8_OUT = Quantized(0.07, 5)
U8 = Quantized(0.04, 128)
I16 = Quantized(0.0005)
UNIT8 = Quantized(1 / 256, -128)  # of what lies in 0…1
SYMMETRIC8 = Quantized(1 / 128)  # of what lies in -1…1


@dataclasses.dataclass
class T:
    """An input of the model."""

    shape: tuple
    dtype: str = "float32"
    quantized: Quantized | None = None
    low: float | None = None  # floats are uniform in low…high, integers drawn from it; else normal, or all
    high: float = 1.0


@dataclasses.dataclass
class K:
    """A constant; a shape given as a tuple is filled with seeded numbers."""

    value: object
    dtype: str = "float32"
    quantized: Quantized | None = None


@dataclasses.dataclass
class V:
    """A variable tensor."""

    shape: tuple
    dtype: str = "float32"
    quantized: Quantized | None = None


@dataclasses.dataclass
class Case:
    name: str
    code: str
    inputs: list
    outputs: list  # (dtype, quantized)
    options: str | None
    fields: dict
    out_shape: tuple = (1,)  # for kernels that rely on what the file says
    version: int = 1
    steps: int = 0  # that a quantized output may be off
    intermediates: tuple = ()  # parameters of tensors within an operator

    def model(self) -> Model:
        model = Model()
        graph = model.graph()
        rng = np.random.default_rng(zlib.crc32(self.name.encode()))
        tensors = []
        for x in self.inputs:
            if x is None:
                tensors.append(-1)
            elif isinstance(x, T):
                tensors.append(graph.input(x.shape, x.dtype, x.quantized))
            elif isinstance(x, V):
                tensors.append(graph.tensor(x.shape, x.dtype, x.quantized, variable=True))
            else:
                value = x.value
                if isinstance(value, tuple):
                    integers = {"int8": 127, "uint8": 255, "int16": 3000, "int32": 500, "int64": 500}
                    high = integers.get(x.dtype)
                    value = rng.standard_normal(value) if high is None else rng.integers(
                        0 if x.dtype == "uint8" else -high, high, value)  # fmt: skip
                tensors.append(graph.const(np.asarray(value, x.dtype), x.dtype, x.quantized))
        outputs = [graph.tensor(self.out_shape, dtype, quantized, name=f"out{i}") for i, (dtype, quantized) in enumerate(self.outputs)]
        within = [graph.tensor((0,), "int8", quantized) for quantized in self.intermediates]
        graph.op(self.code, tensors, outputs, self.options, self.version, within, **self.fields)
        graph.output(*outputs)
        return model


CASES: list[Case] = []
F = [("float32", None)]
INT8 = [("int8", I8_OUT)]
SAME8 = [("int8", I8)]


def add(code, inputs, outputs=F, options=None, name="", out_shape=(1,), version=1, steps=0, intermediates=(), **fields):
    name = f"{code.lower()}_{len(CASES)}{'_' + name if name else ''}"
    CASES.append(Case(name, code, inputs, outputs, options, fields, out_shape, version, steps, intermediates))


X, Y = T((2, 3, 4)), T((2, 3, 4))
POSITIVE = T((2, 3, 4), low=0.1, high=3.0)
Q = T((2, 3, 4), "int8", I8)
EVERY8 = T((8, 16, 16), "int8", I8)  # all integers, many times
EVERYU8 = T((8, 16, 16), "uint8", U8)

for code in "ABS CEIL COS ELU EXP FLOOR HARD_SWISH LOGISTIC NEG RELU RELU6 RELU_N1_TO_1 RELU_0_TO_1 ROUND SIN SIGN SQUARE TANH".split():
    add(code, [X])
for code in "LOG SQRT RSQRT".split():
    add(code, [POSITIVE])
add("GELU", [X], options="Gelu")
add("GELU", [X], options="Gelu", approximate=True)
add("LEAKY_RELU", [X], options="LeakyRelu", alpha=0.2)
add("PRELU", [T((2, 3, 3, 4)), K((1, 1, 4))])
for code in "ABS ELU HARD_SWISH RELU RELU6 RELU_N1_TO_1 GELU".split():
    add(code, [EVERY8], INT8, name="int8")
for code in "RELU RELU6 RELU_N1_TO_1".split():
    add(code, [EVERY8], SAME8, name="same")
    add(code, [EVERYU8], [("uint8", Quantized(0.03, 90))], name="uint8")
add("GELU", [EVERY8], INT8, "Gelu", approximate=True, name="int8")
add("GELU", [EVERYU8], [("uint8", Quantized(0.03, 90))], "Gelu", name="uint8")
add("HARD_SWISH", [EVERYU8], [("uint8", Quantized(0.03, 90))], name="uint8")
add("HARD_SWISH", [T((2, 256), "int8", Quantized(0.3, 10))], [("int8", Quantized(0.15, -100))], name="coarse")
for alpha in (0.2, 1.5, -0.3, 0.0):
    add("LEAKY_RELU", [EVERY8], INT8, "LeakyRelu", alpha=alpha, name="int8")
add("PRELU", [T((4, 16, 16, 4), "int8", I8), K((1, 1, 4), "int8", Quantized(0.01, 7))], INT8, name="int8")
add("PRELU", [T((4, 16, 16, 4), "uint8", U8), K((1, 1, 4), "uint8", Quantized(0.01, 100))], [("uint8", Quantized(0.03, 90))], name="uint8")
add("LOGISTIC", [EVERY8], [("int8", UNIT8)], name="int8")
add("TANH", [EVERY8], [("int8", SYMMETRIC8)], name="int8")
add("TANH", [EVERYU8], [("uint8", Quantized(1 / 128, 128))], name="uint8")
add("EXP", [EVERY8], [("int8", Quantized(2.5, -128))], name="int8")
add("LOG", [EVERY8], INT8, name="int8")
add("SQRT", [T((8, 256), "int8", Quantized(0.05, -128))], INT8, name="int8")
add("LOGISTIC", [T((2, 8), "int16", Quantized(1 / 4096))], [("int16", Quantized(1 / 32768))], name="int16", steps=1)
add("LOGISTIC", [EVERYU8], [("uint8", Quantized(1 / 256))], name="uint8")
add("RSQRT", [T((8, 256), "int8", Quantized(0.05, -128))], INT8, name="int8")

for code in "ADD SUB MUL".split():
    options = code.capitalize()
    add(code, [X, Y], options=options)
    add(code, [X, K((4,))], options=options, fusedActivationFunction=1)
    add(code, [X, T((1, 3, 1))], options=options, fusedActivationFunction=3)
    add(code, [EVERY8, T((8, 16, 16), "int8", Quantized(0.03, 4))], INT8, options, name="int8")
    add(code, [EVERY8, K((16,), "int8", Quantized(0.003, 4))], SAME8, options, fusedActivationFunction=1, name="int8")
    add(code, [EVERYU8, T((8, 16, 16), "uint8", Quantized(0.01, 60))], [("uint8", Quantized(0.03, 100))], options, name="uint8")
    add(code, [T((6,), "int32", None, -50, 50), K([3] * 6, "int32")], [("int32", None)], options, name="int32")
add("ADD", [T((2, 8), "int16", I16), T((2, 8), "int16", I16)], [("int16", Quantized(0.001))], "Add", potScaleInt16=False, name="int16", steps=1)
add("ADD", [T((2, 8), "uint8", U8), T((2, 8), "uint8", U8)], [("uint8", Quantized(0.08, 100))], "Add", name="uint8")
add("DIV", [X, POSITIVE], options="Div")
add("ADD_N", [X, Y, T((2, 3, 4))], options="AddN")
add("POW", [POSITIVE, K(np.full((4,), 1.5))])
add("MAXIMUM", [X, Y])
add("MINIMUM", [X, K((1, 4))])
for code in ("MAXIMUM", "MINIMUM"):
    add(code, [EVERY8, T((1, 16, 16), "int8", I8)], SAME8, name="int8")
add("SQUARED_DIFFERENCE", [X, Y])
add("SQUARED_DIFFERENCE", [EVERY8, EVERY8], [("int8", Quantized(0.3, -128))], name="int8")
add("SQUARED_DIFFERENCE", [EVERY8, T((16,), "int8", Quantized(0.02, 9))], [("int8", Quantized(0.2, -100))], name="int8")
add("FLOOR_DIV", [X, POSITIVE])
add("FLOOR_DIV", [T((6,), "int32", None, -20, 20), K([3, -3, 4, -4, 7, 2], "int32")], [("int32", None)])
add("FLOOR_MOD", [X, POSITIVE])
add("FLOOR_MOD", [T((6,), "int32", None, -20, 20), K([3, -3, 4, -4, 7, 2], "int32")], [("int32", None)])
add("ATAN2", [X, Y])
add("RIGHT_SHIFT", [T((6,), "int32", None, -90, 90), K([0, 1, 2, 3, 4, 5], "int32")], [("int32", None)])
add("BITWISE_XOR", [T((6,), "int32", None, -90, 90), K([9] * 6, "int32")], [("int32", None)])
for code in "EQUAL NOT_EQUAL LESS LESS_EQUAL GREATER GREATER_EQUAL".split():
    add(code, [T((3, 4), "int32", None, 0, 3), T((4,), "int32", None, 0, 3)], [("bool", None)])
    add(code, [X, Y], [("bool", None)])
add("LESS", [T((3, 4), "int8", I8), T((3, 4), "int8", I8)], [("bool", None)], name="int8")
BOOL = T((3, 4), "bool")
add("LOGICAL_AND", [BOOL, T((3, 4), "bool")], [("bool", None)])
add("LOGICAL_OR", [BOOL, T((3, 4), "bool")], [("bool", None)])
add("LOGICAL_NOT", [BOOL], [("bool", None)])
add("SELECT", [T((3,), "bool"), T((3, 4)), T((3, 4))])
add("SELECT_V2", [T((3, 1), "bool"), T((3, 4)), T((1, 4))])
add("SELECT_V2", [BOOL, T((3, 4), "int8", I8), T((3, 4), "int8", I8)], SAME8, name="int8")
add("CAST", [T((6,), "int32", None, -5, 5)], F, "Cast", inDataType=2, outDataType=0)
add("CAST", [X], [("int32", None)], "Cast", inDataType=0, outDataType=2)
add("CAST", [T((6,), "int32", None, 0, 3)], [("bool", None)], "Cast", inDataType=2, outDataType=6)
add("CAST", [T((6,), "bool")], F, "Cast", inDataType=6, outDataType=0)
add("QUANTIZE", [X], INT8)
add("QUANTIZE", [T((8, 16), low=-7, high=7)], [("int8", Quantized(0.5))], name="halves")
add("QUANTIZE", [EVERY8], INT8, name="again")
add("QUANTIZE", [EVERY8], [("int8", Quantized(0.025, -3))], name="finer")
add("QUANTIZE", [EVERYU8], INT8, name="uint8")
add("QUANTIZE", [EVERYU8], [("int8", Quantized(0.04, 0))], name="shifted")
add("QUANTIZE", [X], [("int16", I16)], name="int16")
add("DEQUANTIZE", [Q])
add("DEQUANTIZE", [T((2, 8), "uint8", U8)], name="uint8")
add("DEQUANTIZE", [K((4, 4), "float16")], name="float16")
add("FAKE_QUANT", [X], options="FakeQuant", min=-1.0, max=1.5, numBits=8)

IMAGE = T((1, 7, 6, 4))
QIMAGE = T((1, 7, 6, 4), "int8", I8)
PER_AXIS = Quantized(np.linspace(0.01, 0.03, 5), 0, 0)
CONV = dict(options="Conv2D", strideW=1, strideH=1)
add("CONV_2D", [IMAGE, K((5, 3, 3, 4)), K((5,))], **CONV)
add("CONV_2D", [IMAGE, K((5, 3, 2, 4)), K((5,))], options="Conv2D", strideW=2, strideH=2, fusedActivationFunction=3)
add("CONV_2D", [IMAGE, K((5, 2, 2, 4)), K((5,))], options="Conv2D", padding=1, strideW=2, strideH=1, fusedActivationFunction=1)
add("CONV_2D", [IMAGE, K((5, 2, 3, 4)), K((5,))], dilationWFactor=2, dilationHFactor=2, **CONV)
add("CONV_2D", [IMAGE, K((6, 3, 3, 2)), K((6,))], name="grouped", **CONV)
add("CONV_2D", [QIMAGE, K((5, 3, 3, 4), "int8", PER_AXIS), K((5,), "int32", Quantized(PER_AXIS.scales * 0.05, 0, 0))],
    [("int8", Quantized(0.3, 7))], fusedActivationFunction=1, name="int8", **CONV)  # fmt: skip
add("CONV_2D", [T((1, 7, 6, 4), "uint8", U8), K((5, 3, 3, 4), "uint8", Quantized(0.02, 120)), K((5,), "int32", Quantized(0.0008))],
    [("uint8", Quantized(0.2, 90))], name="uint8", **CONV)  # fmt: skip
add("CONV_2D", [T((1, 7, 6, 4), "int16", I16), K((5, 3, 3, 4), "int8", PER_AXIS), K((5,), "int64", Quantized(PER_AXIS.scales * 0.0005, 0, 0))],
    [("int16", Quantized(0.003))], name="int16", steps=1, **CONV)  # fmt: skip
DEPTHWISE = dict(options="DepthwiseConv2D", depthMultiplier=1)
add("DEPTHWISE_CONV_2D", [IMAGE, K((1, 3, 3, 4)), K((4,))], strideW=1, strideH=1, **DEPTHWISE)
add("DEPTHWISE_CONV_2D", [IMAGE, K((1, 3, 3, 8)), K((8,))], options="DepthwiseConv2D", depthMultiplier=2, strideW=2, strideH=2)
add("DEPTHWISE_CONV_2D", [QIMAGE, K((1, 3, 3, 4), "int8", Quantized([0.01, 0.02, 0.03, 0.01], 0, 3)),
    K((4,), "int32", Quantized([0.0005, 0.001, 0.0015, 0.0005], 0, 0))], [("int8", Quantized(0.1, -4))], strideW=1, strideH=1, name="int8", **DEPTHWISE)  # fmt: skip
add("TRANSPOSE_CONV", [K([1, 8, 10, 3], "int32"), K((3, 3, 3, 4)), T((1, 4, 5, 4)), K((3,))], options="TransposeConv", strideW=2, strideH=2)
add("TRANSPOSE_CONV", [K([1, 9, 11, 3], "int32"), K((3, 3, 3, 4)), T((1, 4, 5, 4))], options="TransposeConv", padding=1, strideW=2, strideH=2)
add("TRANSPOSE_CONV", [K([1, 8, 10, 3], "int32"), K((3, 3, 3, 4), "int8", Quantized([0.01, 0.02, 0.03], 0, 0)), T((1, 4, 5, 4), "int8", I8)],
    [("int8", Quantized(0.1, 3))], "TransposeConv", strideW=2, strideH=2, name="int8")  # fmt: skip
add("CONV_3D", [T((1, 4, 5, 6, 2)), K((2, 3, 3, 2, 3)), K((3,))], options="Conv3D", strideD=1, strideW=2, strideH=1)
add("CONV_3D_TRANSPOSE", [K([1, 4, 6, 8, 3], "int32"), K((2, 2, 2, 3, 2)), T((1, 2, 3, 4, 2))], options="Conv3D", strideD=2, strideW=2, strideH=2)

POOL = dict(options="Pool2D", filterWidth=2, filterHeight=3, strideW=2, strideH=2)
for code in ("AVERAGE_POOL_2D", "MAX_POOL_2D", "L2_POOL_2D"):
    add(code, [IMAGE], **POOL)
    add(code, [IMAGE], padding=1, fusedActivationFunction=1, **POOL)
LARGE = T((3, 17, 16, 16), "int8", I8)
LARGEU = T((3, 17, 16, 16), "uint8", U8)
for padding in (0, 1):
    add("AVERAGE_POOL_2D", [LARGE], SAME8, padding=padding, name="int8", **POOL)
    add("AVERAGE_POOL_2D", [LARGEU], [("uint8", U8)], padding=padding, fusedActivationFunction=3, name="uint8", **POOL)
add("AVERAGE_POOL_2D", [LARGE], SAME8, "Pool2D", filterWidth=5, filterHeight=5, strideW=1, strideH=1, name="int8")
add("MAX_POOL_2D", [QIMAGE], SAME8, name="int8", **POOL)
add("MAX_POOL_2D", [QIMAGE], SAME8, fusedActivationFunction=3, name="int8", **POOL)
add("L2_NORMALIZATION", [IMAGE], options="L2Norm")
add("L2_NORMALIZATION", [QIMAGE], [("int8", Quantized(1 / 128))], "L2Norm", name="int8")
add("LOCAL_RESPONSE_NORMALIZATION", [IMAGE], options="LocalResponseNormalization", radius=1, bias=1.0, alpha=0.5, beta=0.75)
add("SOFTMAX", [T((2, 6))], options="Softmax", beta=1.0)
add("SOFTMAX", [T((2, 3, 6))], options="Softmax", beta=0.5)
for scale in (0.05, 0.3, 0.004):
    add("SOFTMAX", [T((40, 17), "int8", Quantized(scale, -9))], [("int8", UNIT8)], "Softmax", beta=1.0, name="int8")
add("SOFTMAX", [T((4, 10, 6), "uint8", U8)], [("uint8", Quantized(1 / 256))], "Softmax", beta=0.7, name="uint8")
add("LOG_SOFTMAX", [T((2, 6))])
add("LOG_SOFTMAX", [T((2, 6), "int8", I8)], [("int8", Quantized(16 / 256, 127))], name="int8")

FC = "FullyConnected"
add("FULLY_CONNECTED", [T((2, 6)), K((5, 6)), K((5,))], options=FC)
add("FULLY_CONNECTED", [T((2, 3, 6)), K((5, 6)), None], options=FC, keepNumDims=True, fusedActivationFunction=1)
add("FULLY_CONNECTED", [T((2, 3, 2)), K((5, 6)), K((5,))], options=FC)
add("FULLY_CONNECTED", [T((2, 6), "int8", I8), K((5, 6), "int8", Quantized(0.02)), K((5,), "int32", Quantized(0.001))], INT8, FC, name="int8")
add("FULLY_CONNECTED", [T((2, 6), "int8", I8), K((5, 6), "int8", PER_AXIS), K((5,), "int32", Quantized(PER_AXIS.scales * 0.05, 0, 0))],
    INT8, FC, name="per_axis")  # fmt: skip
add("FULLY_CONNECTED", [T((2, 6), "uint8", U8), K((5, 6), "uint8", Quantized(0.02, 100)), K((5,), "int32", Quantized(0.0008))],
    [("uint8", Quantized(0.1, 80))], FC, name="uint8")  # fmt: skip
add("FULLY_CONNECTED", [T((2, 6), "int16", I16), K((5, 6), "int8", Quantized(0.02)), K((5,), "int64", Quantized(0.00001))],
    [("int16", Quantized(0.001))], FC, name="int16")  # fmt: skip
W8H = Quantized(0.01)
add("FULLY_CONNECTED", [T((4, 6)), K((5, 6), "int8", W8H), K((5,))], options=FC, name="hybrid")
add("FULLY_CONNECTED", [T((4, 6)), K((5, 6), "int8", PER_AXIS), None], options=FC, name="hybrid_per_axis")
add("FULLY_CONNECTED", [T((4, 6)), K((5, 6), "int8", W8H), K((5,))], options=FC, asymmetricQuantizeInputs=True, name="hybrid_asymmetric")
add("CONV_2D", [T((2, 7, 6, 4)), K((5, 3, 3, 4), "int8", W8H), K((5,))], name="hybrid", **CONV)
add("CONV_2D", [T((2, 7, 6, 4)), K((5, 3, 3, 4), "int8", PER_AXIS), K((5,))], name="hybrid_per_axis", fusedActivationFunction=1, **CONV)
add("DEPTHWISE_CONV_2D", [T((2, 7, 6, 4)), K((1, 3, 3, 4), "int8", Quantized([0.01, 0.02, 0.03, 0.01], 0, 3)), K((4,))], strideW=1, strideH=1,
    name="hybrid_per_axis", **DEPTHWISE)  # fmt: skip
add("BATCH_MATMUL", [T((2, 3, 4)), T((2, 4, 5))], options="BatchMatMul")
add("BATCH_MATMUL", [T((2, 4, 3)), T((1, 5, 4))], options="BatchMatMul", adjX=True, adjY=True)
add("BATCH_MATMUL", [T((4, 16, 4), "int8", I8), T((4, 4, 15), "int8", Quantized(0.02, 7))], INT8, "BatchMatMul", name="int8")

AXES = K([1], "int32")
for code in "MEAN SUM REDUCE_MAX REDUCE_MIN REDUCE_PROD".split():
    add(code, [X, AXES], options="Reducer")
    add(code, [X, K([0, -1], "int32")], options="Reducer", keepDims=True)
add("MEAN", [LARGE, K([1, 2], "int32")], SAME8, "Reducer", keepDims=True, name="int8")
add("MEAN", [LARGE, K([1], "int32")], INT8, "Reducer", name="int8")
add("MEAN", [LARGEU, K([3], "int32")], [("uint8", Quantized(0.03, 100))], "Reducer", name="uint8")
add("SUM", [EVERY8, AXES], [("int8", Quantized(0.2, 3))], "Reducer", name="int8", steps=1)  # its judge computes in floats
add("REDUCE_MAX", [Q, AXES], SAME8, "Reducer", name="int8")
add("REDUCE_ANY", [BOOL, AXES], [("bool", None)], "Reducer")
add("REDUCE_ALL", [BOOL, AXES], [("bool", None)], "Reducer")
for code, options in (("ARG_MAX", "ArgMax"), ("ARG_MIN", "ArgMin")):
    add(code, [X, K(np.int32(-1), "int32")], [("int32", None)], options, outputType=2)
    add(code, [Q, K(np.int32(1), "int32")], [("int64", None)], options, outputType=4, name="int8")
add("CUMSUM", [X, K(np.int32(1), "int32")], options="Cumsum")
add("CUMSUM", [X, K(np.int32(2), "int32")], options="Cumsum", exclusive=True, reverse=True)
add("TOPK_V2", [T((3, 9)), K(np.int32(4), "int32")], [("float32", None), ("int32", None)])
add("TOPK_V2", [T((3, 9), "int8", I8), K(np.int32(2), "int32")], [("int8", I8), ("int32", None)], name="int8")

add("RESHAPE", [X, K([4, -1], "int32")], options="Reshape", newShape=[4, -1])
add("RESHAPE", [Q, K([6, 4], "int32")], SAME8, "Reshape", newShape=[6, 4], name="int8")
add("SQUEEZE", [T((1, 3, 1, 4))], options="Squeeze", squeezeDims=[0])
add("SQUEEZE", [T((1, 3, 1, 4))], options="Squeeze", squeezeDims=[])
add("EXPAND_DIMS", [X, K(np.int32(1), "int32")])
add("TRANSPOSE", [X, K([2, 0, 1], "int32")])
add("TRANSPOSE", [Q, K([1, 0, 2], "int32")], SAME8, name="int8")
add("SHAPE", [X], [("int32", None)], "Shape", outType=2)
add("RANK", [X], [("int32", None)])
add("CONCATENATION", [X, T((2, 1, 4))], options="Concatenation", axis=1)
add("CONCATENATION", [Q, T((2, 3, 4), "int8", I8)], SAME8, "Concatenation", axis=-1, name="int8")
add("CONCATENATION", [T((40, 16), "uint8", U8), T((40, 16), "uint8", Quantized(0.02, 10))], [("uint8", Quantized(0.06, 90))],
    "Concatenation", axis=1, name="uint8")  # fmt: skip
add("PACK", [X, Y], options="Pack", axis=1, valuesCount=2)
add("UNPACK", [X], F * 3, "Unpack", axis=1, num=3)
add("UNPACK", [Q], SAME8 * 2, "Unpack", axis=0, num=2, name="int8")
add("SPLIT", [K(np.int32(2), "int32"), X], F * 2, "Split", numSplits=2)
add("SPLIT_V", [T((2, 7)), K([2, -1, 1], "int32"), K(np.int32(1), "int32")], F * 3, "SplitV", numSplits=3)
add("TILE", [X, K([1, 2, 3], "int32")])
add("BROADCAST_TO", [T((3, 1)), K([2, 3, 4], "int32")], version=2)
add("BROADCAST_ARGS", [K([3, 1], "int32"), K([2, 1, 4], "int32")], [("int32", None)])
add("FILL", [K([2, 3], "int32"), T((), low=0.0)])
add("ZEROS_LIKE", [X])
add("RANGE", [K(np.int32(1), "int32"), K(np.int32(10), "int32"), K(np.int32(3), "int32")], [("int32", None)])
add("PAD", [X, K([[0, 1], [2, 0], [1, 1]], "int32")])
add("PAD", [Q, K([[0, 1], [2, 0], [1, 1]], "int32")], SAME8, name="int8")
add("PADV2", [X, K([[0, 1], [2, 0], [1, 1]], "int32"), K(np.float32(1.5))])
add("PADV2", [Q, K([[0, 1], [2, 0], [1, 1]], "int32"), K(np.int8(9), "int8", I8)], SAME8, name="int8")
add("MIRROR_PAD", [X, K([[0, 1], [2, 0], [1, 2]], "int32")], options="MirrorPad", mode=0)
add("MIRROR_PAD", [X, K([[0, 1], [3, 0], [1, 2]], "int32")], options="MirrorPad", mode=1)
add("SPACE_TO_DEPTH", [T((1, 4, 6, 2))], options="SpaceToDepth", blockSize=2)
add("DEPTH_TO_SPACE", [T((1, 2, 3, 8))], options="DepthToSpace", blockSize=2)
add("SPACE_TO_BATCH_ND", [T((2, 4, 5, 2)), K([2, 3], "int32"), K([[0, 0], [1, 0]], "int32")])
add("SPACE_TO_BATCH_ND", [T((2, 4, 5, 2), "int8", I8), K([2, 3], "int32"), K([[0, 0], [1, 0]], "int32")], SAME8, name="int8")
add("BATCH_TO_SPACE_ND", [T((12, 2, 2, 2)), K([2, 3], "int32"), K([[0, 0], [1, 0]], "int32")])

add("SLICE", [X, K([0, 1, 1], "int32"), K([2, -1, 2], "int32")], out_shape=(2, 2, 2))
STRIDED = "StridedSlice"
add("STRIDED_SLICE", [T((4, 5, 6)), K([1, 0, -1], "int32"), K([4, 5, 0], "int32"), K([2, 1, -2], "int32")], options=STRIDED)
add("STRIDED_SLICE", [T((4, 5, 6)), K([1, 2, 1], "int32"), K([2, 0, 4], "int32"), K([1, 1, 1], "int32")], options=STRIDED,
    beginMask=4, endMask=2, shrinkAxisMask=1)  # fmt: skip
add("STRIDED_SLICE", [T((4, 5, 6)), K([0, 0, 1], "int32"), K([0, 0, 3], "int32"), K([1, 1, 1], "int32")], options=STRIDED,
    ellipsisMask=1, newAxisMask=2)  # fmt: skip
add("STRIDED_SLICE", [T((4, 5, 6), "int8", I8), K([0, 1, 0], "int32"), K([4, 4, 6], "int32"), K([1, 2, 3], "int32")], SAME8, STRIDED, name="int8")
add("REVERSE_V2", [X, K([1], "int32")])
add("GATHER", [T((4, 5)), T((3,), "int32", None, 0, 4)], options="Gather", axis=0)
add("GATHER", [T((4, 5)), T((2, 3), "int32", None, 0, 5)], options="Gather", axis=1)
add("GATHER", [T((2, 5, 3)), T((2, 4), "int32", None, 0, 5)], options="Gather", axis=1, batchDims=1)
add("GATHER", [T((2, 3, 5, 2)), T((2, 4), "int32", None, 0, 5)], options="Gather", axis=2, batchDims=1)
add("GATHER", [T((4, 5), "int8", I8), K([3, 1], "int32")], SAME8, "Gather", axis=0, name="int8")
add("GATHER_ND", [T((4, 5, 2)), T((3, 2), "int32", None, 0, 4)])
add("SCATTER_ND", [K([[0], [3], [0]], "int32"), T((3, 2)), K([5, 2], "int32")])
add("EMBEDDING_LOOKUP", [T((3,), "int32", None, 0, 5), K((5, 4))])
add("EMBEDDING_LOOKUP", [T((3,), "int32", None, 0, 5), K((5, 4), "int8", Quantized(0.02))], name="int8")
add("DYNAMIC_UPDATE_SLICE", [T((4, 5)), T((2, 3)), T((2,), "int32", None, 0, 4)])
ON_OFF = [K(np.float32(2)), K(np.float32(-1))]
add("ONE_HOT", [T((2, 3), "int32", None, -1, 5), K(np.int32(4), "int32"), *ON_OFF], options="OneHot", axis=-1)
add("ONE_HOT", [T((2, 3), "int32", None, 0, 5), K(np.int32(4), "int32"), *ON_OFF], options="OneHot", axis=1)
add("REVERSE_SEQUENCE", [T((3, 4, 2)), K([1, 4, 2], "int32")], options="ReverseSequence", seqDim=1, batchDim=0)
add("BUCKETIZE", [X], [("int32", None)], "Bucketize", boundaries=[-1.0, 0.0, 0.5])
add("MATRIX_DIAG", [T((2, 3))])
add("MATRIX_SET_DIAG", [T((2, 3, 3)), T((2, 3))])

add("RESIZE_BILINEAR", [IMAGE, K([5, 11], "int32")], options="ResizeBilinear")
add("RESIZE_BILINEAR", [IMAGE, K([14, 3], "int32")], options="ResizeBilinear", alignCorners=True)
add("RESIZE_BILINEAR", [IMAGE, K([14, 3], "int32")], options="ResizeBilinear", halfPixelCenters=True)
add("RESIZE_BILINEAR", [LARGE, K([23, 7], "int32")], SAME8, "ResizeBilinear", halfPixelCenters=True, name="int8")
add("RESIZE_BILINEAR", [LARGE, K([40, 33], "int32")], SAME8, "ResizeBilinear", alignCorners=True, name="int8")
add("RESIZE_BILINEAR", [LARGE, K([40, 33], "int32")], SAME8, "ResizeBilinear", name="int8")
add("RESIZE_BILINEAR", [LARGEU, K([23, 7], "int32")], [("uint8", U8)], "ResizeBilinear", name="uint8")
add("RESIZE_NEAREST_NEIGHBOR", [IMAGE, K([5, 11], "int32")], options="ResizeNearestNeighbor")
add("RESIZE_NEAREST_NEIGHBOR", [IMAGE, K([14, 3], "int32")], options="ResizeNearestNeighbor", alignCorners=True)
add("RESIZE_NEAREST_NEIGHBOR", [QIMAGE, K([14, 3], "int32")], SAME8, "ResizeNearestNeighbor", halfPixelCenters=True, name="int8")

add("SVDF", [T((2, 3)), K((8, 3)), K((8, 5)), K((4,)), V((2, 40))], options="SVDF", rank=2, fusedActivationFunction=1)
for rank in (1, 2):
    add("SVDF", [T((3, 5), "int8", Quantized(0.05, 4)), K((8, 5), "int8", Quantized(0.01)), K((8, 5), "int16", Quantized(0.0005)),
        K((8 // rank,), "int32", Quantized(0.0000005)), V((3, 40), "int16", Quantized(0.001))], [("int8", Quantized(0.02, -5))],
        "SVDF", rank=rank, fusedActivationFunction=1, name="int8")  # fmt: skip
for asymmetric in (False, True):
    add("SVDF", [T((2, 3)), K((8, 3), "int8", W8H), K((8, 5), "int8", W8H), K((4,)), V((2, 40))], options="SVDF", rank=2,
        asymmetricQuantizeInputs=asymmetric, name="hybrid")  # fmt: skip
RNN = [K((4, 3)), K((4, 4)), K((4,))]
add("RNN", [T((2, 3)), *RNN, V((2, 4))], options="RNN", fusedActivationFunction=4)
add("UNIDIRECTIONAL_SEQUENCE_RNN", [T((2, 5, 3)), *RNN, V((2, 4))], options="SequenceRNN", fusedActivationFunction=1)
add("BIDIRECTIONAL_SEQUENCE_RNN", [T((2, 5, 3)), *RNN, V((2, 4)), *RNN, V((2, 4)), None, None, None], options="BidirectionalSequenceRNN",
    fusedActivationFunction=4, mergeOutputs=True)  # fmt: skip
W, R, BIAS = [K((4, 3))] * 4, [K((4, 4))] * 4, [K((4,))] * 4
STATES = [V((2, 4)), V((2, 4))]
LSTM = dict(options="UnidirectionalSequenceLSTM", fusedActivationFunction=4)
NO = [None]
add("UNIDIRECTIONAL_SEQUENCE_LSTM", [T((2, 5, 3)), *W, *R, *NO * 3, *BIAS, *NO * 2, *STATES, *NO * 4], **LSTM)
add("UNIDIRECTIONAL_SEQUENCE_LSTM", [T((5, 2, 3)), *W, *R, *NO * 3, *BIAS, *NO * 2, *STATES, *NO * 4], timeMajor=True, cellClip=0.5, **LSTM)
add("UNIDIRECTIONAL_SEQUENCE_LSTM", [T((2, 5, 3)), None, *W[1:], None, *R[1:], *NO * 3, None, *BIAS[1:], *NO * 2, *STATES, *NO * 4],
    name="coupled", **LSTM)  # fmt: skip
add("UNIDIRECTIONAL_SEQUENCE_LSTM", [T((2, 5, 3)), *W, *R, *[K((4,))] * 3, *BIAS, *NO * 2, *STATES, *NO * 4], name="peephole", **LSTM)
add("UNIDIRECTIONAL_SEQUENCE_LSTM", [T((2, 5, 3)), *W, *[K((4, 2))] * 4, *NO * 3, *BIAS, K((2, 4)), K((2,)), V((2, 2)), V((2, 4)), *NO * 4],
    name="projected", projClip=0.7, **LSTM)  # fmt: skip
add("UNIDIRECTIONAL_SEQUENCE_LSTM", [T((2, 5, 3)), *W, *R, *NO * 3, *BIAS, *NO * 2, *STATES, *[K((4,))] * 4], name="normalized", **LSTM)
for asymmetric in (False, True):
    WH, RH = [K((4, 3), "int8", W8H)] * 4, [K((4, 4), "int8", Quantized(0.008))] * 4
    add("UNIDIRECTIONAL_SEQUENCE_LSTM", [T((2, 5, 3)), *WH, *RH, *NO * 3, *BIAS, *NO * 2, *STATES, *NO * 4], name="hybrid",
        asymmetricQuantizeInputs=asymmetric, **LSTM)  # fmt: skip
    add("UNIDIRECTIONAL_SEQUENCE_LSTM", [T((2, 5, 3)), *WH, *[K((4, 2), "int8", W8H)] * 4, *NO * 3, *BIAS, K((2, 4), "int8", W8H), K((2,)), V((2, 2)),
        V((2, 4)), *NO * 4], name="hybrid_projected", asymmetricQuantizeInputs=asymmetric, **LSTM)  # fmt: skip
add("BIDIRECTIONAL_SEQUENCE_LSTM", [T((2, 5, 3)), *(WH + RH + NO * 3 + BIAS + NO * 2) * 2, *STATES, *STATES, *NO * 9], F * 2,
    options="BidirectionalSequenceLSTM", fusedActivationFunction=4, timeMajor=False, name="hybrid")  # fmt: skip
W8, R8 = [K((4, 3), "int8", Quantized(0.01))] * 4, [K((4, 4), "int8", Quantized(0.008))] * 4
BIAS8 = [K((4,), "int32", Quantized(0.0005))] * 4
STATES8 = [V((8, 4), "int8", Quantized(1 / 128, 3)), V((8, 4), "int16", Quantized(2.0**-12))]
X8 = T((8, 5, 3), "int8", I8)
LSTM8 = dict(outputs=[("int8", Quantized(1 / 128, 3))], intermediates=(Quantized(1.0),) * 4 + (Quantized(1 / 128, 3),), **LSTM)
add("UNIDIRECTIONAL_SEQUENCE_LSTM", [X8, *W8, *R8, *NO * 3, *BIAS8, *NO * 2, *STATES8, *NO * 4], name="int8", **LSTM8)
add("UNIDIRECTIONAL_SEQUENCE_LSTM", [X8, None, *W8[1:], None, *R8[1:], *NO * 3, None, *BIAS8[1:], *NO * 2, *STATES8, *NO * 4],
    name="int8_coupled", cellClip=2.0, **LSTM8)  # fmt: skip
add("LSTM", [T((2, 3)), *W, *R, *NO * 3, *BIAS, *NO * 2, *STATES, *NO * 4], options="LSTM", fusedActivationFunction=4)
add("BIDIRECTIONAL_SEQUENCE_LSTM", [T((2, 5, 3)), *(W + R + NO * 3 + BIAS + NO * 2) * 2, *STATES, *STATES, *NO * 9], F * 2,
    options="BidirectionalSequenceLSTM", fusedActivationFunction=4, timeMajor=False)  # fmt: skip


def variables() -> Model:
    """A resource variable that begins with ones and grows by the input."""
    model = Model()
    main, once = model.graph("main"), model.graph("once")
    for graph in (main, once):
        graph.handle = graph.tensor([], "resource")
    x = main.input([2, 3])
    main.op("CALL_ONCE", [], [], "CallOnce", initSubgraphIndex=1)
    main.op("VAR_HANDLE", [], [main.handle], "VarHandle", container="", sharedName="total")
    before, after = main.tensor([2, 3]), main.tensor([2, 3])
    main.op("READ_VARIABLE", [main.handle], [before], "ReadVariable")
    main.op("ADD", [before, x], [after], "Add")
    main.op("ASSIGN_VARIABLE", [main.handle, after], [], "AssignVariable")
    main.output(after)
    once.op("VAR_HANDLE", [], [once.handle], "VarHandle", container="", sharedName="total")
    once.op("ASSIGN_VARIABLE", [once.handle, once.const(np.ones((2, 3), np.float32))], [], "AssignVariable")
    return model


def control(code: str) -> Model:
    """IF on an input, or WHILE a number is small."""
    model = Model()
    main, first, second = model.graph("main"), model.graph("first"), model.graph("second")
    if code == "IF":
        flag, x, y = main.input([], "bool"), main.input([2, 3]), main.tensor([2, 3])
        main.op("IF", [flag, x], [y], "If", thenSubgraphIndex=1, elseSubgraphIndex=2)
        main.output(y)
        for graph, op in ((first, "EXP"), (second, "NEG")):
            inner, result = graph.input([2, 3]), graph.tensor([2, 3])
            graph.op(op, [inner], [result])
            graph.output(result)
        return model
    count, x = main.input([], "int32"), main.input([2, 3])
    results = [main.tensor([], "int32"), main.tensor([2, 3])]
    main.op("WHILE", [count, x], results, "While", condSubgraphIndex=1, bodySubgraphIndex=2)
    main.output(*results)
    n, _, go = first.input([], "int32"), first.input([2, 3]), first.tensor([], "bool")
    first.op("LESS", [n, first.const(np.int32(9), "int32")], [go])
    first.output(go)
    n, x = second.input([], "int32"), second.input([2, 3])
    more, larger = second.tensor([], "int32"), second.tensor([2, 3])
    second.op("ADD", [n, second.const(np.int32(2), "int32")], [more], "Add")
    second.op("MUL", [x, second.const(np.float32(1.5))], [larger], "Mul")
    second.output(more, larger)
    return model


def sparse(blocks: bool) -> Model:
    """A matrix of which few elements are written down: single ones, or blocks of 2 by 2."""
    model = Model()
    graph = model.graph()
    values = np.arange(1, 9, dtype=np.float32) if blocks else np.asarray([5, 6, 7], np.float32)
    weights = graph.tensor([4, 4], data=values.tobytes())
    table = schema.SparsityParametersT()
    table.traversalOrder = [0, 1, 2, 3] if blocks else [0, 1]
    table.blockMap = [0, 1] if blocks else []

    def dimension(size, segments=None, indices=None):
        made = schema.DimensionMetadataT()
        made.format, made.denseSize = (schema.DimensionType.DENSE if segments is None else schema.DimensionType.SPARSE_CSR), size
        if segments is not None:
            for name, numbers in (("arraySegments", segments), ("arrayIndices", indices)):
                vector = schema.Uint8VectorT()
                vector.values = numbers
                setattr(made, f"{name}Type", schema.SparseIndexVector.Uint8Vector)
                setattr(made, name, vector)
        return made

    if blocks:
        table.dimMetadata = [dimension(2), dimension(0, [0, 1, 2], [1, 0]), dimension(2), dimension(2)]
    else:
        table.dimMetadata = [dimension(4), dimension(0, [0, 1, 1, 3, 3], [2, 0, 3])]
    graph.table.tensors[weights].sparsity = table
    dense, x, y = graph.tensor([4, 4]), graph.input([4, 4]), graph.tensor([4, 4])
    graph.op("DENSIFY", [weights], [dense])
    graph.op("ADD", [x, dense], [y], "Add")
    graph.output(y)
    return model


WHOLE = {
    "variables": variables,
    "if": lambda: control("IF"),
    "while": lambda: control("WHILE"),
    "sparse": lambda: sparse(False),
    "sparse_blocks": lambda: sparse(True),
}
