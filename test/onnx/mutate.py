#!/usr/bin/env python3
"""Damaged ONNX files: edgec compiles them or says why not, and leaves nothing behind.

    python test/onnx/mutate.py --count 300 --seed 1
    python test/onnx/mutate.py --only 42 --keep folder    # one case again, its file kept

What every case must do stands in test/common/mutation.py.
"""

from __future__ import annotations

import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

import onnx  # noqa: E402
from common import mutation  # noqa: E402
from damage import KINDS, ON_BYTES, ON_MODEL  # noqa: E402


def changed(rng, data: bytes, kind: str) -> bytes | None:
    model = ON_MODEL[kind](rng, onnx.load_model_from_string(data))
    return None if model is None else model.SerializeToString(deterministic=True)


make_case = mutation.chooser(KINDS, ON_BYTES, changed, ".onnx")


def bases_in(folder: pathlib.Path) -> tuple[list[pathlib.Path], list[pathlib.Path]]:
    import generate

    return generate.write_all(folder), [folder / "external.bin"]


if __name__ == "__main__":
    sys.exit(mutation.drive(__doc__, KINDS, make_case, bases_in))
