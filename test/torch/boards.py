#!/usr/bin/env python3
"""Exported programs on emulated processors, beside torch.

    python test/torch/boards.py --targets cortex-m4

What comes through torch.export only: torchao's and PT2E's weights in groups and scales that a run finds (quantized.py),
numbers that only a run knows, states that share memory, and the status of a run that breaks an assert (programs.py).
A target whose tools are not installed is skipped, unless the environment variable EDGEC_REQUIRE_TARGETS lists it
("all", or names with commas).
"""

from __future__ import annotations

import argparse
import copy
import pathlib
import re
import sys
import tempfile
import warnings

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE), str(HERE.parent / "mcu")]

import emulate  # noqa: E402
import programs  # noqa: E402
import quantized  # noqa: E402
import reference  # noqa: E402
import torch  # noqa: E402
from common import edgec, tensors  # noqa: E402

# Without floats in hardware; with dot products of pairs, of vectors; without and with vectors of any length.
TARGETS = ("cortex-m0", "cortex-m4", "cortex-m55", "cortex-a53", "cortex-a76", "rv64gcv")
KINDS = ("int8 weights in groups", "int4 weights with zero points", "int8 dynamic", "XNNPACK dynamic")
PROGRAMS = ("narrow, checked", "places of a state", "parts, both written", "assert, checked")
SHAPE = -3  # EDGEC_ERROR_SHAPE


def compiled(binary: str, path: pathlib.Path, target: str, options: list, out: pathlib.Path) -> pathlib.Path:
    result = edgec.invoke(binary, ["compile", path, f"--target={target}", "--name=m", "-o", out, *options], timeout=300)
    if result.crash or result.code:
        raise reference.Crashed(result.crash or edgec.reason(result.stderr))
    return out / "libm.a"


def weights(case: quantized.Case):
    """A quantized network: its file, its calls, what torch makes of each, how far it may be off."""

    def make(path: pathlib.Path):
        torch.manual_seed(5)
        x = quantized.NETWORKS[case.network][1]()
        module = case.quantize(case.network, x)
        quantized.export(module, x, False, path)
        return [[x]], [[module(x)]], max(case.allowed, 1), ()

    return make


def program(case: programs.Program):
    """The same of a program; a call that breaks an assert has no outputs."""

    def make(path: pathlib.Path):
        module = case.make().eval()
        torch.export.save(torch.export.export(copy.deepcopy(module), case.calls[0]), path)
        calls = case.calls[:-1] if case.fails else case.calls
        want = [torch.utils._pytree.tree_leaves(module(*call)) for call in calls]
        return case.calls, want + [None] * bool(case.fails), 1, case.options

    return make


def check(make, target: str, binary: str, work: pathlib.Path) -> str:
    """The largest error; an exception where it is too large."""
    calls, wants, allowed, options = make(work / "m.pt2")
    library = compiled(binary, work / "m.pt2", target, list(options), work / "out")
    feeds = [[reference.to_numpy(value) for value in call] for call in calls]
    found = emulate.measure(target, library, work / "out", "m", feeds, check=False, timeout=600)
    worst = 0.0
    for want, got, status in zip(wants, found.calls, found.statuses, strict=True):
        if status != (SHAPE if want is None else 0):
            raise tensors.Mismatch(f"status {status}")
        if want is not None:
            got = [value.reshape(tuple(like.shape)) for like, value in zip(want, got, strict=True)]
            worst = max(worst, reference.distance(want, got)[0])
    if not worst <= allowed:
        raise tensors.Mismatch(f"error {worst:.3f} of what is allowed")
    return f"error {worst:.3f} of what is allowed"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--edgec", help="the binary (default: $EDGEC, then the newest build)")
    parser.add_argument("--targets", default=",".join(TARGETS), help="default: %(default)s")
    parser.add_argument("--filter", default="", metavar="REGEX", help="only what matches")
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    torch.set_grad_enabled(False)
    binary = edgec.find(options.edgec)
    todo = {f"dense: {c.kind}": weights(c) for c in quantized.CASES if c.network == "dense" and c.kind in KINDS}
    todo |= {p.name: program(p) for p in programs.PROGRAMS if p.name in PROGRAMS}
    failed = 0
    for target in options.targets.split(","):
        lack = emulate.optional(target)
        if lack:
            print(f"skipped  {target}: needs {lack}")
            continue
        for name, make in todo.items():
            if not re.search(options.filter, name):
                continue
            with tempfile.TemporaryDirectory(prefix="edgec-torch-") as temporary:
                try:
                    status, text = "passed", check(make, target, binary, pathlib.Path(temporary))
                except (reference.Crashed, tensors.Mismatch, emulate.EmulationError) as problem:
                    status, text, failed = "failed", f"{type(problem).__name__}: {problem}", failed + 1
            print(f"{status:8} {target:12} {name:40} {text}", flush=True)
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
