#!/usr/bin/env python3
"""Damaged exported programs: edgec compiles them or says why not, and leaves nothing behind.

    python test/torch/mutate.py --count 300 --seed 1
    python test/torch/mutate.py --only 42 --keep folder    # one case again, its file kept

What every case must do stands in test/common/mutation.py.
"""

from __future__ import annotations

import io
import json
import pathlib
import sys
import zipfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

import torch  # noqa: E402
from common import mutation  # noqa: E402
from common.damage_bytes import ON_BYTES  # noqa: E402
import cases  # noqa: E402

BAD = [-1, 0, 1, 2, 3, 7, 13, 28, 100, 2**31, -(2**31), 2**62, -(2**63), 1.5, "Infinity", "", "x", True, None, [], {}]
TEXTS = ["torch.ops.aten.add.Tensor", "torch.ops.aten.view.default", "torch.ops.aten.copy_.default", "x", "",
         "Mul(Integer(2), Symbol('s39'))", "Add(" * 300, "_operator.floordiv", "0", "../weight_0"]  # fmt: skip


def slots(value) -> list[tuple[object, object]]:
    """Every place in JSON, so that one can be chosen."""
    found = []
    keys = value.keys() if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else []
    for key in keys:
        found.append((value, key))
        found += slots(value[key])
    return found


def value_changed(rng, model):
    for _ in range(rng.choice([1, 1, 2])):
        holder, key = rng.choice(slots(model))
        old = holder[key]
        if isinstance(old, bool):
            holder[key] = not old
        elif isinstance(old, int):
            holder[key] = rng.choice([old + 1, old - 1, *BAD])
        elif isinstance(old, str):
            holder[key] = rng.choice([*TEXTS, *BAD, old[:-1]])
        elif isinstance(old, list) and old:
            holder[key] = rng.choice([old[:-1], old + old[:1], []])
        else:
            holder[key] = rng.choice(BAD)


def value_removed(rng, model):
    holder, key = rng.choice(slots(model))
    del holder[key]


def argument_changed(rng, model):
    """A node's argument is another number, tensor, or kind."""
    node = rng.choice(model["graph_module"]["graph"]["nodes"])
    if node["inputs"]:
        other = rng.choice(rng.choice(model["graph_module"]["graph"]["nodes"])["inputs"] or node["inputs"])
        chosen = rng.choice(node["inputs"])
        chosen["arg"] = rng.choice([other["arg"], {"as_int": rng.choice(BAD[:13])}, {"as_none": True},
                                    {"as_ints": [rng.choice(BAD[:13]) for _ in range(rng.randrange(5))]}])  # fmt: skip


def node_moved(rng, model):
    """Nodes in another order, or with each other's operators."""
    nodes = model["graph_module"]["graph"]["nodes"]
    a, b = rng.randrange(len(nodes)), rng.randrange(len(nodes))
    if rng.random() < 0.5:
        nodes[a], nodes[b] = nodes[b], nodes[a]
    else:
        nodes[a]["target"], nodes[b]["target"] = nodes[b]["target"], nodes[a]["target"]


def sizes_changed(rng, model):
    """What the program says of its tensors is wrong."""
    tensors = model["graph_module"]["graph"]["tensor_values"]
    meta = tensors[rng.choice(sorted(tensors))]
    for size in meta["sizes"][:1] or [{}]:
        size.clear()
        size["as_int"] = rng.choice([n for n in BAD if isinstance(n, int)])
    if rng.random() < 0.3:
        meta["dtype"] = rng.randrange(40)


ON_MODEL = {f.__name__: f for f in (value_changed, value_removed, argument_changed, node_moved, sizes_changed)}
ON_ARCHIVE = ["entry_removed", "entry_cut", "deflated", "weights_changed"]
KINDS = [*ON_BYTES, *ON_MODEL, *ON_ARCHIVE, "value_changed", "argument_changed", "value_changed"]


def rewritten(rng, data: bytes, kind: str) -> bytes | None:
    source = zipfile.ZipFile(io.BytesIO(data))
    entries = [(name, source.read(name)) for name in source.namelist()]
    root = entries[0][0].split("/")[0]
    method = zipfile.ZIP_DEFLATED if kind == "deflated" else zipfile.ZIP_STORED
    at = rng.randrange(len(entries))
    if kind == "entry_removed":
        del entries[at]
    elif kind == "entry_cut":
        entries[at] = (entries[at][0], entries[at][1][: rng.randrange(1 + len(entries[at][1]))])
    elif kind != "deflated":
        wanted = "models/model.json"
        if kind == "weights_changed":
            wanted = rng.choice(["data/weights/model_weights_config.json", "data/constants/model_constants_config.json"])
        for i, (name, content) in enumerate(entries):
            if name == f"{root}/{wanted}":
                model = json.loads(content)
                if kind == "weights_changed" and not slots(model["config"]):
                    return None
                ON_MODEL.get(kind, value_changed)(rng, model["config"] if kind == "weights_changed" else model)
                entries[i] = (name, json.dumps(model).encode())
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return out.getvalue()


# An earlier change may have taken away what the next one needs.
make_case = mutation.chooser(KINDS, ON_BYTES, rewritten, ".pt2", unfit=(KeyError, TypeError, IndexError, ValueError))


class Network(torch.nn.Module):
    """A little of everything: a state, a view that is written, an open size, a branch."""

    def __init__(self):
        super().__init__()
        self.convolution = torch.nn.Conv2d(3, 4, 3, padding=1)
        self.norm = torch.nn.BatchNorm2d(4)
        self.register_buffer("total", torch.ones(4))
        self.head = torch.nn.Linear(4, 5)

    def forward(self, x):
        y = torch.relu(self.norm(self.convolution(x)))
        y = torch.nn.functional.max_pool2d(y, 2)
        y = y + torch.nn.functional.interpolate(y, scale_factor=1.0)
        z = y.mean((2, 3))
        self.total.add_(z[0])
        z[:, 1:3].mul_(self.total[:2])
        z = torch.cond(z.sum() > 0, lambda z: z.sin(), lambda z: z.cos(), (z,))
        return torch.softmax(self.head(z), -1), y.flatten(1)


def bases_in(folder: pathlib.Path) -> tuple[list[pathlib.Path], list[pathlib.Path]]:
    torch.manual_seed(1)
    paths = [folder / "network.pt2", folder / "core.pt2"]
    program = torch.export.export(Network().eval(), (torch.randn(1, 3, 8, 8),))
    torch.export.save(program, paths[0])
    torch.export.save(program.run_decompositions(), paths[1])
    for case in cases.CASES:
        if case.name in ("attention grouped", "GRU", "index_put", "einsum", "splits", "while_loop", "norms", "pads"):
            module = case.function
            if not isinstance(module, torch.nn.Module):
                module = type("Case", (torch.nn.Module,), {"forward": lambda self, *x, f=case.function: f(*x)})()
            paths.append(folder / f"{case.name.replace(' ', '-')}.pt2")
            torch.export.save(torch.export.export(module, tuple(case.inputs)), paths[-1])
    return paths, []


if __name__ == "__main__":
    sys.exit(mutation.drive(__doc__, KINDS, make_case, bases_in))
