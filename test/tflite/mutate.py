#!/usr/bin/env python3
"""Damaged TensorFlow Lite files: edgec compiles them or says why not, and leaves nothing behind.

    python test/tflite/mutate.py --count 300 --seed 1
    python test/tflite/mutate.py --only 42 --keep folder    # one case again, its file kept

What every case must do stands in test/common/mutation.py.
"""

from __future__ import annotations

import pathlib
import struct
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

import cases  # noqa: E402
import flatbuffers  # noqa: E402
import numpy as np  # noqa: E402
from ai_edge_litert import schema_py_generated as schema  # noqa: E402
from common import mutation  # noqa: E402
from common.damage_bytes import ON_BYTES  # noqa: E402

BAD_INTS = [-1, 0, 1, 2, 3, 5, 9, 14, 17, 100, 127, 255, -2, 65536, 2**31 - 1, -(2**31), 2**62]
BAD_FLOATS = [0.0, -1.0, float("nan"), float("inf"), 1e38, 1e-42]


def slots(table) -> list[tuple[object, str]]:
    """Every field of every table below, so that one can be chosen."""
    found = []
    for name, value in vars(table).items():
        found.append((table, name))
        for inner in value if isinstance(value, list) else [value]:
            if hasattr(inner, "Pack"):
                found += slots(inner)
    return found


def changed(rng, old):
    """Another value of the same kind."""
    if isinstance(old, bool):
        return not old
    if isinstance(old, (int, np.integer)):
        return rng.choice([*BAD_INTS, int(old) + 1, int(old) - 1])
    if isinstance(old, float):
        return rng.choice(BAD_FLOATS)
    if isinstance(old, (list, np.ndarray)) and len(old) and not hasattr(old[0], "Pack"):
        values = list(old)
        at = rng.randrange(len(values))
        if rng.random() < 0.3:
            return values[:at]
        if rng.random() < 0.2:
            return values + values[:1]
        values[at] = changed(rng, values[at])
        return values
    if isinstance(old, list) and len(old) > 1:
        return old[:-1] if rng.random() < 0.5 else old[1:]
    return None


def field_changed(rng, model):
    for _ in range(rng.choice([1, 1, 2])):
        table, name = rng.choice(slots(model))
        setattr(table, name, changed(rng, getattr(table, name)))
    return model


def field_removed(rng, model):
    table, name = rng.choice([s for s in slots(model) if not isinstance(getattr(*s), (int, float, bool))])
    setattr(table, name, None)
    return model


def tensors_swapped(rng, model):
    """An operator reads and writes what another one should."""
    graph = rng.choice(model.subgraphs)
    if not graph.operators:
        return None
    op = rng.choice(graph.operators)
    for side in ("inputs", "outputs"):
        count = 0 if getattr(op, side) is None else len(getattr(op, side))
        setattr(op, side, [rng.randrange(-1, len(graph.tensors)) for _ in range(count)])
    return model


ON_MODEL = {f.__name__: f for f in (field_changed, field_removed, tensors_swapped)}
KINDS = [*ON_BYTES, *ON_MODEL, "field_changed", "field_changed"]


def rewritten(rng, data: bytes, kind: str) -> bytes | None:
    model = ON_MODEL[kind](rng, schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(data, 0)))
    if model is None:
        return None
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


# No such value may fit the field.
make_case = mutation.chooser(KINDS, ON_BYTES, rewritten, ".tflite",
                             unfit=(TypeError, ValueError, AttributeError, struct.error, OverflowError, IndexError))  # fmt: skip


def bases_in(folder: pathlib.Path) -> tuple[list[pathlib.Path], list[pathlib.Path]]:
    paths = [case.model().write(folder / f"{case.name}.tflite") for case in cases.CASES]
    return paths + [make().write(folder / f"{name}.tflite") for name, make in cases.WHOLE.items()], []


if __name__ == "__main__":
    sys.exit(mutation.drive(__doc__, KINDS, make_case, bases_in))
