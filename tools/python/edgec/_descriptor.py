"""The C descriptor of a compiled model, `edgec_model` of edgec/model.h, through ctypes."""

from __future__ import annotations

import ctypes

from ._errors import EdgecError
from ._tensor import DTYPES, Tensor

ABI_VERSION = 1

# Of edgec/status.h.
STATUS = {
    -1: "the arena is null, misaligned or too small",
    -2: "a pointer is null or a count is wrong",
    -3: "an input asks for a branch that the compiled shapes rule out, or the model asserts what doesn't hold",
    -4: "the library has another ABI version",
    -5: "this processor can't run it",
    -6: "the operating system refused",
}


class CTensor(ctypes.Structure):
    _fields_ = [
        ("name", ctypes.c_char_p),
        ("shape", ctypes.POINTER(ctypes.c_int32)),
        ("bytes", ctypes.c_size_t),
        ("elements", ctypes.c_size_t),
        ("dtype", ctypes.c_int32),
        ("rank", ctypes.c_int32),
        ("scale", ctypes.c_float),
        ("zero_point", ctypes.c_int32),
    ]


# Calls through these release Python's lock.
Invoke = ctypes.CFUNCTYPE(
    ctypes.c_int32,
    ctypes.c_void_p,
    ctypes.POINTER(ctypes.c_void_p),
    ctypes.POINTER(ctypes.c_void_p),
    ctypes.c_void_p,
)
Reset = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


class CModel(ctypes.Structure):
    _fields_ = [
        ("abi_version", ctypes.c_uint32),
        ("arena_align", ctypes.c_uint32),
        ("n_inputs", ctypes.c_int32),
        ("n_outputs", ctypes.c_int32),
        ("name", ctypes.c_char_p),
        ("inputs", ctypes.POINTER(CTensor)),
        ("outputs", ctypes.POINTER(CTensor)),
        ("invoke", Invoke),
        ("reset", Reset),
        ("arena_bytes", ctypes.c_size_t),
        ("state_bytes", ctypes.c_size_t),
        ("stack_bytes", ctypes.c_size_t),
    ]


def read_tensor(row: CTensor) -> Tensor:
    if row.dtype not in DTYPES:
        raise EdgecError(f"the library has a tensor of the unknown element type {row.dtype}")
    dtype, array_dtype = DTYPES[row.dtype]
    return Tensor(
        name=row.name.decode("utf-8", "replace"),
        shape=tuple(row.shape[i] for i in range(row.rank)),
        dtype=dtype,
        array_dtype=array_dtype,
        bytes=row.bytes,
        scale=row.scale,
        zero_point=row.zero_point,
    )
