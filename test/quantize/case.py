"""What the tests of quantization share: a folder of their own, edgec, and how far results are apart."""

from __future__ import annotations

import pathlib
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "onnx")]

import numpy as np  # noqa: E402
from common import edgec  # noqa: E402

BINARY = edgec.find()


def sqnr(wanted, found) -> float:
    """Signal to quantization noise, in dB."""
    wanted, found = np.asarray(wanted, np.float64), np.asarray(found, np.float64)
    return 10 * np.log10((wanted**2).sum() / max(((wanted - found) ** 2).sum(), 1e-30))


class ModelTest(unittest.TestCase):
    """`self.work` is a folder that lives as long as the test."""

    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="edgec-quantize-")
        self.addCleanup(directory.cleanup)
        self.work = pathlib.Path(directory.name)

    def invoke(self, *arguments) -> edgec.Result:
        result = edgec.invoke(BINARY, [str(a) for a in arguments], timeout=120)
        self.assertEqual(result.code, 0, f"{arguments}: {result.crash or result.tail}")
        return result
