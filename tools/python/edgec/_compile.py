"""edgec.compile: a model file, or a program of torch.export, in; an artifact out."""

from __future__ import annotations

import os
import pathlib
import re
import shutil
import sys
import tempfile
import weakref
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Union

import numpy as np

from . import _binary
from ._artifact import Artifact
from ._tensor import Array, to_array

if TYPE_CHECKING:
    import torch

Path = Union[str, "os.PathLike[str]"]
ModelSource = Union[Path, "torch.export.ExportedProgram"]
# One input of a model with one input, or its inputs in the model's order, or by name.
Sample = Any


def compile(
    model: ModelSource,
    *,
    target: str = "host",
    out: Path | None = None,
    name: str | None = None,
    shapes: Mapping[str, Sequence[int]] | None = None,
    values: Mapping[str, float] | None = None,
    states: Mapping[str, str] | None = None,
    quantize: str | None = None,
    calibration: Path | Iterable[Sample] | None = None,
    emit: Sequence[str] | None = None,
    options: Sequence[str] = (),
) -> Artifact:
    """Compiles a model with edgec.

    model        a file (.onnx, .tflite, .pt2), or what torch.export.export has returned
    target       a device as `edgec targets` lists them; `host` is this machine
    out          folder for the files; by default a temporary one, which vanishes with the artifact
    name         prefix of the files and C symbols; by default the file's name
    shapes       static shapes of inputs that the model leaves open: {"x": (1, 3, 224, 224)}
    values       inputs that become constants: {"sr": 16000}
    states       inputs that are an output of the call before: {"h_in": "h_out"}
    quantize     "int8" or "int16x8", with `calibration`
    calibration  samples to measure ranges on: a path as --calibration takes it, or arrays: each sample is one array, a
                 tuple of them in the order of the inputs, or a dict by name
    emit         what to write: "library", "shared", "object", "llvm", "asm", "mlir"; by default a static library, and
                 for `host` a shared one too, which load() takes
    options      more of what `edgec compile` takes: ["--threads=4"]

    Raises CompileError, with edgec's diagnostics as its text, where the model can't be compiled.
    """
    if emit is None:
        emit = ("library", "shared") if target.partition("+")[0] == "host" else ("library",)
    arguments = [f"--target={target}", f"--emit={','.join(emit)}"]
    for key, shape in (shapes or {}).items():
        arguments += ["--shape", f"{key}={'x'.join(str(int(extent)) for extent in shape)}"]
    for key, value in (values or {}).items():
        arguments += ["--set", f"{key}={value}"]
    for key, source in (states or {}).items():
        arguments += ["--state", f"{key}={source}"]
    if quantize:
        arguments.append(f"--quantize={quantize}")

    with tempfile.TemporaryDirectory(prefix="edgec-") as work:
        file = _model_file(model, name, pathlib.Path(work))
        name = name or _default_name(file)
        arguments.append(f"--name={name}")
        if calibration is not None:
            arguments += ["--calibration", _calibration_file(calibration, pathlib.Path(work))]
        directory = pathlib.Path(tempfile.mkdtemp(prefix="edgec-") if out is None else out)
        try:
            done = _binary.run(["compile", file, "-o", directory, *arguments, *options])
        except BaseException:
            if out is None:
                shutil.rmtree(directory, ignore_errors=True)
            raise
    artifact = Artifact(directory, name, done.stderr)
    if out is None:
        weakref.finalize(artifact, shutil.rmtree, directory, ignore_errors=True)
    return artifact


def _default_name(file: str) -> str:
    """As edgec would choose it: the file's name as a C identifier."""
    name = re.sub(r"[^0-9A-Za-z]", "_", pathlib.Path(file).stem)
    return name if name and not name[0].isdigit() else f"model_{name}"


def _model_file(model: ModelSource, name: str | None, work: pathlib.Path) -> str:
    if isinstance(model, (str, os.PathLike)):
        return os.fspath(model)
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(model, torch.export.ExportedProgram):
        file = work / f"{name or 'model'}.pt2"
        torch.export.save(model, file)
        return str(file)
    remedy = ""
    if torch is not None and isinstance(model, torch.nn.Module):
        remedy = ": export it first, with torch.export.export(module, example_inputs)"
    raise TypeError(f"a model is a path or a torch.export.ExportedProgram, not {type(model).__name__}{remedy}")


def _calibration_file(calibration: Path | Iterable[Sample], work: pathlib.Path) -> str:
    """A path that --calibration takes: arrays are written to files, with a list of them."""
    if isinstance(calibration, (str, os.PathLike)):
        return os.fspath(calibration)
    lines = []
    for number, sample in enumerate(calibration):
        where = f"calibration sample {number}"
        if isinstance(sample, Mapping):
            files = [f"{number}.npz"]
            _save_archive(work / files[0], {key: to_array(value, where)[0] for key, value in sample.items()})
        else:
            inputs = sample if isinstance(sample, (tuple, list)) else (sample,)
            files = [f"{number}-{position}.npy" for position in range(len(inputs))]
            for file, value in zip(files, inputs):
                np.save(work / file, to_array(value, where)[0])
        lines.append(" ".join(files) + "\n")
    listing = work / "samples.txt"
    listing.write_text("".join(lines))
    return str(listing)


def _save_archive(file: pathlib.Path, arrays: Mapping[str, Array]) -> None:
    """As np.savez, which can't take every name."""
    with zipfile.ZipFile(file, "w") as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w") as member:
                np.lib.format.write_array(member, array, allow_pickle=False)
