#!/usr/bin/env python3
"""Whole models through edgec, beside LiteRT's reference kernels.

    EDGEC_MODELS=folder python test/tflite/models.py --filter kws    # a folder's .tflite files
    EDGEC_MODELS=folder python test/tflite/models.py --seeds 20      # before a release

For each model: seeded inputs, four calls each, so that states come round. Outputs of floats are within 1e-4
of the reference's range, quantized ones equal; the largest differences are printed. With `--target` the
compiled library runs under an emulator instead of `edgec run`.

Where a model's layers carry an error on until it is more, each of them has to hold these limits alone, on
what the reference computed before it (layers.py): such a model ends as `by layer`, with both numbers.
"""

from __future__ import annotations

import argparse
import os
import pathlib
import re
import sys
import tempfile
import zlib

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

from common import edgec, tensors  # noqa: E402
import layers  # noqa: E402
import reference  # noqa: E402

CALLS = 4


def check(path: pathlib.Path, options, binary: str, work: pathlib.Path) -> tuple[str, str]:
    """passed, by layer, failed or skipped, and what there is to say."""
    try:
        judge = reference.Reference(path)
    except (RuntimeError, ValueError) as problem:
        return "skipped", f"LiteRT can't run it: {str(problem)[:100]}"
    error, steps = 0.0, 0
    for seed in range(options.seeds):
        feed = judge.feed(zlib.crc32(path.name.encode()) + seed)
        want = judge.run(feed, CALLS)
        try:
            if options.target == "host":
                got = reference.run(binary, path, feed, CALLS, work, options.timeout)
            else:
                got = reference.emulate(binary, path, feed, CALLS, work, options.timeout, options.target)
            e, s = reference.distance(judge.interpreter.get_output_details(), want, got)
        except (reference.Refused, reference.Crashed, tensors.Mismatch) as problem:
            return "failed", f"{type(problem).__name__}: {problem}"
        error, steps = max(error, e), max(steps, s)
    text = f"error {error:.1e}, {steps} steps"
    if error <= reference.TOLERANCE and steps <= reference.STEPS:
        return "passed", text
    if options.target != "host":
        return "failed", text
    try:
        feed = judge.feed(zlib.crc32(path.name.encode()))
        judged, farthest, problems = layers.check(path, feed, binary, work, options.timeout)
    except (reference.Refused, reference.Crashed, tensors.Mismatch) as problem:
        return "failed", f"{text}; a layer alone: {type(problem).__name__}: {problem}"
    if problems or not judged:
        return "failed", f"{text}; " + "; ".join(problems)
    return "by layer", f"{text}; {judged} layers alone: {farthest} steps at most"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--edgec", help="the binary (default: $EDGEC, then the newest build)")
    parser.add_argument("--models", metavar="DIR", help="a folder of .tflite files (default: $EDGEC_MODELS)")
    parser.add_argument("--filter", default="", metavar="REGEX", help="only files whose name matches")
    parser.add_argument("--seeds", type=int, default=3, metavar="N", help="inputs for each model")
    parser.add_argument("--target", default="host", help="compile for this, and run under its emulator")
    parser.add_argument("--timeout", type=float, default=300.0, metavar="SECONDS", help="for one run of edgec")
    options = parser.parse_args()
    binary = edgec.find(options.edgec)
    folder = options.models or os.environ.get("EDGEC_MODELS")
    if not folder:
        print("EDGEC_MODELS is not set: nothing to do\n0 passed, 0 failed, 0 skipped")
        return 0
    paths = [p for p in sorted(pathlib.Path(folder).glob("*.tflite")) if re.search(options.filter, p.name)]
    counts = {"passed": 0, "by layer": 0, "failed": 0, "skipped": 0}
    with tempfile.TemporaryDirectory(prefix="edgec-tflite-") as temporary:
        for path in paths:
            status, text = check(path, options, binary, pathlib.Path(temporary) / "run")
            counts[status] += 1
            print(f"{status:8} {path.stem:45} {text}", flush=True)
    print(", ".join(f"{n} {status}" for status, n in counts.items()))
    return 1 if counts["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
