"""Runs a model through `edgec run`, and says whether edgec refused it or broke."""

from __future__ import annotations

import pathlib
import shutil

from common import edgec, tensors


class Refused(Exception):
    """edgec says that it doesn't do this."""


class Crashed(Exception):
    """A signal, a hang, a sanitizer report."""


def run_model(binary: str, path: pathlib.Path, feed: list, calls: int, work: pathlib.Path, timeout: float,
              options: list = ()) -> list:  # fmt: skip
    """The outputs of the last of `calls` calls with one feed, names and arrays, which begin with fresh states."""
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    args = ["run", path, "--output", work / "out", "--calls", calls, *options]
    for at, (name, value) in enumerate(feed):
        tensors.save(work / f"{at}.npy", value)
        args += ["--input", f"{name}={work / f'{at}.npy'}"]
    result = edgec.invoke(binary, args, timeout=timeout)
    if result.crash:
        raise Crashed(f"{result.crash}\n{result.tail}")
    if result.code == 1:
        raise Refused(edgec.reason(result.stderr))
    if result.code:
        raise Crashed(f"exit code {result.code}\n{result.tail}")
    return [value for _, value in tensors.load_outputs(work / "out")]
