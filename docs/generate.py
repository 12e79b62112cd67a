#!/usr/bin/env python3
"""Writes docs/onnx.md, docs/tflite.md and docs/torch.md from what `edgec ops` says.

python docs/generate.py EDGEC            # write it
python docs/generate.py EDGEC --check    # exit code 1 if one is out of date
"""

import json
import pathlib
import subprocess
import sys

FOLDER = pathlib.Path(__file__).resolve().parent
# Format, title, and what there is to say of it beside the lists.
PAGES = {
    "onnx": (
        "ONNX",
        """\
A tensor between `QuantizeLinear` and `DequantizeLinear` with constant scales, per tensor or per axis, is its integers: signed
or unsigned, 4, 8 or 16 bits (4 bits take a byte). Convolutions and matrix products of 8-bit tensors whose result is quantized
are computed on integers: sums of 32 bits, with the bias, times a float scale, halves rounded to even, as onnxruntime does it.
Activations that are bounds (`Relu`, `Clip`) limit the integers. Weights may be unsigned and have zero points; the right
operand of a product may be a second activation. Operators that only move elements (`MaxPool`, `Reshape`, `Transpose`,
`Slice`, `Pad`, `Concat` of equal scales, ...) move the integers. All others read the numbers that the integers stand for and
write integers, in floats, and results are rounded once; `--timing` names them. Scales for blocks, scales that are not
constant, and scales other than of `float` give the formulas in floats.

The `QLinear` operators and `QGemm` are the operators on numbers between these two; they may have their channels first only.
The weights of `MatMulNBits` are unpacked to floats at compile time. `MatMulInteger` and `ConvInteger` add up integers.
Scales that are not positive, normal numbers and zero points that their type can't hold are refused.
""",
    ),
    "tflite": (
        "TensorFlow Lite",
        """\
A quantized tensor is its integers between operators, and what LiteRT's reference kernels compute with integers of 8 bits is
computed with integers here, too, bit by bit: a model of such operators alone has no floats in it.

| exact, for `int8` and where LiteRT has it `uint8` | how |
|---|---|
| `CONV_2D` `DEPTHWISE_CONV_2D` `TRANSPOSE_CONV` `FULLY_CONNECTED` `BATCH_MATMUL` | sums in 32 bits, rounded in fixed point; constant weights |
| `ADD` `SUB` `MUL` `SQUARED_DIFFERENCE` `PRELU` `AVERAGE_POOL_2D` `MEAN` `SUM` `QUANTIZE` (16 bits too) `RELU` and its kin | in fixed point |
| `ABS` `ELU` `EXP` `GELU` `HARD_SWISH` `LEAKY_RELU` `LOG` `LOGISTIC` `RSQRT` `SQRT` `TANH`, `CONCATENATION` of several scales | a table of 256 entries |
| `SOFTMAX` `RESIZE_BILINEAR` `SVDF` `LSTM` `UNIDIRECTIONAL_SEQUENCE_LSTM` (cells of 16 bits; no projection, peepholes, layer norms) | as the kernel |
| `MAXIMUM` `MINIMUM` `MAX_POOL_2D` `REDUCE_MAX` `REDUCE_MIN`, comparisons, and what only moves elements | the integers as they are, where scales are equal |

Any other quantized operator (`L2_NORMALIZATION` `LOG_SOFTMAX` `DIV` `REDUCE_PROD` ..., and 16 bits but for states and `QUANTIZE`) reads the
numbers that the integers stand for, and writes integers: formulas in floats, each output rounded once. These are within a step
or two of the reference.

Floats by weights of 8 bits (hybrid layers: `CONV_2D` `DEPTHWISE_CONV_2D` `FULLY_CONNECTED` `SVDF` and LSTMs) are rounded to 8 bits when
the model runs, with a scale for each row, as LiteRT does it. `BATCH_MATMUL`, `TRANSPOSE_CONV` and RNNs of that kind multiply the floats.

Variable tensors (of `SVDF`, `LSTM` and others) and resource variables are states: they lie in the arena, begin with
zeros or with what `CALL_ONCE` assigns, and `NAME_reset` sets them back. Inputs and outputs have the names of the file's
signature, where it has one. `--shape` gives an input another shape than the file's.

Refused, with a reason: custom operators, weights beyond the FlatBuffers data (files of more than 2 GiB), scales for
blocks, shuffled weights, an LSTM of kernel type `BASIC`, diagonal recurrent weights, auxiliary inputs of bidirectional
layers, variables assigned within `IF` and `WHILE`.
""",
    ),
    "torch": (
        "torch.export",
        """\
A `.pt2` file of `torch.export.save` is read without torch: its zip entries as they are stored, its JSON, its weights. Nothing is
unpickled and nothing is unpacked to disk. The schema's major version must be 8 (torch 2.13 writes 8.20). Both dialects are taken:
the one that `torch.export.export()` gives, and core ATen after `run_decompositions()`.

```python
import torch
from torch import nn


class TinyClassifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 3)
        self.linear = nn.Linear(8 * 26 * 26, 10)

    def forward(self, x):
        return self.linear(torch.flatten(torch.relu(self.conv(x)), 1))


model = TinyClassifier().eval()
program = torch.export.export(model, (torch.randn(1, 1, 28, 28),))
torch.export.save(program, "tiny.pt2")
```

```sh
edgec compile tiny.pt2 --target=cortex-m4 -o out
```

`out` has `libtiny.a`, `tiny.h` and `tiny.json`. A test takes these blocks from this page, and holds what an emulated Cortex-M4
computes against torch: the difference is at most 1e-5.

**Inputs and outputs** have the names of the graph's (`x`, `linear_24`). Numbers and booleans of Python have become part of the
program. What is written to an input that the caller gives is a further output, `NAME_out`.

**Writes become values.** A tensor is a storage, seen through a chain of reshapes, permutations, slices; a write through it makes a
new value of the storage, and other views of that are computed again when they are read. Whether `reshape` and `contiguous` copy is
decided by the strides that the program gives. A buffer that is written is a state: it lies in the arena, begins with what the
program holds, and `NAME_reset` sets it back. Buffers that share memory with a written one are views of the same state.

**Open dimensions** are fixed by `--shape x=1x3x64x64`. The symbols in them are solved from that, and checked against the program's
ranges and guards. Without it, the error says which input needs it and what each symbol may be.

**Numbers of a run**: what `.item()` gives may be an operand of Python's arithmetic and of operators, an index (`x[n]`), and the start
of a part whose extent is known (`x.narrow(0, n, 2)`, `x[n : n + 2]`), also to write there; extents may not depend on it. A part that
would lie outside is moved to the border.

**Asserts** (`torch._check`, `torch._assert_async`, ranges) that are known to fail are errors. The others are taken for granted, or,
with `--checked`, make the run return `EDGEC_ERROR_SHAPE`, as parts that lie outside do; those in the graphs of branches and loops
aren't kept, with a warning.

**Types** are promoted as torch does it; results are compared with the types and shapes that the program gives, and a difference is
an error. Floats of 8 bits are refused. Complex numbers may come out of
Fourier transforms, `polar` and weights; be added, multiplied (einsum and matrices, too), divided, sliced, joined, moved and summed;
and become real ones again (`abs`, `angle`, `real`, `imag`, `view_as_real`, `irfft`, `istft`); nothing else takes them, and no input
or output is complex. The window of a transform has to be known.

**In-place operators** (`erf_`, `eq_.Scalar`) without a row of their own are those without the underscore, and a write.

**Control flow**: `cond` and `while_loop` run; `scan` and `map` are unrolled.

**Quantized** programs of PT2E (`quantized_decomposed` pairs; static, dynamic, trained) and of torchao's `quantize_` (integer
weights, with or without dynamic activations) are taken. Call `torchao.utils.unwrap_tensor_subclass(model)` before the export of the
latter. Where scales are known, layers between such pairs work on integers, as between ONNX's `QuantizeLinear` and `DequantizeLinear`;
of ranges that are found at run time, matrix products do where weights have a scale a row or a tensor, convolutions multiply floats.
Constants stay as narrow as they are, in 4 or 8 bits, with a scale for a tensor, a row or a group; tables of embeddings in groups
become floats ([quantization.md](quantization.md#only-weights)).

An error names the module's path and the line of the source that a node comes from.
""",
    ),
}
HOW = {
    "op": ("Operators", "Each has a row of its own in the importer."),
    "function": (
        "Through their ONNX function",
        "Imported as the operators that ONNX defines them by, in the model's opset; what their body needs must be supported too.",
    ),
    "no": ("Not supported", "A model with one of them is refused, with the node's name."),
}


