#!/usr/bin/env python3
"""Programs whose meaning isn't that of one operator, through the Python package and beside torch.

    python test/torch/programs.py --filter 'narrow.*'

Numbers that only a run knows (`.item()`) as indices, bounds and operands; what a program asserts, with and without
--checked; buffers that share memory and are written; inputs in dicts and lists, with guards on their extents. Each is
exported as it comes and after run_decompositions(), called several times, and compared with the module itself after each
call; what can't be compiled is refused, with the text that is expected.
"""

from __future__ import annotations

import argparse
import copy
import dataclasses
import os
import pathlib
import re
import sys
import typing
import warnings

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE), str(HERE.parent.parent / "tools" / "python")]

import edgec as package  # noqa: E402
import reference  # noqa: E402
import torch  # noqa: E402
from common import edgec, tensors  # noqa: E402
from torch import nn  # noqa: E402

AUTO = torch.export.Dim.AUTO
CHECKED = ("--checked",)
X = torch.arange(12.0).reshape(4, 3)


def index(*values):
    """Inputs of several calls: X and a number."""
    return [(X + value, torch.tensor(value)) for value in values]


class Select(nn.Module):
    def forward(self, x, i):
        n = i.item()
        torch._check(n >= 0)
        torch._check(n < 4)
        return x[n] * 2


class Narrow(nn.Module):
    def forward(self, x, i):
        n = i.item()
        torch._check(n >= 0)
        torch._check(n + 2 <= 4)
        return x.narrow(0, n, 2) * 2, x[n : n + 2, 1:]


