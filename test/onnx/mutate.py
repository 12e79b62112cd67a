#!/usr/bin/env python3
"""Damaged ONNX files: edgec compiles them or says why not, and leaves nothing behind.

    python test/onnx/mutate.py --count 300 --seed 1
    python test/onnx/mutate.py --only 42 --keep folder    # one case again, its file kept

Every case must end within the time limit with exit code 0 or 1 and no sanitizer report; with 1,
stderr names the file, the output folder is empty or absent, and nothing lies beside it.
"""

from __future__ import annotations

import argparse
import collections
import concurrent.futures
import dataclasses
import os
import pathlib
import random
import re
import shutil
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

import onnx  # noqa: E402
from common import edgec  # noqa: E402
from damage import KINDS, ON_BYTES, ON_MODEL  # noqa: E402

LARGEST = 4 << 20  # bytes: bigger files only make the same cases slower


@dataclasses.dataclass
class Case:
    index: int
    kind: str
    base: str
    data: bytes


def make_case(seed: int, index: int, bases: list[pathlib.Path]) -> Case:
    """Case `index` alone, whatever the others were. Every kind comes up in turn."""
    rng = random.Random(f"{seed}/{index}")
    kind = KINDS[index % len(KINDS)]
    while True:
        base = rng.choice(bases)
        data = base.read_bytes()
        if kind in ON_BYTES:
            return Case(index, kind, base.stem, ON_BYTES[kind](rng, data))
        model = ON_MODEL[kind](rng, onnx.load_model_from_string(data))
        if model is not None:
            return Case(index, kind, base.stem, model.SerializeToString(deterministic=True))


@dataclasses.dataclass
class Verdict:
    case: Case
    status: str  # compiled, refused, or a violation's short name
    detail: str = ""


def run_case(case: Case, companions: list[pathlib.Path], binary: str, options) -> Verdict:
    with tempfile.TemporaryDirectory(prefix="edgec-mutate-") as temporary:
        folder = pathlib.Path(temporary)
        scratch = folder / "tmp"
        place = folder / "place"
        scratch.mkdir()
        place.mkdir()
        model = place / f"case{case.index:03}-{case.kind}.onnx"
        model.write_bytes(case.data)
        (place / "short.bin").write_bytes(b"\1\2\3\4\5\6\7")
        for file in companions:
            shutil.copy(file, place / file.name)
        before = {p.name for p in place.iterdir()}
        out = place / "out"
        args = [
            "compile",
            model,
            "-o",
            out,
            "--name=m",
            f"--target={options.target}",
            "--emit=library",
        ]
        result = edgec.invoke(
            binary,
            args,
            timeout=options.timeout,
            env={"TMPDIR": str(scratch)},
            memory=options.memory << 30,
        )
        left = (
            [str(p.relative_to(out)) for p in out.rglob("*") if not p.is_dir()]
            if out.is_dir()
            else []
        )
        beside = sorted({p.name for p in place.iterdir()} - before - {"out"})
        lost = sorted(p.name for p in scratch.iterdir())

        def verdict(status: str, detail: str = "") -> Verdict:
            if options.keep and status not in ("compiled", "refused"):
                options.keep.mkdir(parents=True, exist_ok=True)
                shutil.copy(model, options.keep / model.name)
            return Verdict(case, status, detail)

        if result.crash:
            kind = "hung" if result.code is None else "crashed"
            return verdict(kind, f"{result.crash}\n{result.tail}")
        if beside or lost:
            return verdict(
                "littered", f"left {', '.join([*beside, *(f'TMPDIR/{n}' for n in lost)])}"
            )
        if result.code == 0:
            missing = [n for n in ("m.h", "m.json", "libm.a") if n not in left]
            return (
                verdict("incomplete", f"exit code 0 without {', '.join(missing)}")
                if missing
                else verdict("compiled")
            )
        if left:
            return verdict("littered", f"exit code 1, and left {', '.join(left)}")
        if not result.stderr.strip():
            return verdict("silent", "exit code 1 and nothing on stderr")
        if model.name not in result.stderr:
            return verdict("nameless", f"stderr does not name the file\n{result.tail}")
        return verdict("refused", edgec.reason(result.stderr))


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--edgec", help="the binary (default: $EDGEC, then the newest build)")
    parser.add_argument(
        "--models", metavar="DIR", help="more models to damage (default: $EDGEC_MODELS)"
    )
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int, metavar="INDEX", help="one case of this seed")
    parser.add_argument(
        "--filter", default="", metavar="REGEX", help="only kinds of damage that match"
    )
    parser.add_argument("--target", default="host")
    parser.add_argument("--timeout", type=float, default=10.0, metavar="SECONDS")
    parser.add_argument(
        "--memory",
        type=int,
        default=8,
        metavar="GIB",
        help="a run may map this much (not with sanitizers)",
    )
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument(
        "--keep", type=pathlib.Path, metavar="DIR", help="keep the files of failing cases here"
    )
    parser.add_argument("--verbose", action="store_true", help="one line for each case")
    options = parser.parse_args()

    import generate

    binary = edgec.find(options.edgec)
    verdicts = []
    with tempfile.TemporaryDirectory(prefix="edgec-generated-") as temporary:
        bases = generate.write_all(pathlib.Path(temporary))
        companions = [pathlib.Path(temporary) / "external.bin"]
        folder = options.models or os.environ.get("EDGEC_MODELS")
        if folder:
            bases += [
                p
                for p in sorted(pathlib.Path(folder).glob("*.onnx"))
                if p.stat().st_size <= LARGEST
            ]
        if options.only is not None:
            indices = [options.only]
        else:
            indices = [
                i for i in range(options.count) if re.search(options.filter, KINDS[i % len(KINDS)])
            ]
        with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:

            def one(index):
                return run_case(make_case(options.seed, index, bases), companions, binary, options)

            for verdict in pool.map(one, indices):
                verdicts.append(verdict)
                bad = verdict.status not in ("compiled", "refused")
                if bad or options.verbose:
                    case = verdict.case
                    detail = verdict.detail.replace("\n", "\n    ")
                    print(
                        f"{verdict.status:10} {case.index:3} {case.kind} of {case.base}: {detail}",
                        flush=True,
                    )
                if options.keep and options.only is not None:
                    options.keep.mkdir(parents=True, exist_ok=True)
                    (
                        options.keep / f"case{verdict.case.index:03}-{verdict.case.kind}.onnx"
                    ).write_bytes(verdict.case.data)

    by = collections.Counter(v.status for v in verdicts)
    good = by["compiled"] + by["refused"]
    print(", ".join(f"{n} {s}" for s, n in by.most_common()))
    failed = len(verdicts) - good
    if failed:
        again = sorted(v.case.index for v in verdicts if v.status not in ("compiled", "refused"))
        print(
            f"again: mutate.py --seed {options.seed} --keep DIR --only INDEX, for {' '.join(map(str, again))}"
        )
    print(f"{good} passed, {failed} failed")
    return 1 if failed or not verdicts else 0


if __name__ == "__main__":
    sys.exit(main())
