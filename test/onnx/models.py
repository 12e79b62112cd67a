#!/usr/bin/env python3
"""Whole models through edgec, beside onnxruntime.

    python test/onnx/models.py                                     # the models of generate.py
    EDGEC_MODELS=folder python test/onnx/models.py --filter yunet  # and a folder's .onnx files

For each model: three seeded inputs, every output within 1e-4 of the reference's range (models that
hand their state back: after 20 calls); two compiles with the same bytes; and what the manifest
says against what can be counted: the arena, the undefined symbols, inputs and outputs.
`noise` in the table is the error between two modes of onnxruntime: what the model itself amplifies.
With `--target` the compiled library runs under an emulator instead of `edgec run`.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import dataclasses
import fnmatch
import hashlib
import importlib.util
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import zlib

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

import numpy as np  # noqa: E402
from common import edgec, tensors  # noqa: E402

CALLS = 20


@dataclasses.dataclass
class Setup:
    """What a model needs to run that its file does not say."""

    shapes: dict[str, list[int]] = dataclasses.field(default_factory=dict)
    values: dict[str, int] = dataclasses.field(default_factory=dict)  # inputs of one fixed value
    high: float | None = None  # float inputs in 0…high instead of standard normal
    scale: float = 1.0
    text: bool = (
        False  # dark strokes on light: a detector sees nothing in noise, and its range is nil
    )
    carry: dict[str, str] = dataclasses.field(
        default_factory=dict
    )  # output → input of the next call
    tolerance: float = 1e-4


# By file name, the first match; without one dynamic dimensions are 1 in front and DEFAULT_DIM elsewhere.
DEFAULT_DIM = 32
SETUPS = {
    "dynamic.onnx": Setup(shapes={"x": [2, 3, 12, 16]}),
    "streaming.onnx": Setup(carry={"past_out": "past", "h_out": "h"}),
    "silero_vad*": Setup(
        shapes={"input": [1, 512], "state": [2, 1, 128]},
        values={"sr": 16000},
        scale=0.1,
        carry={"stateN": "state"},
    ),
    "dtln_model_1*": Setup(carry={"tf_op_layer_stack_2": "input_3"}),
    "magika*": Setup(shapes={"bytes": [1, 2048]}),
    # Scales the logarithm of small energies to 0…1: onnxruntime itself differs by 1e-4 between its modes.
    "basic_pitch*": Setup(
        shapes={"serving_default_input_2:0": [1, 43844, 1]}, scale=0.1, tolerance=5e-4
    ),
    "ppocr_mobile_v2_cls*": Setup(shapes={"x": [1, 3, 48, 192]}, text=True),
    "ppocrv4_mobile_det*": Setup(shapes={"x": [1, 3, 320, 320]}, text=True),
    "ppocrv4_mobile_rec*": Setup(shapes={"x": [1, 3, 48, 320]}, text=True),
    "speechmos_dnsmos*": Setup(shapes={"input_1": [1, 900, 120]}),
    "yunet_n_dynamic*": Setup(shapes={"input": [1, 3, 320, 320]}, high=255.0),
    "yunet*": Setup(high=255.0),
    # A value between two steps may round either way, and later layers carry that on.
    "*qdq*": Setup(tolerance=2e-2),
    "*int8*": Setup(tolerance=2e-2),
}

_MATH = """acos acosh asin asinh atan atan2 atanh cbrt ceil copysign cos cosh erf erfc exp exp2 expm1 fabs floor fma
fmax fmin fmod hypot ldexp lgamma log log10 log1p log2 nearbyint pow remainder rint round roundeven scalbn sin sincos
sinh sqrt tan tanh tgamma trunc""".split()
LIBM = {name + suffix for name in _MATH for suffix in ("", "f")}
MEMORY = {"memcpy", "memset", "memmove"}


@dataclasses.dataclass
class Row:
    name: str
    problems: list[str] = dataclasses.field(default_factory=list)
    compile_s: float | None = None
    arena: int | None = None
    flash: int | None = None
    error: float | None = None
    noise: float | None = (
        None  # the same measure between onnxruntime with and without its optimisations
    )


def setup_of(path: pathlib.Path) -> Setup:
    return next(
        (s for pattern, s in SETUPS.items() if fnmatch.fnmatch(path.name, pattern)), Setup()
    )


# ---- the reference ------------------------------------------------------------------------------


class Reference:
    def __init__(self, path: pathlib.Path, setup: Setup, optimised: bool = False):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        options.intra_op_num_threads = 1
        level = onnxruntime.GraphOptimizationLevel
        options.graph_optimization_level = (
            level.ORT_ENABLE_ALL if optimised else level.ORT_DISABLE_ALL
        )
        self.session = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )
        self.setup = setup
        self.outputs = [o.name for o in self.session.get_outputs()]
        self.inputs: dict[str, tuple[list[int], np.dtype]] = {}
        self.dynamic: dict[str, list[int]] = {}
        for info in self.session.get_inputs():
            shape, free = [], False
            for at, dim in enumerate(info.shape):
                if not isinstance(dim, int) or dim < 0:
                    free, dim = True, 1 if at == 0 else DEFAULT_DIM
                shape.append(dim)
            shape = setup.shapes.get(info.name, shape)
            kind = info.type.removeprefix("tensor(").removesuffix(")")
            kind = {"float": "float32", "double": "float64"}.get(kind, kind)
            self.inputs[info.name] = (shape, np.dtype(kind))
            # A model may write 0 for a dimension that is not known.
            if free or info.shape != shape:
                self.dynamic[info.name] = shape

    def feed(self, seed: int) -> dict[str, np.ndarray]:
        rng = np.random.default_rng(seed)
        feed = {}
        for name, (shape, dtype) in self.inputs.items():
            if name in self.setup.values:
                value = np.full(shape, self.setup.values[name])
            elif name in self.setup.carry.values():
                value = np.zeros(shape)
            elif dtype == np.bool_:
                value = rng.integers(0, 2, shape)
            elif np.issubdtype(dtype, np.integer):
                value = rng.integers(0, min(255, np.iinfo(dtype).max) + 1, shape)
            elif self.setup.high is not None:
                value = rng.uniform(0, self.setup.high, shape)
            elif self.setup.text:
                value = np.full(shape, 2.0)
                for _ in range(60):
                    y, x = (int(rng.integers(0, max(1, n - 8))) for n in shape[2:])
                    value[
                        :, :, y : y + int(rng.integers(2, 12)), x : x + int(rng.integers(2, 5))
                    ] = -2.0
            else:
                value = rng.standard_normal(shape) * self.setup.scale
            feed[name] = np.asarray(value, dtype)
        return feed

    def run(self, feed: dict[str, np.ndarray], calls: int) -> list[tuple[dict, list[np.ndarray]]]:
        """What goes in and what comes out in each of `calls` calls."""
        steps = []
        for _ in range(calls):
            out = self.session.run(None, feed)
            steps.append((feed, out))
            feed = dict(feed)
            for source, target in self.setup.carry.items():
                feed[target] = out[self.outputs.index(source)].reshape(feed[target].shape)
        return steps


# ---- what was compiled --------------------------------------------------------------------------


def peak_bytes(allocations: list[dict]) -> int:
    """The most bytes in use at one step: a byte that two in-place tensors share counts once."""
    peak = 0
    for step in {a["first"] for a in allocations}:
        live = sorted(
            (a["offset"], a["offset"] + a["bytes"])
            for a in allocations
            if a["first"] <= step <= a["last"]
        )
        used = end = 0
        for low, high in live:
            used += max(0, high - max(low, end))
            end = max(end, high)
        peak = max(peak, used)
    return peak


def check_arena(arena: dict) -> list[str]:
    problems = []
    size, allocations = arena["bytes"], arena["allocations"]
    for a in allocations:
        if a["offset"] < 0 or a["offset"] + a["bytes"] > size:
            problems.append(f"arena: '{a['name']}' lies outside its {size} bytes")
        if a["first"] > a["last"]:
            problems.append(f"arena: '{a['name']}' ends before it begins")
    peak = peak_bytes(allocations)
    if size > 1.05 * peak:
        problems.append(
            f"arena: {size} bytes, {size / peak - 1:.1%} over the peak of {peak}"
            if peak
            else f"arena: {size} bytes, none used"
        )
    # Two that meet at one step may be an input and the output written over it; more is a clash.
    inner = sorted((a for a in allocations if a["bytes"]), key=lambda a: a["first"])
    for at, a in enumerate(inner):
        for b in inner[at + 1 :]:
            if b["first"] >= a["last"]:
                break
            if a["offset"] < b["offset"] + b["bytes"] and b["offset"] < a["offset"] + a["bytes"]:
                problems.append(f"arena: '{a['name']}' and '{b['name']}' overlap while both live")
    return problems[:5]


def undefined_symbols(files: list[pathlib.Path]) -> set[str] | None:
    tool = os.environ.get("NM") or shutil.which("llvm-nm") or shutil.which("nm")
    if not tool:
        return None
    needed: set[str] = set()
    for file in files:
        listing = subprocess.run(
            [tool, "-P", "-g", str(file)], capture_output=True, text=True, check=True
        ).stdout
        undefined, defined = set(), set()
        for line in listing.splitlines():
            words = line.split()
            if len(words) >= 2 and len(words[1]) == 1:
                (undefined if words[1] in "Uwv" else defined).add(words[0])
        needed |= undefined - defined
    if sys.platform == "darwin":
        needed = {name.removeprefix("_") for name in needed}
    return needed - {"_GLOBAL_OFFSET_TABLE_"}


def check_symbols(files: list[pathlib.Path], manifest: dict) -> list[str]:
    found = undefined_symbols(files)
    if found is None:
        return []
    listed = set(manifest["undefined_symbols"])
    problems = []
    # Listing a name does not excuse it: only what any C toolchain or our own runtime brings.
    foreign = {
        n for n in found | listed if n not in MEMORY | LIBM and not n.startswith(("__", "edgec_"))
    }
    if foreign:
        problems.append(f"symbols from nowhere: {', '.join(sorted(foreign))}")
    missing = found - listed - MEMORY - LIBM - foreign
    if missing:
        problems.append(f"undefined, and not in the manifest: {', '.join(sorted(missing))}")
    return problems


def check_interface(manifest: dict, reference: Reference, outputs: list[np.ndarray]) -> list[str]:
    want_in = [list(shape) for shape, _ in reference.inputs.values()]
    want_out = [list(o.shape) for o in outputs]
    problems = []
    for key, want in (("inputs", want_in), ("outputs", want_out)):
        got = [list(entry["shape"]) for entry in manifest[key]]
        if got != want:
            problems.append(f"manifest {key}: {got}, not {want}")
    return problems


def digests(folder: pathlib.Path) -> dict[str, str]:
    return {
        str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }


# ---- one model ----------------------------------------------------------------------------------


class Failed(Exception):
    pass


def explain(what: str, result: edgec.Result) -> str:
    why = result.crash or f"exit code {result.code}"
    return f"{what}: {why}\n{result.tail}"


def run_on_host(
    binary: str,
    path: pathlib.Path,
    feed: dict,
    calls: int,
    setup: Setup,
    work: pathlib.Path,
    timeout: float,
):
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    args = ["run", path, "--output", work / "out"]
    for at, (name, value) in enumerate(feed.items()):
        tensors.save(work / f"{at}.npy", value)
        args += ["--input", f"{name}={work / f'{at}.npy'}"]
    if calls > 1:
        args += ["--calls", calls]
        for source, target in setup.carry.items():
            args += ["--carry", f"{source}={target}"]
    result = edgec.invoke(binary, args, timeout=timeout)
    if result.crash or result.code:
        raise Failed(explain("run", result))
    return tensors.load_outputs(work / "out")


def emulator():
    path = HERE.parent / "mcu" / "emulate.py"
    if not path.exists():
        raise SystemExit("models.py: --target needs test/mcu/emulate.py")
    spec = importlib.util.spec_from_file_location("emulate", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["emulate"] = module
    sys.path.insert(0, str(path.parent))
    spec.loader.exec_module(module)
    return module


def check(path: pathlib.Path, options, binary: str) -> Row:
    row = Row(path.stem)
    setup = setup_of(path)
    host = options.target == "host"
    calls = (CALLS if host else 3) if setup.carry else 1
    c_name = re.sub(r"\W", "_", path.stem)
    if c_name[0].isdigit():
        c_name = "m" + c_name
    try:
        reference = Reference(path, setup)
        runs = [
            reference.run(reference.feed(zlib.crc32(path.name.encode()) + s), calls)
            for s in range(options.seeds)
        ]
        other = Reference(path, setup, optimised=True).run(runs[0][0][0], calls)[-1][1]
        row.noise = max(
            (tensors.range_error(a, b) for a, b in zip(runs[0][-1][1], other)), default=0.0
        )
    except Exception as error:  # onnxruntime's own, of many types
        row.problems.append(f"the reference cannot run it: {error}")
        return row

    with tempfile.TemporaryDirectory(prefix="edgec-model-") as temporary:
        work = pathlib.Path(temporary)
        args = [
            "compile",
            path,
            f"--name={c_name}",
            f"--target={options.target}",
            "--emit=library,object",
            "--timing",
        ]
        if options.threads:
            args.append(f"--threads={options.threads}")
        for name, shape in reference.dynamic.items():
            args += ["--shape", f"{name}={'x'.join(map(str, shape))}"]
        first = edgec.invoke(binary, [*args, "-o", work / "a"], timeout=options.timeout)
        row.compile_s = first.seconds
        if first.crash or first.code:
            row.problems.append(explain("compile", first))
        else:
            again = edgec.invoke(binary, [*args, "-o", work / "b"], timeout=options.timeout)
            if again.crash or again.code:
                row.problems.append(explain("second compile", again))
            else:
                a, b = digests(work / "a"), digests(work / "b")
                differ = sorted(n for n in a.keys() | b.keys() if a.get(n) != b.get(n))
                if differ:
                    row.problems.append(f"two compiles differ: {', '.join(differ)}")
            library, made = work / "a" / f"lib{c_name}.a", work / "a" / f"{c_name}.o"
            for file in (library, made, work / "a" / f"{c_name}.h", work / "a" / f"{c_name}.json"):
                if not file.exists():
                    row.problems.append(f"wrote no {file.name}")
            try:
                manifest = json.loads((work / "a" / f"{c_name}.json").read_text())
                row.arena, row.flash = manifest["arena"]["bytes"], manifest["flash_bytes"]
                row.problems += check_arena(manifest["arena"])
                row.problems += check_symbols([f for f in (library, made) if f.exists()], manifest)
                row.problems += check_interface(manifest, reference, runs[0][-1][1])
            except (
                OSError,
                ValueError,
                KeyError,
                TypeError,
                subprocess.CalledProcessError,
            ) as error:
                row.problems.append(f"manifest: {type(error).__name__}: {error}")

        for seed, steps in enumerate(runs):
            try:
                if host:
                    got = run_on_host(
                        binary, path, steps[0][0], calls, setup, work / "run", options.timeout
                    )
                    if [name for name, _ in got] != reference.outputs:
                        raise Failed(
                            f"outputs {[name for name, _ in got]}, not {reference.outputs}"
                        )
                    pairs = list(zip(steps[-1][1], (value for _, value in got)))
                elif row.arena is None:
                    break  # nothing was compiled
                else:
                    # The reference's own states go in, so that each call is judged for itself.
                    fed = [list(feed.values()) for feed, _ in steps]
                    got = emulator().run(
                        options.target, work / "a" / f"lib{c_name}.a", work / "a", c_name, fed
                    )
                    pairs = [
                        p
                        for (_, want), have in zip(steps, got, strict=True)
                        for p in zip(want, have, strict=True)
                    ]
                error = max((tensors.range_error(ref, value) for ref, value in pairs), default=0.0)
                row.error = max(row.error or 0.0, error)
            except Exception as error:  # an emulator's may be of any type
                row.problems.append(
                    f"input {seed}: {error}"
                    if isinstance(error, Failed)
                    else f"input {seed}: {type(error).__name__}: {error}"
                )
                break
        if row.error is not None and not row.error <= setup.tolerance:
            row.problems.append(
                f"error {row.error:.1e} of the range, more than {setup.tolerance:.0e}"
            )
    return row


def collect(options, generated: pathlib.Path) -> list[pathlib.Path]:
    import generate

    paths = generate.write_all(generated)
    folder = options.models or os.environ.get("EDGEC_MODELS")
    if folder:
        found = sorted(pathlib.Path(folder).glob("*.onnx"))
        if not found:
            raise SystemExit("models.py: no .onnx file in the folder of models")
        paths += found
    else:
        print("EDGEC_MODELS is not set: real models are skipped, the generated ones run")
    return [p for p in paths if re.search(options.filter, p.name)]


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--edgec", help="the binary (default: $EDGEC, then the newest build)")
    parser.add_argument(
        "--models", metavar="DIR", help="a folder of .onnx files (default: $EDGEC_MODELS)"
    )
    parser.add_argument(
        "--filter", default="", metavar="REGEX", help="only files whose name matches"
    )
    parser.add_argument(
        "--target", default="host", help="compile for this, and run under its emulator"
    )
    parser.add_argument("--threads", type=int, default=0, metavar="N")
    parser.add_argument("--seeds", type=int, default=3, metavar="N", help="inputs for each model")
    parser.add_argument(
        "--jobs", type=int, default=1, help="models at a time; more than one blurs the times"
    )
    parser.add_argument(
        "--timeout", type=float, default=300.0, metavar="SECONDS", help="for one run of edgec"
    )
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="the table as JSON")
    options = parser.parse_args()

    binary = edgec.find(options.edgec)
    if options.target != "host":
        emulator()  # say at once if it is missing
    rows = []
    with tempfile.TemporaryDirectory(prefix="edgec-generated-") as temporary:
        paths = collect(options, pathlib.Path(temporary))
        width = max([len(p.stem) for p in paths] + [5])
        print(
            f"{'model':{width}}  {'compile':>8} {'arena':>10} {'flash':>10} {'error':>8} {'noise':>8}"
        )
        with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
            for row in pool.map(lambda p: check(p, options, binary), paths):
                rows.append(row)
                took = "" if row.compile_s is None else f"{row.compile_s:.2f} s"
                error = "" if row.error is None else f"{row.error:.1e}"
                arena = "" if row.arena is None else row.arena
                flash = "" if row.flash is None else row.flash
                noise = "" if row.noise is None else f"{row.noise:.1e}"
                state = "FAILED" if row.problems else "ok"
                print(
                    f"{row.name:{width}}  {took:>8} {arena:>10} {flash:>10} {error:>8} {noise:>8}  {state}",
                    flush=True,
                )
                for problem in row.problems:
                    print("    " + problem.replace("\n", "\n    "), flush=True)
    if options.json:
        options.json.write_text(
            json.dumps([dataclasses.asdict(row) for row in rows], indent=1) + "\n"
        )
    failed = sum(bool(row.problems) for row in rows)
    print(f"{len(rows) - failed} passed, {failed} failed")
    return 1 if failed or not rows else 0


if __name__ == "__main__":
    sys.exit(main())
