#!/usr/bin/env python3
"""Writes docs/onnx.md from what `edgec ops` says.

python docs/generate.py EDGEC            # write it
python docs/generate.py EDGEC --check    # exit code 1 if it is out of date
"""

import json
import pathlib
import subprocess
import sys

PAGE = pathlib.Path(__file__).resolve().parent / "onnx.md"
HOW = {
    "op": ("Operators", "Each has a row of its own in the importer."),
    "function": (
        "Through their ONNX function",
        "Imported as the operators that ONNX defines them by, in the model's opset; what their body needs must be supported too.",
    ),
    "no": ("Not supported", "A model with one of them is refused, with the node's name."),
}


def page(operators: list[dict]) -> str:
    lines = ["# ONNX operators", "", "Written by docs/generate.py from `edgec ops`: don't edit.", ""]
    counts = {how: sum(o["support"] == how for o in operators) for how in HOW}
    lines += ["| how | operators |", "|---|---|"]
    lines += [f"| {title.lower()} | {counts[how]} |" for how, (title, _) in HOW.items()]
    for how, (title, text) in HOW.items():
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
    text = page([o for o in json.loads(said.stdout) if o["format"] == "onnx"])
    if "--check" not in sys.argv:
        PAGE.write_text(text)
        return 0
    if not PAGE.exists() or PAGE.read_text() != text:
        print(f"{PAGE} is out of date: python docs/generate.py build/dev/bin/edgec")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
