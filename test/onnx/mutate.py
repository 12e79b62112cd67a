#!/usr/bin/env python3
"""Damaged ONNX files: edgec compiles them or says why not, and leaves nothing behind.

    python test/onnx/mutate.py --count 300 --seed 1
    python test/onnx/mutate.py --only 42 --keep folder    # one case again, its file kept

What every case must do stands in test/common/mutation.py.
"""

from __future__ import annotations

import pathlib
import random
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

import onnx  # noqa: E402
from common import mutation  # noqa: E402
from damage import KINDS, ON_BYTES, ON_MODEL  # noqa: E402


def make_case(seed: int, index: int, bases: list[pathlib.Path]) -> mutation.Case:
    """Case `index` alone, whatever the others were. Every kind comes up in turn."""
    rng = random.Random(f"{seed}/{index}")
    kind = KINDS[index % len(KINDS)]
    while True:
        base = rng.choice(bases)
        data = base.read_bytes()
        if kind in ON_BYTES:
            return mutation.Case(index, kind, base.stem, ON_BYTES[kind](rng, data), ".onnx")
        model = ON_MODEL[kind](rng, onnx.load_model_from_string(data))
        if model is not None:
            return mutation.Case(index, kind, base.stem, model.SerializeToString(deterministic=True), ".onnx")


def bases_in(folder: pathlib.Path) -> tuple[list[pathlib.Path], list[pathlib.Path]]:
    import generate

    return generate.write_all(folder), [folder / "external.bin"]


if __name__ == "__main__":
    sys.exit(mutation.drive(__doc__, KINDS, make_case, bases_in))
