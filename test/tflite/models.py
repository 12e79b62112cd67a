#!/usr/bin/env python3
"""Whole models through edgec, beside LiteRT's reference kernels.

    EDGEC_MODELS=folder python test/tflite/models.py --filter kws    # a folder's .tflite files

For each model: three seeded inputs, four calls each, so that states come round. Outputs of floats are
within 1e-4 of the reference's range, quantized ones within a few steps; the largest are printed.
"""

from __future__ import annotations

import argparse
import fnmatch
import os
import pathlib
import re
import sys
import tempfile
import zlib

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

from common import edgec, tensors  # noqa: E402
import reference  # noqa: E402

CALLS = 4
# By file name: how far apart floats (as a part of their range) and steps may be, where that is more than a kernel's
# own rounding. A layer whose floats round where integer kernels shift is off by one step in about 0.1 % of its
# elements; many layers, and a softmax behind them, carry that on.
ALLOWED = {
    "coral_mobilenet_v*_quant*": (reference.TOLERANCE, 8),
    "mcunet_vww*": (0.5, 2),  # one step of two outputs that are floats
    "mlperftiny_ic_resnet8_int8*": (reference.TOLERANCE, 80),
    "tflm_dtln_int8*": (reference.TOLERANCE, 12),
    "tinymaix_mnist_valid_q*": (reference.TOLERANCE, 8),
    # Integer weights beside floats: LiteRT rounds the floats to 8 bits on the way, edgec doesn't.
    "dtln_model_quant_*": (5e-2, 0),
    "mlperftiny_kws_dscnn_fp32*": (5e-2, 0),
}


def check(path: pathlib.Path, options, binary: str, work: pathlib.Path) -> tuple[str, str]:
    """passed, failed or skipped, and what there is to say."""
    try:
        judge = reference.Reference(path)
    except (RuntimeError, ValueError) as problem:
        return "skipped", f"LiteRT can't run it: {str(problem)[:100]}"
    error, steps = 0.0, 0
    for seed in range(options.seeds):
        feed = judge.feed(zlib.crc32(path.name.encode()) + seed)
        want = judge.run(feed, CALLS)
        try:
            got = reference.run(binary, path, feed, CALLS, work, options.timeout)
            e, s = reference.distance(judge.interpreter.get_output_details(), want, got)
        except (reference.Refused, reference.Crashed, tensors.Mismatch) as problem:
            return "failed", f"{type(problem).__name__}: {problem}"
        error, steps = max(error, e), max(steps, s)
    allowed = (limits for pattern, limits in ALLOWED.items() if fnmatch.fnmatch(path.name, pattern))
    most, farthest = next(allowed, (reference.TOLERANCE, reference.STEPS))
    good = error <= most and steps <= farthest
    return "passed" if good else "failed", f"error {error:.1e}, {steps} steps"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--edgec", help="the binary (default: $EDGEC, then the newest build)")
    parser.add_argument("--models", metavar="DIR", help="a folder of .tflite files (default: $EDGEC_MODELS)")
    parser.add_argument("--filter", default="", metavar="REGEX", help="only files whose name matches")
    parser.add_argument("--seeds", type=int, default=3, metavar="N", help="inputs for each model")
    parser.add_argument("--timeout", type=float, default=300.0, metavar="SECONDS", help="for one run of edgec")
    options = parser.parse_args()
    binary = edgec.find(options.edgec)
    folder = options.models or os.environ.get("EDGEC_MODELS")
    if not folder:
        print("EDGEC_MODELS is not set: nothing to do\n0 passed, 0 failed, 0 skipped")
        return 0
    paths = [p for p in sorted(pathlib.Path(folder).glob("*.tflite")) if re.search(options.filter, p.name)]
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    with tempfile.TemporaryDirectory(prefix="edgec-tflite-") as temporary:
        for path in paths:
            status, text = check(path, options, binary, pathlib.Path(temporary) / "run")
            counts[status] += 1
            print(f"{status:8} {path.stem:45} {text}", flush=True)
    print(", ".join(f"{n} {status}" for status, n in counts.items()))
    return 1 if counts["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
