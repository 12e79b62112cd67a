#!/usr/bin/env python3
"""Executed instructions of a model: edgec's code, and the same model in plain C loops.

    bench/.venv/bin/python bench/instructions.py model.onnx...     # default: models from pinned packages

Both are programs for Linux on AArch64 and RISC-V, run by QEMU with a plugin that counts (insncount.c).
What the program executes without running the model is taken from what it does with one run.
The loops come from naive.py and are compiled by clang -O3 for the same processor; their outputs are
held against onnxruntime's as well. Counts are the same on every machine, which times are not, but an
instruction that works on a vector counts as one, and one that misses the cache too.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import math
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "test")]

import naive  # noqa: E402
import numpy as np  # noqa: E402
import onnx  # noqa: E402
import onnxruntime  # noqa: E402
import report  # noqa: E402
import zoo  # noqa: E402
from common import edgec, tensors  # noqa: E402

MARKERS = ("<!-- instructions -->", "<!-- /instructions -->")
MODELS = ["ppocr_mobile_v2_cls", "ppocrv4_mobile_det", "speechmos_dnsmos_model_v8", "basic_pitch_nmp", "silero_vad"]  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Machine:
    target: str
    flags: tuple[str, ...]
    emulator: tuple[str, ...]
    include: str  # of its C library


MACHINES = [
    Machine("cortex-a53", ("--target=aarch64-linux-gnu", "-mcpu=cortex-a53"), ("qemu-aarch64", "-cpu", "cortex-a53"),
            "/usr/aarch64-linux-gnu/include"),
    Machine("rv64gcv", ("--target=riscv64-linux-gnu", "-march=rv64gcv", "-mabi=lp64d"),
            ("qemu-riscv64", "-cpu", "rv64,v=true,vlen=128,vext_spec=v1.0"), "/usr/riscv64-linux-gnu/include"),
]  # fmt: skip


class Failed(Exception):
    pass


def tool(command: list, cwd: pathlib.Path, timeout: float = 1200) -> str:
    try:
        done = subprocess.run(
            [str(c) for c in command], cwd=cwd, capture_output=True, text=True, errors="replace",
            timeout=timeout, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise Failed(f"{command[0]}: no end after {timeout:.0f} s") from None
    except FileNotFoundError:
        raise Failed(f"{command[0]} is not installed") from None
    if done.returncode:
        raise Failed(f"{command[0]}: {done.stderr.strip()[-300:] or done.returncode}")
    return done.stdout


def write_harness(work: pathlib.Path, values, call: str, before: str) -> None:
    """main.c: a program that reads input0.bin..., runs the model as often as its argument says, and
    writes output0.bin..."""
    inputs, outputs = values
    for i, value in enumerate(inputs):
        (work / f"input{i}.bin").write_bytes(np.ascontiguousarray(value).tobytes())
    lines = ["#include <stdio.h>", "#include <stdlib.h>", before]
    for kind, values in (("input", inputs), ("output", outputs)):
        for i, value in enumerate(values):
            lines.append(f"static _Alignas(64) unsigned char {kind}{i}[{max(1, value.nbytes)}];")
    lines.append("static void transfer(const char *name, void *data, size_t bytes, int out) {")
    lines.append('  FILE *f = fopen(name, out ? "wb" : "rb");')
    lines.append("  if (!f || (out ? fwrite(data, 1, bytes, f) : fread(data, 1, bytes, f)) != bytes) exit(1);")  # fmt: skip
    lines.append("  fclose(f);\n}")
    lines.append("int main(int argc, char **argv) {\n  int runs = argc > 1 ? atoi(argv[1]) : 1;")
    lines.append(f"  const void *in[] = {{{', '.join(f'input{i}' for i in range(len(inputs)))}}};")
    lines.append(f"  void *out[] = {{{', '.join(f'output{i}' for i in range(len(outputs)))}}};")
    for i, value in enumerate(inputs):
        lines.append(f'  transfer("input{i}.bin", input{i}, {value.nbytes}, 0);')
    lines.append(f"  for (int i = 0; i < runs; ++i) {{ {call} }}")
    for i, value in enumerate(outputs):
        lines.append(f'  transfer("output{i}.bin", output{i}, {value.nbytes}, 1);')
    lines.append("  return 0;\n}")
    (work / "main.c").write_text("\n".join(lines) + "\n")


def read_outputs(work: pathlib.Path, values) -> list[np.ndarray]:
    return [
        np.fromfile(work / f"output{i}.bin", value.dtype).reshape(value.shape)
        for i, value in enumerate(values[1])
    ]


NAIVE = (
    "naive_run((const float *const *)in, (float *const *)out);",
    "void naive_run(const float *const *inputs, float *const *outputs);",
)


def build_edgec(machine: Machine, model: pathlib.Path, binary: str, values, work: pathlib.Path):
    tool([binary, "compile", model, "--name=bench", f"--target={machine.target}", "-o", work], work)
    arena = json.loads((work / "bench.json").read_text())["arena"]
    before = (
        '#include "bench.h"\n'
        f"static _Alignas({max(64, arena['align'])}) unsigned char arena[{max(1, arena['bytes'])}];"
    )
    call = "if (bench_model.invoke(arena, in, out, NULL)) return 1;"
    write_harness(work, values, call, before)
    return ["main.c", "libbench.a"]


def build_naive(machine: Machine, model: pathlib.Path, binary: str, values, work: pathlib.Path):
    if any(v.dtype != np.float32 for v in [*values[0], *values[1]]):
        raise Failed("not all float32")
    naive.Emitter(zoo.fold(onnx.load(model), work)).write(work)
    write_harness(work, values, *NAIVE)
    return ["main.c", "naive.c"]


def count(machine: Machine, sources: list, plugin: pathlib.Path, values, work: pathlib.Path):
    """Instructions of one run, and what it computed."""
    clang = next(filter(None, map(shutil.which, ("clang-22", "clang"))), "clang")
    objects = []
    for source in sources:
        if source.endswith(".c"):
            include = f"-I{HERE.parent / 'runtime' / 'include'}"
            tool([clang, *machine.flags, "-O3", "-c", source, "-o", source + ".o", include,
                  "-isystem", machine.include], work)  # fmt: skip
            source += ".o"
        objects.append(source)
    tool([clang, *machine.flags, "-static", "-fuse-ld=lld", *objects, "-lm", "-o", "program"], work)
    totals = []
    for runs in (0, 1):
        out = work / f"count{runs}"
        tool([*machine.emulator, "-plugin", f"{plugin},out={out}", work / "program", runs], work)
        totals.append(int(out.read_text()))
    return totals[1] - totals[0], read_outputs(work, values)


def markdown(rows: list[dict]) -> str:
    lines = ["| model | machine | edgec | plain C, `clang -O3` | C / edgec | edgec's a MAC |", "|---|---|---:|---:|---:|---:|"]  # fmt: skip
    for row in rows:
        own, naive_, macs = row.get("edgec"), row.get("naive"), row["macs"]
        cells = [
            f"{own / 1e6:.2f} M" if own else "–",
            f"{naive_ / 1e6:.2f} M" if naive_ else "–",
            f"{row['ratio']:.2f}" if "ratio" in row else "–",
            f"{own / macs:.2f}" if own and macs else "–",
        ]
        lines.append(f"| {row['model']} | {row['machine']} | {' | '.join(cells)} |")
    ratios = [row["ratio"] for row in rows if "ratio" in row]
    if ratios:
        mean = math.exp(sum(map(math.log, ratios)) / len(ratios))
        lines.append(f"| geometric mean | | | | **{mean:.2f}** | |")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("models", nargs="*", type=pathlib.Path, help=".onnx files or folders")
    parser.add_argument("--edgec", help="the binary (default: $EDGEC, then the newest build)")
    parser.add_argument("--filter", action="append", default=[], metavar="GLOB", help="only models whose name matches (repeatable)")  # fmt: skip
    parser.add_argument("--cache", type=pathlib.Path, default=HERE / ".models", help="where fetched models are kept")  # fmt: skip
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="everything, as JSON")
    parser.add_argument("--write", action="store_true", help="put the table into docs/performance.md")
    options = parser.parse_args()
    binary = edgec.find(options.edgec)
    patterns = options.filter or ([] if options.models else MODELS)
    rows, ratios = [], []
    folder = pathlib.Path(tempfile.mkdtemp(prefix="edgec-instructions-"))
    try:
        plugin = folder / "insncount.so"
        compiler = next(filter(None, map(shutil.which, ("clang-22", "clang", "cc"))), "cc")
        tool([compiler, "-O2", "-shared", "-fPIC", HERE / "insncount.c", "-o", plugin], folder)
        print(f"{'model':38}{'machine':>12}{'edgec':>15}{'plain C':>15}{'C/edgec':>9}{'per MAC':>9}")
        for path in zoo.collect(options.models, options.cache, patterns):
            work = folder / path.stem
            work.mkdir()
            setup = zoo.Setup(path, {}, {}, work)
            session_options = onnxruntime.SessionOptions()
            session_options.log_severity_level = 4
            session = onnxruntime.InferenceSession(str(setup.model), session_options)
            expected = session.run(None, setup.feed)
            values = (list(setup.feed.values()), expected)
            for machine in MACHINES:
                row = {"model": path.stem, "machine": machine.target}
                for name, build in (("edgec", build_edgec), ("naive", build_naive)):
                    place = work / f"{machine.target}-{name}"
                    place.mkdir()
                    try:
                        sources = build(machine, setup.model, binary, values, place)
                        number, got = count(machine, sources, plugin, values, place)
                        error = max(tensors.range_error(a, b) for a, b in zip(expected, got))
                        if not error <= 10 * setup.tolerance:
                            raise Failed(f"wrong by {error:.1e} of the range")
                        row[name] = number
                    except (Failed, naive.Unsupported, tensors.Mismatch) as error:
                        row[f"{name}_problem"] = str(error)
                macs = 0
                manifest = work / f"{machine.target}-edgec" / "bench.json"
                if manifest.exists():
                    macs = json.loads(manifest.read_text())["macs"]
                row["macs"] = macs
                cells = [f"{row[k]:15,}" if k in row else f"{'–':>15}" for k in ("edgec", "naive")]
                if "edgec" in row and "naive" in row:
                    row["ratio"] = row["naive"] / row["edgec"]
                    ratios.append(row["ratio"])
                ratio = f"{row['ratio']:9.2f}" if "ratio" in row else " " * 9
                each = f"{row['edgec'] / macs:9.3f}" if macs and "edgec" in row else ""
                print(f"{path.stem[:37]:38}{machine.target:>12}{''.join(cells)}{ratio}{each}", flush=True)  # fmt: skip
                for key, text in row.items():
                    if key.endswith("_problem"):
                        print(f"    {key.removesuffix('_problem')}: {text}", flush=True)
                rows.append(row)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if ratios:
        mean = math.exp(sum(map(math.log, ratios)) / len(ratios))
        print(f"geometric mean of plain C / edgec over {len(ratios)}: {mean:.2f}")
    if options.write:
        report.insert(HERE.parent / "docs" / "performance.md", markdown(rows), MARKERS)
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n")
    return 0 if all("edgec" in row for row in rows) else 1


if __name__ == "__main__":
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    sys.exit(main())