class Arithmetic(nn.Module):
    def forward(self, x, i):
        n = i.item()
        return x + n * 2.5, x * (n // 3), x - n % 3, x + -n, x / (n / 4 + 10)


class Row(nn.Module):
    """Writes one row of a state."""

    def __init__(self):
        super().__init__()
        self.register_buffer("rows", torch.zeros(4, 3))

    def forward(self, x, i):
        n = i.item()
        torch._check(n >= 0)
        torch._check(n < 4)
        self.rows[n] = x[0]
        return self.rows.sum(0)


class Cache(nn.Module):
    """Writes two places of [batch, heads, places, width], as decoders that are given a position do."""

    def __init__(self):
        super().__init__()
        self.register_buffer("cache", torch.zeros(2, 3, 8, 4))

    def forward(self, x, i):
        n = i.item()
        torch._check(n >= 0)
        torch._check(n + 2 <= 8)
        self.cache.narrow(2, n, 2).copy_(x)
        return self.cache * 2, self.cache.narrow(2, n, 2) + 1


class Size(nn.Module):
    def forward(self, x, i):
        n = i.item()
        torch._check(n >= 1)
        torch._check(n < 4)
        return torch.zeros(n, 3) + x[0]


class Assert(nn.Module):
    def forward(self, x, i):
        torch._assert_async((x >= i).all(), "all are large enough")
        return x + 1


class Branch(nn.Module):
    """An assert on a Python boolean."""

    def forward(self, x, i):
        torch._check((i < 4).item())
        return x + i


class Parts(nn.Module):
    """Buffers over one memory, of which both, or one, are written."""

    def __init__(self, cut, write):
        super().__init__()
        whole = torch.arange(6.0).reshape(2, 3).clone()
        self.register_buffer("p", whole)
        self.register_buffer("q", cut(whole))
        self.write = write

    def forward(self, x, i):
        if "p" in self.write:
            self.p.add_(x[:2])
        if "q" in self.write:
            self.q.mul_(0.5)
        return self.p + i, self.q + i


class Overlap(nn.Module):
    def __init__(self):
        super().__init__()
        memory = torch.zeros(6)
        self.register_buffer("p", memory[:4])
        self.register_buffer("q", memory[2:])

    def forward(self, x, i):
        self.p.add_(x[0, 0])
        return self.p + self.q


class Spectra(nn.Module):
    """Complex buffers over one memory."""

    def __init__(self):
        super().__init__()
        whole = torch.ones(4, 3, dtype=torch.complex64)
        self.register_buffer("p", whole)
        self.register_buffer("q", whole[1:])

    def forward(self, x, i):
        self.p.add_(x)
        return torch.view_as_real(self.p[1:] + self.q)


class Nested(nn.Module):
    def forward(self, batch, other):
        return batch["image"] + batch["boxes"][0].sum() + other


def nested(rows, boxes):
    return {"image": torch.randn(rows, 3), "boxes": [torch.randn(boxes, 3)]}, torch.randn(rows, 3)


@dataclasses.dataclass
class Program:
    name: str
    make: typing.Callable[[], nn.Module]
    calls: list[tuple]
    options: tuple[str, ...] = ()
    shapes: dict | None = None
    dynamic: object = None
    fails: str = ""  # what the last call says instead of computing
    refused: str = ""  # what the compiler says instead
    dialects: tuple[bool, ...] = (False, True)  # whether after run_decompositions()


OUTSIDE = "the model asserts what doesn't hold"
DICT = {"batch": {"image": {0: AUTO}, "boxes": [{0: AUTO}]}, "other": {0: AUTO}}
# torch 2.13 can't decompose programs whose written buffers share memory.
PLAIN = (False,)
PROGRAMS = [
    Program("select", Select, index(0, 1, 3)),
    Program("select, checked", Select, index(0, 3, 4), CHECKED, fails=OUTSIDE),
    Program("select, checked, negative", Select, index(0, -1), CHECKED, fails=OUTSIDE),
    Program("narrow", Narrow, index(0, 1, 2)),
    Program("narrow, checked", Narrow, index(0, 2, 3), CHECKED, fails=OUTSIDE),
    Program("arithmetic", Arithmetic, index(0, 1, 7, -5)),
    Program("row of a state", Row, index(0, 2, 3, 2)),
    Program("places of a state", Cache, [(torch.randn(2, 3, 2, 4), torch.tensor(n)) for n in (0, 3, 6, 2)]),
    Program("size", Size, index(2), refused="argument 'size' must be known at compile time"),
    Program("assert", Assert, index(0, 1)),
    Program("assert, checked", Assert, [*index(0), (X, torch.tensor(1))], CHECKED, fails=OUTSIDE),
    Program("assert on a boolean", Branch, index(0, 3)),
    Program("assert on a boolean, checked", Branch, index(0, 3, 4), CHECKED, fails=OUTSIDE),
    Program("assert, known to fail", Assert, index(0), ("--set", "x=0", "--set", "i=1"), refused="all are large enough"),
    Program("parts, both written", lambda: Parts(lambda w: w[1], "pq"), index(0, 1, 2), dialects=PLAIN),
    Program("parts, whole written", lambda: Parts(lambda w: w[:, 1:], "p"), index(0, 1, 2), dialects=PLAIN),
    Program("parts, part written", lambda: Parts(lambda w: w[:, 1:], "q"), index(0, 1, 2), dialects=PLAIN),
    Program("parts, the same", lambda: Parts(lambda w: w, "pq"), index(0, 1, 2), dialects=PLAIN),
    Program("overlap", Overlap, index(0), refused="overlap in memory", dialects=PLAIN),
    Program("overlap of complex numbers", Spectra, index(0), refused="overlap in memory", dialects=PLAIN),
    Program("nested inputs", Nested, [nested(4, 5)], dynamic=DICT,
            shapes={"batch_image": (4, 3), "batch_boxes_0": (5, 3), "other": (4, 3)}),
    Program("nested inputs that don't fit", Nested, [nested(4, 5)], dynamic=DICT,
            shapes={"batch_image": (4, 3), "batch_boxes_0": (5, 3), "other": (6, 3)}, refused="other"),
]  # fmt: skip


def compare(program: Program, core: bool) -> str:
    """The largest error of all calls, in words; raises where something else happens than is expected."""
    module = program.make().eval()
    exported = torch.export.export(copy.deepcopy(module), program.calls[0], dynamic_shapes=program.dynamic)
    exported = exported.run_decompositions() if core else exported
    try:
        compiled = package.compile(exported, shapes=program.shapes, options=program.options)
    except package.CompileError as error:
        if not program.refused or program.refused not in str(error):
            raise
        return "refused"
    if program.refused:
        raise tensors.Mismatch("it compiles")
    model = compiled.load()
    worst = 0.0
    for at, call in enumerate(program.calls):
        inputs = [value.numpy() for value in torch.utils._pytree.tree_leaves(call)]
        if program.fails and at == len(program.calls) - 1:
            try:
                model(*inputs)
            except package.EdgecError as error:
                if program.fails not in str(error):
                    raise
                return f"error {worst:.3f} of what is allowed, then a status"
            raise tensors.Mismatch("the last call returns no error")
        want = torch.utils._pytree.tree_leaves(module(*call))
        got = torch.utils._pytree.tree_leaves(model(*inputs))
        worst = max(worst, reference.distance(want, got)[0])
    if not worst <= 1:
        raise tensors.Mismatch(f"error {worst:.3f} of what is allowed")
    return f"error {worst:.3f} of what is allowed"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--edgec", help="the binary (default: $EDGEC, then the newest build)")
    parser.add_argument("--filter", default="", metavar="REGEX", help="only programs whose name matches")
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    torch.manual_seed(5)
    torch.set_grad_enabled(False)
    os.environ["EDGEC"] = str(edgec.find(options.edgec))
    counts = {"passed": 0, "failed": 0}
    for program in PROGRAMS:
        for core in program.dialects if re.search(options.filter, program.name) else ():
            try:
                status, text = "passed", compare(program, core)
            except (package.EdgecError, tensors.Mismatch) as problem:
                status, text = "failed", f"{type(problem).__name__}: {problem}"
            counts[status] += 1
            print(f"{status:8} {program.name + (' (core)' if core else ''):40} {text}", flush=True)
    print(", ".join(f"{n} {status}" for status, n in counts.items()))
    return 0 if counts["passed"] and not counts["failed"] else 1


if __name__ == "__main__":
    sys.exit(main())
