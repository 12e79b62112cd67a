"""Damaged model files: edgec compiles them or says why not, and leaves nothing behind.

Every case must end within the time limit with exit code 0 or 1 and no sanitizer report; with 1, stderr names the file,
the output folder is empty or absent, and nothing lies beside it.
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
import tempfile

from common import edgec

LARGEST = 4 << 20  # bytes: bigger files only make the same cases slower


@dataclasses.dataclass
class Case:
    index: int
    kind: str
    base: str
    data: bytes
    suffix: str

    @property
    def file(self) -> str:
        return f"case{self.index:03}-{self.kind}{self.suffix}"


def chooser(kinds: list[str], on_bytes: dict, change, suffix: str, unfit: tuple = ()):
    """What makes a case: one kind after the other, of a base by chance. `change(rng, data, kind)` gives the changed file
    where `on_bytes` doesn't know the kind, or None, or raises one of `unfit`: then another base is tried."""

    def make_case(seed: int, index: int, bases: list[pathlib.Path]) -> Case:
        rng = random.Random(f"{seed}/{index}")  # alone, whatever the others were
        kind = kinds[index % len(kinds)]
        while True:
            base = rng.choice(bases)
            data = base.read_bytes()
            if kind in on_bytes:
                return Case(index, kind, base.stem, on_bytes[kind](rng, data), suffix)
            try:
                data = change(rng, data, kind)
            except unfit:
                continue
            if data is not None:
                return Case(index, kind, base.stem, data, suffix)

    return make_case


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
        model = place / case.file
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


def drive(doc: str, kinds: list[str], make_case, bases_in) -> int:
    """The whole test: `make_case(seed, index, bases)` gives case `index`, `bases_in(folder)` writes the models to damage
    there, and gives their paths and those of the files beside them."""
    parser = argparse.ArgumentParser(
        description=doc, formatter_class=argparse.RawDescriptionHelpFormatter
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

    binary = edgec.find(options.edgec)
    verdicts = []
    with tempfile.TemporaryDirectory(prefix="edgec-generated-") as temporary:
        bases, companions = bases_in(pathlib.Path(temporary))
        folder = options.models or os.environ.get("EDGEC_MODELS")
        if folder:
            bases += [
                p
                for p in sorted(pathlib.Path(folder).glob(f"*{bases[0].suffix}"))
                if p.stat().st_size <= LARGEST
            ]
        if options.only is not None:
            indices = [options.only]
        else:
            indices = [
                i for i in range(options.count) if re.search(options.filter, kinds[i % len(kinds)])
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
                        options.keep / verdict.case.file
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

