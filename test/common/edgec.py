"""Runs edgec as a user would, as a subprocess, and says how it ended."""

from __future__ import annotations

import dataclasses
import functools
import mmap
import os
import pathlib
import re
import resource
import shutil
import signal
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]

# What a compiler that has lost its way prints, whatever its exit code.
_CRASH_TEXT = re.compile(
    r"(?:Address|Leak|Memory|Thread|UndefinedBehavior)Sanitizer|:\d+:\d+: runtime error: "
    r"|Assertion [`'].*failed|LLVM ERROR|UNREACHABLE executed|PLEASE submit a bug report"
)


@dataclasses.dataclass
class Result:
    args: list[str]
    code: int | None  # None: stopped at the time limit
    stdout: str
    stderr: str
    seconds: float

    @property
    def crash(self) -> str | None:
        """Why this counts as a crash, or None: it ended with 0 or 1 and no sanitizer spoke."""
        if self.code is None:
            return f"no end after {self.seconds:.0f} s"
        if self.code < 0:
            try:
                name = signal.Signals(-self.code).name
            except ValueError:
                name = f"signal {-self.code}"
            return f"killed by {name}"
        found = _CRASH_TEXT.search(self.stderr)
        if found:
            line = self.stderr[self.stderr.rfind("\n", 0, found.start()) + 1 :].splitlines()[0]
            return line.strip()[:200]
        if self.code not in (0, 1):
            return f"exit code {self.code}"
        return None

    @property
    def tail(self) -> str:
        return "\n".join(self.stderr.strip().splitlines()[-6:])[-1500:]


def find(given: str | None = None) -> str:
    """The binary: --edgec, then $EDGEC, then the newest one in a build folder, then the PATH."""
    for name in (given, os.environ.get("EDGEC")):
        if name:
            path = shutil.which(name)
            if not path:
                raise SystemExit(f"edgec: '{name}' is not an executable file")
            return str(pathlib.Path(path).resolve())
    built = [p for p in ROOT.glob("build*/**/bin/edgec") if os.access(p, os.X_OK)]
    if built:
        return str(max(built, key=lambda p: p.stat().st_mtime))
    path = shutil.which("edgec")
    if not path:
        raise SystemExit("edgec: no binary found; build it, or give --edgec or $EDGEC")
    return path


@functools.cache
def _limited(binary: str) -> bool:
    """Whether an address-space limit can be set: the sanitizers' shadow memory needs terabytes."""
    with open(binary, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        return all(data.find(s) < 0 for s in (b"__asan_init", b"__msan_init", b"__tsan_init"))


def invoke(
    binary: str,
    args: list[str],
    *,
    timeout: float,
    env: dict[str, str] | None = None,
    cwd: str | os.PathLike | None = None,
    memory: int = 12 << 30,
) -> Result:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))

    command = [binary, *map(str, args)]
    start = time.monotonic()
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        cwd=cwd,
        env={**os.environ, **(env or {})},
        start_new_session=True,
        preexec_fn=limit if _limited(binary) else None,
    )
    code: int | None
    try:
        out, err = process.communicate(timeout=timeout)
        code = process.returncode
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)  # its children too: they hold the pipes open
        out, err = process.communicate()
        code = None
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    return Result(command, code, out, err, time.monotonic() - start)


def reason(stderr: str) -> str:
    """The first error without what is particular to one model, so that like refusals group."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    if not lines:
        return "(nothing on stderr)"
    line = next((at for at in lines if "error:" in at), lines[0])
    line = re.sub(r"^.*?\.(?:onnx|pt2|tflite|gguf|mlir)(?::\d+)*:\s*", "", line)
    line = re.sub(r"^node '[^']*':\s*", "", line)
    line = re.sub(r"^(?:edgec:\s*)?error:\s*", "", line)
    line = re.sub(r"tensor<[^>]*>+", "tensor<…>", line)
    line = re.sub(r"(?<!\w)/(?:[\w.+-]+/)+", "", line)  # a temporary folder is no reason
    return line[:240]
