#!/usr/bin/env python3
"""Writes docs/onnx.md and docs/tflite.md from what `edgec ops` says.

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
A quantized tensor is its integers between operators. Convolutions, fully connected layers and sums of 8-bit tensors, with
constant weights, bias and clamping activation, are computed on integers, bit by bit as LiteRT's reference kernels do. Any
other operator reads the numbers that the integers stand for, and writes integers: the formulas in floats, with each output
rounded once, are within two steps of the reference for each operator alone. Operators that only move elements move the
integers. Where weights are integers and inputs floats, LiteRT rounds the inputs to 8 bits; edgec doesn't.

Variable tensors (of `SVDF`, `LSTM` and others) and resource variables are states: they lie in the arena, begin with
zeros or with what `CALL_ONCE` assigns, and `NAME_reset` sets them back. Inputs and outputs have the names of the file's
signature, where it has one. `--shape` gives an input another shape than the file's.

Refused, with a reason: custom operators, weights beyond the FlatBuffers data (files of more than 2 GiB), scales for
blocks, shuffled weights, an LSTM of kernel type `BASIC`, diagonal recurrent weights, auxiliary inputs of bidirectional
layers, variables assigned within `IF` and `WHILE`.
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
