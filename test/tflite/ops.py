#!/usr/bin/env python3
"""Models of one operator, made here, through edgec and through LiteRT's reference kernels.

    python test/tflite/ops.py --filter conv --verbose

A case ends as passed, refused (exit code 1: edgec says that it does not do this), wrong, crashed, or skipped
where LiteRT itself cannot run it. Exit code 1 if anything is wrong or crashed, or refused and not in REFUSED.
"""

from __future__ import annotations

import argparse
import collections
import concurrent.futures
import pathlib
import re
import sys
import tempfile
import zlib

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

import numpy as np  # noqa: E402
from common import edgec, tensors  # noqa: E402
import cases  # noqa: E402
import reference  # noqa: E402

REFUSED: set[str] = set()
CALLS = 2
# LiteRT's reference kernels are wrong here: one leaves the last neighbour out, the other adds zero points up. Its
# optimised kernels judge.
OPTIMISED = {"LOCAL_RESPONSE_NORMALIZATION", "SUM"}


def feed_of(case, judge: reference.Reference, seed: int) -> list[np.ndarray]:
    feed = judge.feed(seed)
    if not isinstance(case, cases.Case):
        return feed
    rng = np.random.default_rng(seed)
    for at, x in enumerate(i for i in case.inputs if isinstance(i, cases.T)):
        if x.low is None:
            continue
        floats = tensors.is_float(feed[at].dtype)
        value = rng.uniform(x.low, x.high, x.shape) if floats else rng.integers(int(x.low), int(x.high), x.shape)
        feed[at] = np.asarray(value, feed[at].dtype)
    return feed


def run_case(name: str, case, binary: str, folder: pathlib.Path, timeout: float) -> tuple[str, str, str, int]:
    model = case.model() if isinstance(case, cases.Case) else case()
    path = model.write(folder / f"{name}.tflite")
    seed = zlib.crc32(name.encode())
    try:
        judge = reference.Reference(path, portable=getattr(case, "code", "") not in OPTIMISED)
        feed = feed_of(case, judge, seed)
        want = judge.run(feed, CALLS)
    except (RuntimeError, ValueError) as problem:
        return name, "skipped", f"LiteRT: {str(problem).splitlines()[0][:150]}", 0
    try:
        got = reference.run(binary, path, feed, CALLS, folder / name, timeout)
        error, steps = reference.distance(judge.interpreter.get_output_details(), want, got)
    except reference.Refused as problem:
        return name, "refused", str(problem), 0
    except reference.Crashed as problem:
        return name, "crashed", str(problem), 0
    except tensors.Mismatch as problem:
        return name, "wrong", str(problem), 0
    if not (error <= reference.TOLERANCE and steps <= getattr(case, "steps", 0)):
        return name, "wrong", f"error {error:.1e}, {steps} steps", steps
    return name, "passed", f"error {error:.1e}, {steps} steps", steps


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--edgec", help="the binary (default: $EDGEC, then the newest build)")
    parser.add_argument("--filter", default="", metavar="REGEX", help="only cases whose name matches")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--timeout", type=float, default=60.0, metavar="SECONDS")
    parser.add_argument("--verbose", action="store_true", help="one line for each case")
    options = parser.parse_args()
    binary = edgec.find(options.edgec)
    todo = {case.name: case for case in cases.CASES} | cases.WHOLE
    todo = {name: case for name, case in todo.items() if re.search(options.filter, name)}
    counts, farthest, bad = collections.Counter(), 0, 0
    with tempfile.TemporaryDirectory(prefix="edgec-tflite-") as temporary:
        folder = pathlib.Path(temporary)
        with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
            for name, status, text, steps in pool.map(
                lambda item: run_case(*item, binary, folder, options.timeout), todo.items()
            ):
                counts[status] += 1
                farthest = max(farthest, steps)
                surprise = status in ("wrong", "crashed") or (status == "refused" and name not in REFUSED)
                bad += surprise
                if surprise or options.verbose or status == "skipped":
                    print(f"{status:8} {name}  {text}", flush=True)
    print(f"largest difference of quantized outputs: {farthest} steps")
    print(" / ".join(f"{counts[s]} {s}" for s in ("passed", "refused", "wrong", "crashed", "skipped")))
    print(f"{counts['passed']} passed, {bad} failed, {counts['skipped']} skipped")
    return 1 if bad or not counts["passed"] else 0


if __name__ == "__main__":
    sys.exit(main())
