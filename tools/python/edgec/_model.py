"""Models that have been compiled for this machine, as functions of arrays."""

from __future__ import annotations

import ctypes
import os
import pathlib
import tempfile
import threading
import weakref
from collections.abc import Sequence
from typing import Any

import numpy as np

from ._descriptor import ABI_VERSION, STATUS, CModel, read_tensor
from ._errors import EdgecError
from ._tensor import Array, Tensor, describe, is_torch, to_array, to_torch


def load(path: str | os.PathLike[str]) -> Model:
    """Loads a model that was compiled for this machine: `libNAME.so`, its manifest, or the folder with both.

    Each call gives a model with memory of its own; they share code and weights.
    """
    return Model(_find_library(pathlib.Path(path)))


class Model:
    """A compiled model: call it with NumPy arrays or torch tensors, by position or by name.

    It has one arena, of exactly the size that the compiler has planned. States are cleared when it is made, and kept
    from call to call. Any thread may call it; calls of one model wait for each other, those of two models don't.
    """

    def __init__(self, library: pathlib.Path):
        self._library, descriptor = _open_library(library)
        self._descriptor = descriptor
        self.name: str = descriptor.name.decode()
        self.inputs: tuple[Tensor, ...] = tuple(read_tensor(descriptor.inputs[i]) for i in range(descriptor.n_inputs))
        self.outputs: tuple[Tensor, ...] = tuple(
            read_tensor(descriptor.outputs[i]) for i in range(descriptor.n_outputs)
        )
        self.arena_bytes: int = descriptor.arena_bytes
        self.state_bytes: int = descriptor.state_bytes
        self._arena = _allocate(descriptor.arena_bytes, descriptor.arena_align)
        self._lock = threading.Lock()
        weakref.finalize(self, _close, self._library._handle).atexit = False
        self.reset()

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        """The output, or a tuple of them where the model has several: torch tensors if an input is one, else arrays."""
        given = self._bind(args, kwargs)
        arrays = [_check(tensor, value) for tensor, value in zip(self.inputs, given)]
        outputs = [np.empty(tensor.array_shape, tensor.array_dtype) for tensor in self.outputs]
        with self._lock:
            status = self._descriptor.invoke(self._arena.ctypes.data, _pointers(arrays), _pointers(outputs), None)
        if status:
            raise EdgecError(f"model '{self.name}' failed: {STATUS.get(status, f'status {status}')}")
        if any(map(is_torch, given)):
            results = tuple(to_torch(array, tensor.dtype) for tensor, array in zip(self.outputs, outputs))
        else:
            results = tuple(outputs)
        return results[0] if len(results) == 1 else results

    def reset(self) -> None:
        """Clears the states, as before the first call."""
        if self._descriptor.state_bytes:
            with self._lock:
                self._descriptor.reset(self._arena.ctypes.data)

    @property
    def state(self) -> bytes:
        """All states: to continue a stream later, give it back."""
        with self._lock:
            return self._arena[: self.state_bytes].tobytes()

    @state.setter
    def state(self, value: bytes) -> None:
        if len(value) != self.state_bytes:
            raise ValueError(f"the state of model '{self.name}' has {self.state_bytes} bytes, not {len(value)}")
        with self._lock:
            self._arena[: self.state_bytes] = np.frombuffer(value, np.uint8)

    def __repr__(self) -> str:
        def listing(tensors: Sequence[Tensor]) -> str:
            return ", ".join(f"{tensor.name}: {tensor}" for tensor in tensors)

        return f"<edgec.Model {self.name}({listing(self.inputs)}) -> ({listing(self.outputs)})>"

    def _bind(self, args: Sequence[Any], kwargs: dict[str, Any]) -> list[Any]:
        """Arguments in the order of the inputs."""
        names = [tensor.name for tensor in self.inputs]
        listed = ", ".join(f"'{name}'" for name in names)
        if len(args) > len(names):
            raise TypeError(f"model '{self.name}' takes {listed or 'no inputs'}, but {len(args)} inputs are given")
        values = dict(zip(names, args))
        for name, value in kwargs.items():
            if name not in names:
                raise TypeError(f"model '{self.name}' has no input '{name}': its inputs are {listed}")
            if name in values:
                raise TypeError(f"input '{name}' is given twice, by position and by name")
            values[name] = value
        missing = [name for name in names if name not in values]
        if missing:
            raise TypeError(f"input '{missing[0]}' ({self.inputs[names.index(missing[0])]}) is not given")
        return [values[name] for name in names]


