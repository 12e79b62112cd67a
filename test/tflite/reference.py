"""A .tflite file through LiteRT's reference kernels and through edgec, and how far they are apart."""

from __future__ import annotations

import json
import pathlib
import shutil

import numpy as np
from common import edgec, models, tensors
from common.models import Crashed, Refused  # noqa: F401: for who reads a reference

TOLERANCE = 1e-4  # of the range of an output of floats
STEPS = 0  # of a quantized output


class Reference:
    def __init__(self, path: pathlib.Path, portable: bool = True):
        from ai_edge_litert.interpreter import Interpreter, OpResolverType

        def load(kernels):
            interpreter = Interpreter(model_path=str(path), num_threads=1, experimental_op_resolver_type=kernels)
            interpreter.allocate_tensors()
            return interpreter

        if not portable:
            self.interpreter = load(OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES)
            return
        try:
            self.interpreter = load(OpResolverType.BUILTIN_REF)
        except (RuntimeError, ValueError):  # some operators have no reference kernel
            self.interpreter = load(OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES)

    def feed(self, seed: int, low: float | None = None, high: float = 1.0) -> list[np.ndarray]:
        """Standard normal floats (or uniform ones), as the input's own integers where it is quantized."""
        rng = np.random.default_rng(seed)
        feed = []
        for info in self.interpreter.get_input_details():
            shape, dtype = info["shape"], np.dtype(info["dtype"])
            if dtype == np.bool_:
                value = rng.integers(0, 2, shape)
            elif tensors.is_float(dtype):
                value = rng.standard_normal(shape) if low is None else rng.uniform(low, high, shape)
            elif np.issubdtype(dtype, np.integer) and dtype.itemsize <= 2:
                limits = np.iinfo(dtype)
                value = rng.integers(limits.min, int(limits.max) + 1, shape)
            else:
                value = rng.integers(0, 8, shape)
            feed.append(np.asarray(value, dtype))
        return feed

    def run(self, feed: list[np.ndarray], calls: int) -> list[np.ndarray]:
        """The outputs of the last of `calls` calls, which begin with fresh states."""
        self.interpreter.reset_all_variables()
        for _ in range(calls):
            for info, value in zip(self.interpreter.get_input_details(), feed):
                self.interpreter.set_tensor(info["index"], value)
            self.interpreter.invoke()
        return [self.interpreter.get_tensor(i["index"]) for i in self.interpreter.get_output_details()]


def names(binary: str, path: pathlib.Path, timeout: float) -> list[str]:
    """The names of a model's inputs, in its order."""
    result = edgec.invoke(binary, ["inspect", path, "--json"], timeout=timeout)
    if result.crash:
        raise Crashed(f"{result.crash}\n{result.tail}")
    if result.code:
        raise Refused(edgec.reason(result.stderr))
    return [entry["name"] for entry in json.loads(result.stdout)["inputs"]]


def run(binary: str, path: pathlib.Path, feed: list[np.ndarray], calls: int, work: pathlib.Path,
        timeout: float) -> list[np.ndarray]:  # fmt: skip
    feed = list(zip(names(binary, path, timeout), feed, strict=True)) if feed else []
    return models.run_model(binary, path, feed, calls, work, timeout)


def emulate(binary: str, path: pathlib.Path, feed: list[np.ndarray], calls: int, work: pathlib.Path, timeout: float,
            target: str) -> list[np.ndarray]:  # fmt: skip
    """The same as `run`, on an emulated device."""
    from mcu import emulate as emulator

    shutil.rmtree(work, ignore_errors=True)
    result = edgec.invoke(binary, ["compile", path, "--name=model", f"--target={target}", "-o", work], timeout=timeout)
    if result.crash or result.code > 1:
        raise Crashed(f"{result.crash or result.code}\n{result.tail}")
    if result.code:
        raise Refused(edgec.reason(result.stderr))
    try:
        return emulator.run(target, work / "libmodel.a", work, "model", [feed] * calls)[-1]
    except emulator.EmulationError as problem:
        raise Crashed(str(problem)) from problem


def distance(details: list[dict], want: list[np.ndarray], got: list[np.ndarray]) -> tuple[float, int]:
    """The largest error of floats, as a part of their range, and the largest in quantization steps. What is
    neither must be equal."""
    if len(want) != len(got):
        raise tensors.Mismatch(f"{len(got)} outputs, not {len(want)}")
    error, steps = 0.0, 0
    for info, a, b in zip(details, want, got):
        if a.shape != b.shape or a.dtype != b.dtype:
            raise tensors.Mismatch(f"'{info['name']}': {b.dtype}{list(b.shape)}, not {a.dtype}{list(a.shape)}")
        if a.size == 0:
            continue
        if len(info["quantization_parameters"]["scales"]) and not tensors.is_float(a.dtype):
            steps = max(steps, int(np.abs(a.astype(np.int64) - b.astype(np.int64)).max()))
        else:
            error = max(error, tensors.range_error(a, b))
    return error, steps
