"""Tensors to and from edgec: .npy files, outputs.json, and what 'equal' means for each dtype."""

from __future__ import annotations

import json
import pathlib

import ml_dtypes  # comes with onnx
import numpy as np

_BFLOAT16 = np.dtype(ml_dtypes.bfloat16)
_ALIASES = {
    "f16": "float16", "half": "float16", "f32": "float32", "float": "float32", "f64": "float64",
    "double": "float64", "bf16": "bfloat16", "i1": "bool",
    **{f"i{n}": f"int{n}" for n in (8, 16, 32, 64)},
    **{f"si{n}": f"int{n}" for n in (8, 16, 32, 64)},
    **{f"{u}{n}": f"uint{n}" for u in ("u", "ui") for n in (8, 16, 32, 64)},
}  # fmt: skip


class Mismatch(Exception):
    """An output that is not what it should be."""


def save(path: pathlib.Path, value: np.ndarray) -> None:
    """bfloat16 has no .npy type: it is stored, as numpy itself does, as '<V2', two opaque bytes."""
    np.save(path, np.asarray(value), allow_pickle=False)


def load_outputs(folder: pathlib.Path) -> list[tuple[str, np.ndarray]]:
    listing = folder / "outputs.json"
    if not listing.exists():
        raise Mismatch("wrote no outputs.json")
    outputs = []
    for entry in json.loads(listing.read_text()):
        value = np.load(folder / entry["file"], allow_pickle=False)
        said = _ALIASES.get(entry["dtype"], entry["dtype"])
        if said == "bfloat16" and value.dtype.itemsize == 2:
            value = value.view(_BFLOAT16)
        if value.dtype.name != said or list(value.shape) != list(entry["shape"]):
            raise Mismatch(
                f"'{entry['name']}': outputs.json says {said}{entry['shape']}, "
                f"the file has {value.dtype.name}{list(value.shape)}"
            )
        outputs.append((entry["name"], value))
    return outputs


def is_float(dtype: np.dtype) -> bool:
    return dtype == _BFLOAT16 or np.issubdtype(dtype, np.floating)


def compare(
    name: str, ref: np.ndarray, got: np.ndarray, rtol: float, atol: float, values: bool = True
) -> None:
    """Integers and bools exactly, NaN where NaN is due, infinities with their sign.

    The absolute tolerance follows the tensor's largest value, since a sum that cancels has the
    error of its terms; it never falls under `atol`.
    """
    if got.dtype != ref.dtype:
        raise Mismatch(f"'{name}': {got.dtype.name}, not {ref.dtype.name}")
    if got.shape != ref.shape:
        raise Mismatch(f"'{name}': shape {list(got.shape)}, not {list(ref.shape)}")
    if not values or ref.size == 0:
        return
    if not is_float(ref.dtype):
        bad = np.argwhere(ref != got)
        if len(bad):
            at = tuple(int(i) for i in bad[0])
            raise Mismatch(
                f"'{name}': {len(bad)} of {ref.size} differ, first at {list(at)}: "
                f"{got[at]}, not {ref[at]}"
            )
        return
    scale = 1e-6
    if ref.dtype == _BFLOAT16:
        rtol, scale = max(rtol, 2**-6), 2**-8
    elif ref.dtype == np.float16:
        rtol, scale = max(rtol, 2**-8), 2**-10
    a, b = ref.astype(np.float64), got.astype(np.float64)
    finite = np.abs(a[np.isfinite(a)])
    atol = max(atol, scale * float(finite.max(initial=0.0)))
    with np.errstate(invalid="ignore"):
        close = (a == b) | (np.isnan(a) & np.isnan(b))
        close |= np.isfinite(a) & np.isfinite(b) & (np.abs(a - b) <= atol + rtol * np.abs(a))
    if not close.all():
        bad = np.argwhere(~close)
        at = tuple(int(i) for i in bad[0])
        raise Mismatch(
            f"'{name}': {len(bad)} of {ref.size} differ, first at {list(at)}: {got[at]}, not {ref[at]}"
        )


def range_error(ref: np.ndarray, got: np.ndarray) -> float:
    """max|a-b| / (max(ref)-min(ref)); exact for what is not floating point: 0 or infinity."""
    if got.dtype != ref.dtype or got.shape != ref.shape:
        raise Mismatch(f"{got.dtype.name}{list(got.shape)}, not {ref.dtype.name}{list(ref.shape)}")
    if ref.size == 0:
        return 0.0
    if not is_float(ref.dtype):
        return 0.0 if np.array_equal(ref, got) else float("inf")
    a, b = ref.astype(np.float64), got.astype(np.float64)
    same = (a == b) | (np.isnan(a) & np.isnan(b))
    if same.all():
        return 0.0
    if not (np.isfinite(a[~same]).all() and np.isfinite(b[~same]).all()):
        return float("inf")
    a, b = a[np.isfinite(a) & np.isfinite(b)], b[np.isfinite(a) & np.isfinite(b)]
    spread = float(a.max() - a.min())
    if spread == 0.0:  # one value: relative to itself
        spread = max(float(np.abs(a).max()), 1e-6)
    return float(np.abs(a - b).max()) / spread
