#!/usr/bin/env python3
"""Single ops of many shapes, beside what this machine could do at best.

    bench/.venv/bin/python bench/ops.py                 # the whole grid: some minutes
    bench/.venv/bin/python bench/ops.py --filter 'dw*' --json ops.json
    bench/.venv/bin/python bench/ops.py --int8          # the same shapes as QLinearConv and QLinearMatMul

Each op is a model of its own. The convolutions that edgec gets have inputs and outputs with channels
last, between transposes that cancel; onnxruntime gets them channels first, as it wants them. Work is
counted exactly: taps in the padding are none.

`limit` is what lanes and memory allow, as a share of the peak: channels / (channels rounded up to
whole vectors), and the bytes of input, weights and output at the rate at which this machine reads
or copies that many. `of limit` is how much of that edgec reaches. With --int8 the peak is that of
sums of products of integers (of 8 bits with VNNI, else of 16); weights have 7 bits, so that nobody's instructions saturate, and results
may differ by a step.
"""

from __future__ import annotations

import argparse
import dataclasses
import fnmatch
import json
import math
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "test")]

import numpy as np  # noqa: E402
import onnx  # noqa: E402
import run  # noqa: E402
from common import edgec  # noqa: E402
from onnx import TensorProto, helper, numpy_helper  # noqa: E402


@dataclasses.dataclass(frozen=True)
class Gemm:
    m: int
    k: int
    n: int

    @property
    def name(self) -> str:
        return f"{'gemv' if self.m == 1 else 'gemm'} {self.m}x{self.k}x{self.n}"

    lanes_of = property(lambda self: self.n)
    macs = property(lambda self: self.m * self.k * self.n)
    elements = property(lambda self: self.m * self.k + self.k * self.n + self.m * self.n)

    def models(self, rng: np.random.Generator):
        weights = rng.standard_normal((self.k, self.n)).astype(np.float32)
        nodes = [helper.make_node("MatMul", ["x", "w"], ["y"])]
        model = build(nodes, [self.m, self.k], [self.m, self.n], {"w": weights})
        x = rng.standard_normal((self.m, self.k)).astype(np.float32)
        return model, model, x, x, lambda y: y

    def quantized(self, rng: np.random.Generator):
        data = {"w": rng.integers(-63, 64, (self.k, self.n), np.int8), **scales(self.k, None)}
        nodes = [helper.make_node("QLinearMatMul", ["x", "xs", "xz", "w", "ws", "wz", "ys", "yz"], ["y"])]
        model = build(nodes, [self.m, self.k], [self.m, self.n], data, TensorProto.INT8)
        x = rng.integers(-128, 128, (self.m, self.k), np.int8)
        return model, model, x, x, lambda y: y


