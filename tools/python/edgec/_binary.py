"""Finds edgec, and runs it."""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
from collections.abc import Sequence

from ._errors import CompileError, EdgecError

# Where the binary is, from the folder of this package: in a wheel, a build tree, an installed tree.
_BESIDE = ("bin", "../../bin", "../../../../bin")


def find_binary() -> str:
    """The edgec that is used: $EDGEC, else the one that this package came with, else the first on the PATH."""
    asked = os.environ.get("EDGEC")
    if asked:
        found = shutil.which(asked)
        if not found:
            raise EdgecError(f"EDGEC={asked} is not an executable file")
        return found
    package = pathlib.Path(__file__).resolve().parent
    for folder in _BESIDE:
        found = shutil.which("edgec", path=os.path.normpath(package / folder))
        if found:
            return found
    found = shutil.which("edgec")
    if not found:
        raise EdgecError(
            "the program 'edgec' is neither beside this package nor on the PATH: install it, or set the environment "
            "variable EDGEC to where it is"
        )
    return found


def run(arguments: Sequence[str | os.PathLike[str]]) -> subprocess.CompletedProcess[str]:
    """Runs edgec. A CompileError where it fails."""
    command = [find_binary(), *(os.fspath(argument) for argument in arguments)]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace")
    except OSError as problem:
        raise EdgecError(f"'{command[0]}' can't be run: {problem.strerror}") from problem
    if done.returncode:
        said = done.stderr.strip()
        if done.returncode < 0:
            said = f"{said}\nedgec: error: ended by signal {-done.returncode}".strip()
        raise CompileError(said, done.returncode, command)
    return done
