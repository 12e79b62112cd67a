#!/usr/bin/env python3
"""What quantized models take on emulated processors: instructions of one inference, and memory.

    bench/.venv/bin/python bench/boards.py model.tflite... --targets cortex-m4,cortex-m55

QEMU counts the instructions of the model's own functions (insncount.c); they are the same on every
machine, and aren't cycles. `arena` and `stack` are bytes of RAM, `flash` is code and constants, `steps`
is how far outputs are from LiteRT's reference kernels (test/tflite/boards.py has more inputs).
"""

from __future__ import annotations

import argparse
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "test" / part) for part in ("", "tflite", "mcu")]

import emulate  # noqa: E402
import numpy as np  # noqa: E402
import reference  # noqa: E402
from common import edgec, tensors  # noqa: E402

TARGETS = ("cortex-m4", "cortex-m55", "cortex-a53", "cortex-a76", "rv64gcv")


class Failed(Exception):
    pass


def tool(command: list, cwd: pathlib.Path) -> str:
    done = subprocess.run(
        [str(c) for c in command], cwd=cwd, capture_output=True, text=True, errors="replace", check=False
    )
    if done.returncode:
        raise Failed(f"{command[0]}: {done.stderr.strip()[-300:] or done.returncode}")
    return done.stdout


def find(*names: str) -> str:
    return next(filter(None, map(shutil.which, names)), names[-1])


def functions(file: pathlib.Path) -> dict[str, tuple[int, int]]:
    """Where each function of an object or an image begins and ends."""
    found = {}
    for line in tool([find("llvm-nm-22", "llvm-nm", "nm"), "--print-size", "--defined-only", file], file.parent).splitlines():  # fmt: skip
        words = line.split()
        if len(words) == 4 and words[2] in "tT":
            start = int(words[0], 16) & ~1  # of Thumb code, which addresses mark
            found[words[3]] = (start, start + int(words[1], 16))
    return found


def count(target: str, image: pathlib.Path, own: set[str], plugin: pathlib.Path) -> int:
    """Instructions that the functions in `own` execute."""
    places = [place for name, place in functions(image).items() if name in own]
    low, high = min(p[0] for p in places), max(p[1] for p in places)
    emulator = list(emulate.TARGETS[target].emulator)
    out = image.parent / "count"
    emulator[1:1] = ["-plugin", f"{plugin},from={low:#x},to={high:#x},out={out}"]
    tool([*emulator, image], image.parent)
    return int(out.read_text())


def measure(target: str, path: pathlib.Path, binary: str, plugin: pathlib.Path, work: pathlib.Path) -> dict:
    judge = reference.Reference(path)
    feed = judge.feed(0)
    want = judge.run(feed, 1)
    out = work / "out"
    result = edgec.invoke(binary, ["compile", path, f"--target={target}", "-o", out, "--name=m"], timeout=600)
    if result.crash or result.code:
        raise Failed(result.crash or edgec.reason(result.stderr))
    run = emulate.measure(target, out / "libm.a", out, "m", [feed], timeout=1200, keep=work / "run")
    got = [np.asarray(b).reshape(a.shape) for a, b in zip(want, run.calls[0], strict=True)]
    manifest = json.loads((out / "m.json").read_text())
    return {
        "instructions": count(target, work / "run" / "image", set(functions(out / "libm.a")), plugin),
        "macs": manifest["macs"],
        "arena": manifest["arena"]["bytes"],
        "stack": run.stack_bytes,
        "flash": manifest["flash_bytes"],
        "steps": reference.distance(judge.interpreter.get_output_details(), want, got)[1],
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    parser.add_argument("models", nargs="+", type=pathlib.Path, help=".tflite files")
    parser.add_argument("--edgec", help="the binary (default: $EDGEC, then the newest build)")
    parser.add_argument("--targets", default=",".join(TARGETS), help="default: %(default)s")
    options = parser.parse_args()
    binary = edgec.find(options.edgec)
    failed = 0
    with tempfile.TemporaryDirectory(prefix="edgec-boards-") as temporary:
        folder = pathlib.Path(temporary)
        plugin = folder / "insncount.so"
        tool([find("clang-22", "clang", "cc"), "-O2", "-shared", "-fPIC", HERE / "insncount.c", "-o", plugin], folder)  # fmt: skip
        print(f"{'model':34}{'target':>12}{'instructions':>15}{'per MAC':>9}{'arena':>9}{'stack':>8}{'flash':>9}{'steps':>7}")  # fmt: skip
        for path in options.models:
            for target in options.targets.split(","):
                work = folder / f"{path.stem}-{target}"
                work.mkdir()
                try:
                    row = measure(target, path, binary, plugin, work)
                except (Failed, emulate.EmulationError, tensors.Mismatch) as problem:
                    print(f"{path.stem[:33]:34}{target:>12}  {str(problem).splitlines()[0]}", flush=True)
                    failed += 1
                    continue
                each = row["instructions"] / row["macs"] if row["macs"] else 0
                print(f"{path.stem[:33]:34}{target:>12}{row['instructions']:15,}{each:9.2f}{row['arena']:9}"
                      f"{row['stack']:8}{row['flash']:9}{row['steps']:7}", flush=True)  # fmt: skip
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
