#!/usr/bin/env python3
"""The example of docs/torch.md, line by line: exported, compiled for a Cortex-M4, and run on an emulated one.

    python test/torch/example.py

Both blocks of code are taken from the page, so that what it says works. The board's outputs are within 1e-5 of torch's.
The target's tools may be absent, unless the environment variable EDGEC_REQUIRE_TARGETS lists it ("all", or names with
commas).
"""

from __future__ import annotations

import argparse
import os
import pathlib
import re
import shlex
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "mcu")]

import numpy as np  # noqa: E402
import torch  # noqa: E402
from common import edgec  # noqa: E402
import emulate  # noqa: E402

PAGE = HERE.parents[1] / "docs" / "torch.md"
TARGET, TOLERANCE, CALLS = "cortex-m4", 1e-5, 3


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--edgec", help="the binary (default: $EDGEC, then the newest build)")
    options = parser.parse_args()
    binary = edgec.find(options.edgec)
    lack = emulate.optional(TARGET)
    if lack:
        print(f"skipped: {TARGET} needs {lack}")
        return 0
    (program,) = [block for block in blocks("python") if "TinyClassifier" in block]
    (line,) = [block for block in blocks("sh") if "tiny.pt2" in block]
    command = shlex.split(line)
    torch.manual_seed(1)
    with tempfile.TemporaryDirectory(prefix="edgec-example-") as temporary:
        os.chdir(temporary)
        names: dict = {}
        exec(compile(program, str(PAGE), "exec"), names)  # noqa: S102: the project's own page
        result = edgec.invoke(binary, command[1:], timeout=300)
        if command[0] != "edgec" or result.code != 0:
            print(f"failed: {line.strip()}: {result.crash or result.tail}")
            return 1
        feeds = [torch.randn(1, 1, 28, 28) for _ in range(CALLS)]
        out = pathlib.Path(command[command.index("-o") + 1])
        gots = emulate.run(TARGET, out / "libtiny.a", out, "tiny", [[x.numpy()] for x in feeds])
        with torch.no_grad():
            wants = [names["model"](x).numpy() for x in feeds]
    error = max(float(np.abs(want - got).max()) for want, (got,) in zip(wants, gots, strict=True))
    failed = not error <= TOLERANCE
    print(f"{'failed' if failed else 'passed'}: {CALLS} calls on {TARGET}, largest error {error:.1e}")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
