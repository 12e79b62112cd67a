"""Inputs and outputs of a model: what they are called, and which arrays they take."""

from __future__ import annotations

import dataclasses
import importlib
import sys
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def _bfloat16() -> np.dtype[Any]:
    """NumPy has no such type: ml_dtypes' where that is installed, else the bits."""
    try:
        dtype: np.dtype[Any] = np.dtype(importlib.import_module("ml_dtypes").bfloat16)
    except ImportError:
        dtype = np.dtype(np.uint16)
    return dtype


# By the numbers of edgec_dtype (edgec/model.h): the name, and the elements of an array. Integers of 4 bits are given
# and returned as the bytes that hold two of them each.
DTYPES: dict[int, tuple[str, np.dtype[Any]]] = {
    1: ("float32", np.dtype(np.float32)),
    2: ("float64", np.dtype(np.float64)),
    3: ("float16", np.dtype(np.float16)),
    4: ("bfloat16", _bfloat16()),
    5: ("int8", np.dtype(np.int8)),
    6: ("uint8", np.dtype(np.uint8)),
    7: ("int16", np.dtype(np.int16)),
    8: ("uint16", np.dtype(np.uint16)),
    9: ("int32", np.dtype(np.int32)),
    10: ("uint32", np.dtype(np.uint32)),
    11: ("int64", np.dtype(np.int64)),
    12: ("uint64", np.dtype(np.uint64)),
    13: ("bool", np.dtype(np.bool_)),
    14: ("int4", np.dtype(np.uint8)),
    15: ("uint4", np.dtype(np.uint8)),
}
_PACKED = ("int4", "uint4")


def describe(dtype: str, shape: tuple[int, ...]) -> str:
    return f"{dtype}[{','.join(map(str, shape))}]"


@dataclasses.dataclass(frozen=True)
class Tensor:
    """One input or output of a model."""

    name: str  #: the model's own name of it
    shape: tuple[int, ...]
    dtype: str  #: `float32`, `int8`, ...
    array_dtype: np.dtype[Any]  #: of the arrays that hold it
    bytes: int
    scale: float  #: real = scale * (stored - zero_point); 0 where it is not quantized
    zero_point: int

    @property
    def is_quantized(self) -> bool:
        return self.scale != 0

    @property
    def array_shape(self) -> tuple[int, ...]:
        """Of the arrays that hold it: its shape, but for integers of 4 bits."""
        return (self.bytes,) if self.dtype in _PACKED else self.shape

    def quantize(self, real: npt.ArrayLike) -> Array:
        """Numbers as this tensor stores them: rounded, halves to even, and saturated."""
        self._require_quantized()
        limits = np.iinfo(self.array_dtype)
        stored = np.rint(np.asarray(real, np.float64) / self.scale) + self.zero_point
        saturated: Array = np.clip(stored, limits.min, limits.max).astype(self.array_dtype)
        return saturated

    def dequantize(self, stored: npt.ArrayLike) -> npt.NDArray[np.float32]:
        """The numbers that stored ones mean."""
        self._require_quantized()
        return ((np.asarray(stored, np.float64) - self.zero_point) * self.scale).astype(np.float32)

    def _require_quantized(self) -> None:
        if not self.is_quantized or self.dtype in _PACKED:
            raise ValueError(f"tensor '{self.name}' ({self}) is not quantized to whole bytes")

    def __str__(self) -> str:
        return describe(self.dtype, self.shape)


def is_torch(value: object) -> bool:
    """Whether it is a torch tensor. Nobody has one without having imported torch."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)


def to_array(value: Any, where: str) -> tuple[Array, str, tuple[int, ...]]:
    """An array with the elements of an array or a torch tensor, and what these are. `where` is for messages."""
    if not is_torch(value):
        if not isinstance(value, (np.ndarray, np.generic)):
            raise TypeError(f"{where} takes a NumPy array or a torch tensor, not {type(value).__name__}")
        array = np.asarray(value)
        return array, array.dtype.name, array.shape
    import torch

    dtype = str(value.dtype).removeprefix("torch.")
    if value.device.type != "cpu":
        raise ValueError(f"{where} is on device '{value.device}': give it with .cpu()")
    if value.layout != torch.strided:
        raise TypeError(f"{where} takes a dense tensor: give it with .to_dense()")
    tensor = value.detach().resolve_conj().resolve_neg()
    if tensor.dtype == torch.bfloat16:
        bits: Array = tensor.contiguous().view(torch.uint16).numpy()
        return bits.view(_bfloat16()), dtype, tuple(tensor.shape)
    try:
        array = tensor.numpy()
    except TypeError as problem:
        raise TypeError(f"{where} can't be of {dtype}: {problem}") from problem
    return array, dtype, tuple(tensor.shape)


def to_torch(array: Array, dtype: str) -> Any:
    """A tensor in an array's memory."""
    import torch

    if dtype == "bfloat16":
        return torch.from_numpy(array.view(np.uint16)).view(torch.bfloat16)
    return torch.from_numpy(array)