def page(format: str, operators: list[dict]) -> str:
    title, more = PAGES[format]
    lines = [f"# {title} operators", "", "Written by docs/generate.py from `edgec ops`: don't edit.", ""]
    lines += [*more.splitlines(), ""] if more else []
    counts = {how: sum(o["support"] == how for o in operators) for how in HOW}
    lines += ["| how | operators |", "|---|---|"]
    lines += [f"| {title.lower()} | {counts[how]} |" for how, (title, _) in HOW.items() if counts[how]]
    for how, (title, text) in HOW.items():
        if not counts[how]:
            continue
        names = sorted(o["name"] for o in operators if o["support"] == how)
        lines += ["", f"## {title}", "", text, ""]
        row = ""
        for name in names:
            word = f"`{name}`"
            if row and len(row) + len(word) > 115:
                lines.append(row.rstrip())
                row = ""
            row += word + " "
        lines.append(row.rstrip())
    return "\n".join(lines) + "\n"


def main() -> int:
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    said = subprocess.run([sys.argv[1], "ops", "--json"], capture_output=True, text=True, check=True)
    operators = json.loads(said.stdout)
    stale = []
    for format in PAGES:
        path = FOLDER / f"{format}.md"
        text = page(format, [o for o in operators if o["format"] == format])
        if "--check" not in sys.argv:
            path.write_text(text)
        elif not path.exists() or path.read_text() != text:
            stale.append(path)
    for path in stale:
        print(f"{path} is out of date: python docs/generate.py build/dev/bin/edgec")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