@dataclasses.dataclass(frozen=True)
class Conv:
    size: int
    channels: int
    filters: int
    kernel: int = 3
    stride: int = 1
    depthwise: bool = False

    @property
    def name(self) -> str:
        kind = "dw" if self.depthwise else "pw" if self.kernel == 1 else "first" if self.channels <= 4 else "conv"  # fmt: skip
        shape = f"{self.size}x{self.size}x{self.channels}"
        shape += "" if self.depthwise else f"->{self.filters}"
        return f"{kind}{self.kernel} s{self.stride} {shape}"

    out = property(lambda self: (self.size - 1) // self.stride + 1)
    lanes_of = property(lambda self: self.filters)

    @property
    def macs(self) -> int:
        pad = self.kernel // 2
        taps = sum(
            0 <= at * self.stride + tap - pad < self.size
            for at in range(self.out)
            for tap in range(self.kernel)
        )
        return taps * taps * self.filters * (1 if self.depthwise else self.channels)

    @property
    def elements(self) -> int:
        weights = self.kernel**2 * self.filters * (1 if self.depthwise else self.channels)
        return self.size**2 * self.channels + weights + self.out**2 * self.filters

    def models(self, rng: np.random.Generator):
        inner = 1 if self.depthwise else self.channels
        shape = (self.filters, inner, self.kernel, self.kernel)
        weights = (rng.standard_normal(shape) / math.sqrt(inner)).astype(np.float32)
        bias = rng.standard_normal(self.filters).astype(np.float32)
        data = {"w": weights, "b": bias}
        x = rng.standard_normal((1, self.channels, self.size, self.size)).astype(np.float32)
        node = lambda x, y: helper.make_node("Conv", [x, "w", "b"], [y], **self.attributes)  # noqa: E731
        return self.both(node, data, x, TensorProto.FLOAT)

    def quantized(self, rng: np.random.Generator):
        inner = 1 if self.depthwise else self.channels
        shape = (self.filters, inner, self.kernel, self.kernel)
        data = {
            "w": rng.integers(-63, 64, shape, np.int8), "b": rng.integers(-999, 1000, self.filters, np.int32),
            **scales(inner * self.kernel**2, self.filters),
        }  # fmt: skip
        x = rng.integers(-128, 128, (1, self.channels, self.size, self.size), np.int8)
        node = lambda x, y: helper.make_node(  # noqa: E731
            "QLinearConv", [x, "xs", "xz", "w", "ws", "wz", "ys", "yz", "b"], [y], **self.attributes
        )
        return self.both(node, data, x, TensorProto.INT8)

    @property
    def attributes(self) -> dict:
        return {
            "kernel_shape": [self.kernel] * 2, "strides": [self.stride] * 2, "pads": [self.kernel // 2] * 4,
            "group": self.channels if self.depthwise else 1,
        }  # fmt: skip

    def both(self, node, data: dict, x: np.ndarray, dtype: int):
        """The op with channels first and last, the input of each, and the way back."""
        plain = build(
            [node("x", "y")],
            [1, self.channels, self.size, self.size], [1, self.filters, self.out, self.out], data, dtype,
        )  # fmt: skip
        last = build(
            [helper.make_node("Transpose", ["x"], ["first"], perm=[0, 3, 1, 2]), node("first", "second"),
             helper.make_node("Transpose", ["second"], ["y"], perm=[0, 2, 3, 1])],
            [1, self.size, self.size, self.channels], [1, self.out, self.out, self.filters], data, dtype,
        )  # fmt: skip
        back = lambda y: np.ascontiguousarray(y.transpose(0, 3, 1, 2))  # noqa: E731
        return plain, last, x, np.ascontiguousarray(x.transpose(0, 2, 3, 1)), back


def scales(depth: int, features: int | None) -> dict:
    """Inputs of a QLinear operator, for results that fill their range: the weights' scale is one, or one
    for each feature."""
    count = features or 1
    one = lambda value, dtype: np.array(value, dtype)  # noqa: E731
    return {
        "xs": one(0.02, np.float32), "xz": one(3, np.int8),
        "ws": np.full(count, 0.01, np.float32) if features else one(0.01, np.float32),
        "wz": np.zeros(count, np.int8) if features else one(0, np.int8),
        "ys": one(0.02 * 0.01 * 74 * 37 * math.sqrt(depth) / 40, np.float32), "yz": one(-5, np.int8),
    }  # fmt: skip


def build(nodes: list, inputs: list, outputs: list, data: dict, dtype: int = TensorProto.FLOAT) -> onnx.ModelProto:
    graph = helper.make_graph(
        nodes, "op",
        [helper.make_tensor_value_info("x", dtype, inputs)],
        [helper.make_tensor_value_info("y", dtype, outputs)],
        [numpy_helper.from_array(value, name) for name, value in data.items()],
    )  # fmt: skip
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def depthwise(size: int, channels: int, kernel: int, stride: int) -> Conv:
    return Conv(size, channels, channels, kernel, stride, depthwise=True)


GRID = [
    *(Gemm(*s) for s in [(512, 512, 512), (113, 500, 70), (49, 320, 1280), (196, 480, 112), (64, 64, 64),
                         (32, 1000, 17), (784, 144, 40), (17, 96, 257), (256, 64, 1000), (1024, 96, 24)]),
    *(Gemm(1, *s) for s in [(1024, 1024), (4096, 4096), (128, 512), (257, 512), (960, 1280), (64, 10)]),
    *(Conv(*s, kernel=1) for s in [(113, 16, 24), (113, 3, 17), (112, 32, 16), (56, 24, 96), (56, 96, 24),
                                   (28, 144, 40), (27, 17, 96), (27, 96, 96), (14, 480, 112), (14, 96, 24),
                                   (14, 112, 672), (7, 320, 1280), (7, 1152, 192), (7, 96, 17)]),
    *(Conv(*s) for s in [(113, 16, 24), (56, 64, 64), (56, 17, 24), (27, 24, 96), (27, 96, 96), (14, 96, 96),
                         (14, 256, 256), (14, 17, 17), (7, 96, 24), (7, 512, 512)]),
    *(Conv(*s, stride=2) for s in [(113, 16, 24), (56, 24, 96), (27, 96, 96), (14, 96, 96), (14, 17, 40)]),
    *(Conv(*s, stride=2) for s in [(224, 3, 32), (113, 3, 16), (320, 3, 16)]), Conv(96, 1, 24),
    *(depthwise(*s, 3, 1) for s in [(113, 32), (56, 144), (27, 96), (14, 480), (7, 960)]),
    *(depthwise(*s, 3, 2) for s in [(113, 96), (56, 24), (27, 96)]),
    *(depthwise(*s, 5, 1) for s in [(56, 24), (27, 40)]), depthwise(14, 480, 5, 2),
]  # fmt: skip


def machine(work: pathlib.Path) -> dict:
    compiler = next(filter(None, map(shutil.which, ("clang-22", "clang"))), None)
    if not compiler:
        raise SystemExit("ops.py: needs clang, to measure the machine's peak")
    subprocess.run(
        [compiler, "-O3", "-march=native", HERE / "peak.c", "-o", work / "peak"], check=True
    )
    best: dict = {}
    for _ in range(3):
        got = json.loads(subprocess.run([work / "peak"], capture_output=True, check=True).stdout)
        if not best:
            best = got
        for key in ("gflops", "giops"):
            best[key] = max(best[key], got[key])
        for entry, other in zip(best["memory"], got["memory"]):
            for key in ("read", "copy"):
                entry[key] = max(entry[key], other[key])
    return best


def bandwidth(limits: dict, size: float) -> float:
    """GB/s for a loop over that many bytes, between the measured points on a logarithmic scale."""
    points = [(p["bytes"], max(p["read"], p["copy"])) for p in limits["memory"]]
    return float(np.interp(math.log(size), [math.log(b) for b, _ in points], [r for _, r in points]))


def time_op(op, options, binary: str, limits: dict, work: pathlib.Path) -> dict:
    random = np.random.default_rng(1)
    plain, last, x, x_last, back = op.quantized(random) if options.int8 else op.models(random)
    files = {}
    for key, model in (("plain", plain), ("last", last)):
        files[key] = work / f"{key}.onnx"
        onnx.save(model, files[key])
    settings = {"edgec": binary, "threads": 1, "edgec_options": options.edgec_option}
    workers = [
        run.Worker("onnxruntime", files["plain"], {"x": x}, settings, work),
        run.Worker("edgec", files["last"], {"x": x_last}, settings, work),
    ]
    try:
        want, got = (worker.start() for worker in workers)
        row = {"op": op.name, "macs": op.macs, "bytes": (1 if options.int8 else 4) * op.elements}
        for worker in workers:
            if worker.problem:
                return {**row, "problem": f"{worker.name}: {worker.problem}"}
        error = run.distance(want[0], back(got[0]))
        if not error <= (1 / 256 if options.int8 else 1e-4):
            return {**row, "problem": f"edgec: wrong by {error:.1e} of the range"}
        run.measure(workers, options.rounds, options.slice, 10.0)
    finally:
        for worker in workers:
            worker.close()
    for worker in workers:
        row[f"{worker.name}_ms"] = statistics.median(
            statistics.median(times) / 1e6 for times in worker.times
        )
        row[f"{worker.name}_min_ms"] = min(t for times in worker.times for t in times) / 1e6
    peak = limits["giops" if options.int8 else "gflops"] * 1e6  # per ms
    lanes = limits["lanes"]
    lane_limit = op.lanes_of / (math.ceil(op.lanes_of / lanes) * lanes)
    least = max(
        2 * op.macs / peak / lane_limit, row["bytes"] / bandwidth(limits, row["bytes"]) / 1e6
    )
    # The minimum: the peak is one, too.
    took = row["edgec_min_ms"]
    row |= {
        "gflops": 2 * op.macs / took / 1e6,
        "of_peak": 2 * op.macs / peak / took,
        "lane_limit": lane_limit,
        "limit": 2 * op.macs / peak / least,
        "of_limit": least / took,
        "ratio": row["onnxruntime_min_ms"] / took,
    }
    return row


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--edgec", help="the binary (default: $EDGEC, then the newest build)")
    parser.add_argument("--filter", action="append", default=[], metavar="GLOB", help="only ops whose name matches (repeatable)")  # fmt: skip
    parser.add_argument("--edgec-option", action="append", default=[], help="for edgec compile (repeatable)")  # fmt: skip
    parser.add_argument("--int8", action="store_true", help="quantized, instead of floats")
    parser.add_argument("--rounds", type=int, default=15, help="turns of each (default %(default)s)")  # fmt: skip
    parser.add_argument("--slice", type=float, default=5.0, metavar="MS", help="a turn's length (default %(default)s)")  # fmt: skip
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="everything, as JSON")
    parser.add_argument("--list", action="store_true", help="print the grid and stop")
    options = parser.parse_args()
    grid = [op for op in GRID if not options.filter or any(fnmatch.fnmatch(op.name, f) for f in options.filter)]  # fmt: skip
    if options.list:
        print("\n".join(op.name for op in grid))
        return 0
    binary = edgec.find(options.edgec)
    work = pathlib.Path(tempfile.mkdtemp(prefix="edgec-ops-"))
    try:
        limits = machine(work)
        memory = ", ".join(
            f"{p['bytes'] >> 10} KiB {p['read']:.0f}/{p['copy']:.0f}" for p in limits["memory"]
        )
        print(f"peak {limits['gflops']:.1f} GFLOP/s, {limits['giops']:.1f} G a second of integers, {limits['lanes']} lanes; GB/s read/copied: {memory}")  # fmt: skip
        print(f"{'op':28}{'ms':>9}{'GFLOP/s':>9}{'of peak':>9}{'limit':>8}{'of limit':>9}{'ort ms':>9}{'ort/us':>8}")  # fmt: skip
        rows = []
        for op in grid:
            row = time_op(op, options, binary, limits, work)
            rows.append(row)
            if "problem" in row:
                print(f"{row['op']:28} {row['problem']}", flush=True)
                continue
            print(
                f"{row['op']:28}{row['edgec_min_ms']:9.4f}{row['gflops']:9.1f}{row['of_peak']:9.1%}"
                f"{row['limit']:8.1%}{row['of_limit']:9.1%}{row['onnxruntime_min_ms']:9.4f}{row['ratio']:8.2f}",
                flush=True,
            )
    finally:
        shutil.rmtree(work, ignore_errors=True)
    good = [row for row in rows if "of_limit" in row]
    if good:
        mean = lambda key: math.exp(statistics.fmean(math.log(r[key]) for r in good))  # noqa: E731
        print(f"geometric means over {len(good)} ops: {mean('of_limit'):.1%} of the limit, onnxruntime/edgec {mean('ratio'):.2f}")  # fmt: skip
    if options.json:
        options.json.write_text(json.dumps({"machine": limits, "rows": rows}, indent=1) + "\n")
    return 0 if len(good) == len(rows) else 1


if __name__ == "__main__":
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    sys.exit(main())
