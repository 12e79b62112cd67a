"""An exported program through torch and through edgec, and how far they are apart."""

from __future__ import annotations

import pathlib

import ml_dtypes
import numpy as np
import torch
import torch.ao.quantization.fx._decomposed  # noqa: F401: defines quantized_decomposed
import torchao.quantization.quant_primitives  # noqa: F401: defines torchao's operators
from common import models, tensors
from common.models import Crashed, Refused  # noqa: F401: for who reads a reference

TOLERANCE = 1e-4  # of the range of an output of f32 or f64
NARROW = {"float16": 4e-3, "bfloat16": 3e-2}  # of others


def to_numpy(value) -> np.ndarray:
    if not isinstance(value, torch.Tensor):
        return np.asarray(value, {bool: np.bool_, int: np.int64, float: np.float32}[type(value)])
    value = value.detach().contiguous()
    if value.dtype == torch.bfloat16:
        return value.view(torch.int16).numpy().view(ml_dtypes.bfloat16)
    return value.numpy()


def flat_inputs(program: torch.export.ExportedProgram) -> list[str]:
    """The names of the tensors that a caller gives, in their order."""
    kind = torch.export.graph_signature.InputKind.USER_INPUT
    specs = [s for s in program.graph_signature.input_specs if s.kind == kind]
    return [s.arg.name for s in specs if isinstance(s.arg, torch.export.graph_signature.TensorArgument)]


def run(binary: str, path: pathlib.Path, names: list[str], feed: list[torch.Tensor], calls: int, work: pathlib.Path,
        timeout: float, shapes: bool = False) -> list[np.ndarray]:  # fmt: skip
    """The outputs of the last of `calls` calls with one feed, which begin with fresh states."""
    feed = [(name, to_numpy(value)) for name, value in zip(names, feed, strict=True)]
    more = [x for name, value in feed for x in ("--shape", f"{name}={'x'.join(map(str, value.shape))}")] if shapes else []
    return models.run_model(binary, path, feed, calls, work, timeout, more)


def distance(want: list, got: list[np.ndarray]) -> tuple[float, str]:
    """The largest error, as a part of what is allowed, and which output it is of. What isn't floating point
    must be equal."""
    want = [to_numpy(w) for w in want if w is not None]
    if len(want) != len(got):
        raise tensors.Mismatch(f"{len(got)} outputs, not {len(want)}")
    worst, where = 0.0, ""
    for at, (a, b) in enumerate(zip(want, got)):
        error = tensors.range_error(a, b) / NARROW.get(a.dtype.name, TOLERANCE)
        if not error <= worst:
            worst, where = error, f"output {at}"
    return worst, where