def _check(tensor: Tensor, value: Any) -> Array:
    """The value as the model reads it: dense and aligned. An error where it has another type or shape."""
    where = f"input '{tensor.name}'"
    array, dtype, shape = to_array(value, where)
    if array.dtype != tensor.array_dtype:
        # What can only have been meant so, or what the model's own numbers stand for.
        remedy = "give real numbers with quantize() of that input: model.inputs[...].quantize(x)"
        if not tensor.is_quantized or not dtype.startswith("float"):
            remedy = f"convert it with .{'to(torch.' if is_torch(value) else 'astype(numpy.'}{tensor.array_dtype.name})"
        raise TypeError(f"{where} is {tensor}, not {describe(dtype, shape)}: {remedy}")
    if shape != tensor.array_shape:
        raise ValueError(
            f"{where} is {tensor}, not {describe(dtype, shape)}: shapes are fixed when a model is compiled"
        )
    if not array.size:
        return np.empty(tensor.array_shape, tensor.array_dtype)  # torch gives no address for nothing
    return np.require(array, None, ["C", "A"])


def _pointers(arrays: Sequence[Array]) -> Any:
    return (ctypes.c_void_p * len(arrays))(*(array.ctypes.data for array in arrays))


def _allocate(size: int, align: int) -> Array:
    """Memory of that size, of zeros, that begins at a multiple of `align`."""
    memory = np.zeros(size + align, np.uint8)
    begin = -memory.ctypes.data % align
    return memory[begin : begin + size]


def _find_library(path: pathlib.Path) -> pathlib.Path:
    if path.is_dir():
        found = sorted(path.glob("lib*.so"))
        if len(found) != 1:
            count = f"{len(found)} of them: {', '.join(file.name for file in found)}" if found else "none"
            raise EdgecError(f"'{path}' should have one shared library libNAME.so, and has {count}")
        return found[0]
    library = path.with_name(f"lib{path.stem}.so") if path.suffix == ".json" else path
    if library.suffix != ".so":
        raise EdgecError(
            f"'{path}' is no shared library libNAME.so: compile the model with edgec.compile(...) for this host"
        )
    if not library.exists():
        raise EdgecError(
            f"'{library}' does not exist: edgec.compile(...) for this host, or `edgec compile --emit=shared`, writes it"
        )
    return library


def _open_library(path: pathlib.Path) -> tuple[ctypes.CDLL, CModel]:
    # The system takes a library of the same path for the same one, even if the file is another by now: so each gets a
    # path of its own. Those of one file still share its memory.
    with tempfile.TemporaryDirectory(prefix="edgec-") as folder:
        link = pathlib.Path(folder) / path.name
        link.symlink_to(path.resolve())
        try:
            library = ctypes.CDLL(str(link))
        except OSError as problem:
            reason = str(problem).replace(str(link), str(path))
            raise EdgecError(f"'{path}' can't be loaded on this machine: {reason}") from problem
    symbol = f"{path.stem.removeprefix('lib')}_model"
    try:
        descriptor = CModel.in_dll(library, symbol)
    except ValueError as problem:
        _close(library._handle)
        raise EdgecError(
            f"'{path}' has no '{symbol}': is it a model that edgec has compiled, and not renamed?"
        ) from problem
    if descriptor.abi_version != ABI_VERSION:
        version = descriptor.abi_version
        _close(library._handle)
        raise EdgecError(
            f"'{path}' has ABI version {version}, not {ABI_VERSION}: compile it with the edgec of this package"
        )
    return library, descriptor


_dlclose = ctypes.CDLL(None).dlclose
_dlclose.argtypes = [ctypes.c_void_p]


def _close(handle: int) -> None:
    _dlclose(handle)
