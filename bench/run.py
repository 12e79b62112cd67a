#!/usr/bin/env python3
"""Times edgec beside onnxruntime, OpenVINO, IREE and ncnn.

    bench/setup                                      # once: bench/.venv with the peers
    bench/.venv/bin/python bench/run.py              # models from pinned packages
    bench/.venv/bin/python bench/run.py models/ --threads 2 --json out.json
    bench/.venv/bin/python bench/run.py net.onnx --shape x=1x3x320x320

Every peer is a process of its own (bench/peers.py), and they take turns: a slice of some runs each,
over and over, so that whatever else the machine does meets all of them. Before that, each peer's
outputs are held against onnxruntime's. The ratio is the best peer's time over edgec's, the median over
slices that ran side by side: above 1 edgec is the faster one.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "test")]

import numpy as np  # noqa: E402
import report  # noqa: E402
import zoo  # noqa: E402
from common import edgec, tensors  # noqa: E402

# What each reads, and the one whose outputs the others' are compared with.
PEERS = {
    "edgec": (".onnx", ".tflite"), "onnxruntime": (".onnx",), "litert": (".tflite",),
    "openvino": (".onnx", ".tflite"), "iree": (".onnx",), "ncnn": (".onnx",),
}  # fmt: skip
REFERENCES = {".onnx": "onnxruntime", ".tflite": "litert"}


class Worker:
    """A peer's process."""

    def __init__(self, name: str, model: pathlib.Path, feed: dict, options: dict, work: pathlib.Path):
        self.name, self.out = name, work / f"{name}.npz"
        given = work / f"{name}-feed.npz"
        np.savez(given, **{f"a{i}": value for i, value in enumerate(feed.values())})
        self.log = (work / f"{name}.log").open("w")
        settings = work / f"{name}.json"
        settings.write_text(json.dumps({**options, "inputs": list(feed)}))
        self.process = subprocess.Popen(
            [sys.executable, HERE / "peers.py", name, model, given, self.out, settings],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, text=True, bufsize=1,
        )  # fmt: skip
        self.times: list[list[int]] = []  # of each slice
        self.problem: str | None = None
        self.error: float | None = None
        self.version = ""

    def reply(self):
        line = self.process.stdout.readline()
        if not line:
            self.process.wait()
            raise RuntimeError(f"ended with exit code {self.process.returncode}")
        return json.loads(line)

    def start(self) -> list[np.ndarray] | None:
        try:
            said = self.reply()
        except RuntimeError as error:
            self.problem = str(error)
            return None
        if "unable" in said:
            self.problem = said["unable"].replace(f"{self.out.parent}/", "")
            # ncnn says why only on its stderr.
            why = re.search(r"^layer .*(?:failed|not exists)", self.text_of_log(), re.MULTILINE)
            self.problem += f" ({why[0]})" if why else ""
            return None
        self.version = said["ready"]
        with np.load(self.out) as file:
            return [file[f"a{i}"] for i in range(len(file.files))]

    def text_of_log(self) -> str:
        return pathlib.Path(self.log.name).read_text(errors="replace")

    def slice(self, runs: int) -> list[int]:
        self.process.stdin.write(f"{runs}\n")
        return self.reply()

    def close(self) -> None:
        try:
            self.process.stdin.close()
            self.process.wait(10)
        except (OSError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()
        self.log.close()


def distance(want: np.ndarray, got: np.ndarray) -> float:
    """As a part of what was there, or, of quantized tensors, of what could have been."""
    if want.dtype.kind in "iu" and want.dtype.itemsize < 4 and want.dtype == got.dtype and want.shape == got.shape:
        limits = np.iinfo(want.dtype)
        steps = np.abs(want.astype(np.int64) - got).max(initial=0)
        return float(steps) / (limits.max - limits.min + 1)
    return tensors.range_error(want, got)


def prepare(names: list[str], setup: zoo.Setup, options: dict, work: pathlib.Path):
    """The peers of one model, those that can run it ready to; each compared with the reference."""
    options = dict(options)
    workers, expected = [], None
    reference = REFERENCES[setup.model.suffix]
    names = [name for name in names if setup.model.suffix in PEERS[name]]
    for name in [reference, *(n for n in names if n != reference)]:
        worker = Worker(name, setup.model, setup.feed, options, work)
        workers.append(worker)
        got = worker.start()
        if name == reference:
            if got is None:
                break
            expected = setup.expected or got
            options["outputs"] = [(v.dtype.name, list(v.shape)) for v in got]
        if got is None:
            continue
        try:
            errors = [distance(a, b) for a, b in zip(expected, got, strict=True)]
            worker.error = max(errors, default=0.0)
        except (tensors.Mismatch, ValueError) as error:
            worker.problem = f"other outputs: {error}"
            continue
        # Peers may round differently, and where they do it is not ours to say why.
        if not worker.error <= setup.tolerance * (1 if name == "edgec" else 100):
            worker.problem = f"wrong by {worker.error:.1e} of the range"
    return workers


def measure(workers: list[Worker], rounds: int, slice_ms: float, budget_s: float) -> None:
    ready = [w for w in workers if not w.problem]
    counts = {}
    for worker in ready:
        worker.slice(2)  # caches, and whatever a peer still decides in its first runs
        begin = time.monotonic()
        took = min(worker.slice(1))
        if time.monotonic() - begin < slice_ms / 1e3:
            took = min(worker.slice(max(3, min(200, int(slice_ms * 1e6 / took)))))
        counts[worker.name] = max(1, min(2000, int(slice_ms * 1e6 / took)))
    begin = time.monotonic()
    for number in range(rounds):
        turn = number % max(1, len(ready))
        for worker in ready[turn:] + ready[:turn]:
            worker.times.append(worker.slice(counts[worker.name]))
            time.sleep(0.002)  # a pool that spins after its last task gives the processor back
        if number >= 4 and time.monotonic() - begin > budget_s:
            break


def summary(model: str, workers: list[Worker]) -> dict:
    row = {"model": model, "peers": {}}
    for worker in workers:
        entry: dict = {"version": worker.version}
        if worker.problem:
            entry["problem"] = worker.problem
        elif worker.times:
            counted = [t / 1e6 for times in worker.times for t in times]
            # The median over the slices' medians: a slice that a neighbour slowed down counts once.
            slices = [statistics.median(times) / 1e6 for times in worker.times]
            entry |= {
                "median_ms": statistics.median(slices),
                "min_ms": min(counted),
                "runs": len(counted),
                "error": worker.error,
            }
        row["peers"][worker.name] = entry
    own = next((w for w in workers if w.name == "edgec" and not w.problem and w.times), None)
    rivals = [w for w in workers if w.name != "edgec" and not w.problem and w.times]
    if own and rivals:
        # Of slices that ran side by side: what slowed both down cancels.
        ratios = {
            rival.name: statistics.median(
                statistics.median(theirs) / statistics.median(ours)
                for theirs, ours in zip(rival.times, own.times)
            )
            for rival in rivals
        }
        row["best_peer"] = min(ratios, key=ratios.get)
        row["ratio"] = ratios[row["best_peer"]]
        least = {name: entry["min_ms"] for name, entry in row["peers"].items() if "min_ms" in entry}
        row["ratio_min"] = min(least[rival.name] for rival in rivals) / least["edgec"]
    return row


def processor() -> str:
    try:
        for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def vector_extension() -> str:
    try:
        flags = pathlib.Path("/proc/cpuinfo").read_text().split()
    except OSError:
        return ""
    return next((n for n, f in (("AVX-512", "avx512f"), ("AVX2", "avx2"), ("NEON", "asimd")) if f in flags), "")  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("models", nargs="*", type=pathlib.Path, help=".onnx or .tflite files or folders; default: from pinned packages")  # fmt: skip
    parser.add_argument("--edgec", help="the binary (default: $EDGEC, then the newest build)")
    parser.add_argument("--filter", action="append", default=[], metavar="GLOB", help="only models whose name matches (repeatable)")  # fmt: skip
    parser.add_argument("--peers", default=",".join(list(PEERS)[1:]), help="which of %(default)s")
    parser.add_argument("--threads", type=int, default=1, help="for every peer (default 1)")
    parser.add_argument("--shape", action="append", default=[], metavar="NAME=1x3", help="static shape of an input")  # fmt: skip
    parser.add_argument("--set", action="append", default=[], metavar="NAME=NUMBER", help="an input of one fixed value")  # fmt: skip
    parser.add_argument("--edgec-option", action="append", default=[], help="for edgec compile (repeatable)")  # fmt: skip
    parser.add_argument("--rounds", type=int, default=30, help="turns that each peer takes (default %(default)s)")  # fmt: skip
    parser.add_argument("--slice", type=float, metavar="MS", help="a turn's length (default 20; 200 with several threads)")  # fmt: skip
    parser.add_argument("--budget", type=float, default=30.0, metavar="S", help="longest for one model, past five rounds")  # fmt: skip
    parser.add_argument("--cache", type=pathlib.Path, default=HERE / ".models", help="where fetched models are kept")  # fmt: skip
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="everything, as JSON")
    parser.add_argument("--svg", type=pathlib.Path, metavar="FILE", help="the ratios, as a picture")
    parser.add_argument("--write", action="store_true", help="put table and picture into README.md and docs/")  # fmt: skip
    options = parser.parse_args()
    names = ["edgec", *filter(None, options.peers.split(","))]
    if unknown := set(names) - set(PEERS):
        parser.error(f"--peers: unknown: {', '.join(sorted(unknown))}")
    try:
        shapes = {n: [int(d) for d in v.split("x")] for n, v in (s.rsplit("=", 1) for s in options.shape)}  # fmt: skip
        values = {n: float(v) for n, v in (s.rsplit("=", 1) for s in options.set)}
    except ValueError:
        parser.error("--shape takes NAME=1x3x224x224, --set NAME=NUMBER")
    if options.slice is None:  # threads take some time to find processors of their own
        options.slice = 20.0 if options.threads == 1 else 200.0
    binary = edgec.find(options.edgec)
    revision = subprocess.run(
        ["git", "-C", pathlib.Path(binary).parent, "describe", "--always", "--dirty", "--exclude=*"],
        capture_output=True,
        text=True,
    ).stdout.strip()
    result = {
        "processor": processor(), "vectors": vector_extension(), "threads": options.threads,
        "revision": revision or "an unknown revision", "date": time.strftime("%Y-%m-%d"), "rows": [],
    }  # fmt: skip
    for path in zoo.collect(options.models, options.cache, options.filter):
        work = pathlib.Path(tempfile.mkdtemp(prefix="edgec-bench-"))
        workers: list[Worker] = []
        try:
            setup = zoo.Setup(path, shapes, values, work)
            settings = {"edgec": binary, "threads": options.threads, "edgec_options": options.edgec_option}  # fmt: skip
            workers = prepare(names, setup, settings, work)
            measure(workers, options.rounds, options.slice, options.budget)
            row = summary(path.stem, workers)
        except Exception as error:  # a model that onnxruntime itself refuses, say
            row = {"model": path.stem, "peers": {}, "problem": f"{type(error).__name__}: {error}"}
        finally:
            for worker in workers:
                worker.close()
            shutil.rmtree(work, ignore_errors=True)
        result["rows"].append(row)
        print(report.line(row, names, header=len(result["rows"]) == 1), flush=True)
        for name, entry in row["peers"].items():
            if "problem" in entry:
                print(f"    {name}: {entry['problem']}", flush=True)
        if "problem" in row:
            print(f"    {row['problem']}", flush=True)
    report.finish(result)
    print(report.footer(result))
    if options.json:
        options.json.write_text(json.dumps(result, indent=1) + "\n")
    if options.svg:
        options.svg.write_text(report.svg(result))
    if options.write:
        report.write(HERE.parent, result, names)
    failed = [r["model"] for r in result["rows"] if "median_ms" not in r["peers"].get("edgec", {})]
    if failed:
        print(f"edgec gave no time for: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    sys.exit(main())
