#!/usr/bin/env python3
# Part of the edgec project, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs a model written by hand on every emulated target.

A target whose tools are not installed is skipped, unless the environment
variable EDGEC_REQUIRE_TARGETS lists it ("all", or names with commas).
"""

import os
import pathlib
import shutil
import sys
import tempfile
import unittest

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import emulate

DATA = pathlib.Path(__file__).resolve().parent / "data"
REQUIRED = os.environ.get("EDGEC_REQUIRE_TARGETS", "").split(",")
CLANG = shutil.which("clang-22") or shutil.which("clang")


def calls(count=3):
    random = np.random.default_rng(1)
    return [
        [
            random.standard_normal((2, 2)).astype(np.float32),
            random.standard_normal((2, 2)).astype(np.float32),
            random.integers(-128, 128, (2, 3)).astype(np.int8),
        ]
        for _ in range(count)
    ]


def expected(inputs, first=lambda a: a):
    results = []
    for index, (a, b, pair) in enumerate(inputs):
        clipped = np.clip(pair.astype(np.int32).sum(0), -128, 127)
        results.append([first(a) + b, clipped.astype(np.int8), np.int32(index + 1)])
    return results


def assert_equal(actual, wanted):
    assert len(actual) == len(wanted)
    for got_call, want_call in zip(actual, wanted):
        for got, want in zip(got_call, want_call, strict=True):
            np.testing.assert_array_equal(got, want, strict=True)


class EmulateTest(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)

    def need(self, target):
        lack = emulate.missing(target) or (None if CLANG else "clang")
        if lack and target not in REQUIRED and "all" not in REQUIRED:
            self.skipTest(f"{target} needs {lack}")
        self.assertIsNone(lack, f"{target} is required and needs {lack}")

    def build(self, target, *flags):
        """The model as an object that LLVM wrote, as edgec's are."""
        output = self.directory / "mixer.o"
        source = DATA / "mixer.c"
        emulate.compile_object(target, source, output, flags, CLANG)
        return output

    def run_mixer(self, target, *flags):
        model = self.build(target, *flags)
        return emulate.run(target, model, DATA, "mixer", calls())

    def check_target(self, target):
        self.need(target)
        emulate.compile_object(
            target, DATA / "layout.c", self.directory / "layout.o", (), CLANG
        )
        wanted = expected(calls())
        model = self.build(target)
        result = emulate.measure(target, model, DATA, "mixer", calls())
        assert_equal(result.calls, wanted)
        self.assertGreaterEqual(result.stack_bytes, 8)
        self.assertLess(result.stack_bytes, 400)

        # One call, from C source, with libm.
        once = emulate.run(
            target,
            [DATA / "mixer.c"],
            DATA,
            "mixer",
            calls()[0],
            sources_flags=["-DMIXER_MATH", "-fno-builtin"],
        )
        with_libm = expected(calls()[:1], np.exp)[0]
        np.testing.assert_allclose(once[0], with_libm[0], rtol=1e-6)
        assert_equal([once[1:]], [with_libm[1:]])

    def test_wrong_output_is_seen(self):
        self.need("cortex-m4")
        outputs = self.run_mixer("cortex-m4", "-DMIXER_FAULT=4")
        with self.assertRaises(AssertionError):
            assert_equal(outputs, expected(calls()))

    def test_forbidden_things_are_seen(self):
        for target in ("host", "cortex-m4", "cortex-m33", "rv32imc", "cortex-a53"):
            with self.subTest(target):
                self.need(target)
                for flag, message in (
                    ("-DMIXER_FAULT=1", "outside the arena"),
                    ("-DMIXER_FAULT=2", "outside an output"),
                    ("-DMIXER_FAULT=3", "returned -3"),
                ):
                    with self.assertRaisesRegex(emulate.EmulationError, message):
                        self.run_mixer(target, flag)

    def test_stack(self):
        for target in ("host", "cortex-m0", "cortex-m7", "rv32imc"):
            with self.subTest(target):
                self.need(target)
                model = self.build(target, "-DMIXER_DEPTH=5000")
                result = emulate.measure(target, model, DATA, "mixer", calls())
                self.assertGreaterEqual(result.stack_bytes, 5000)
                self.assertLess(result.stack_bytes, 5400)
        for target in ("cortex-m4", "cortex-m33", "rv32imc"):
            with self.subTest(target):
                self.need(target)
                with self.assertRaises(emulate.EmulationError):
                    self.run_mixer(target, "-DMIXER_DEPTH=70000")

    def test_wrong_instructions_are_seen(self):
        for target, flags in (
            ("cortex-m0", ("-mcpu=cortex-m4",)),
            ("rv32imc", ("-march=rv32imafc", "-mabi=ilp32")),
            ("rv64gc", ("-march=rv64gcv", "-DMIXER_DEPTH=256", "-O3")),
        ):
            with self.subTest(target):
                self.need(target)
                with self.assertRaisesRegex(emulate.EmulationError, "running on"):
                    self.run_mixer(target, *flags)

    def test_inputs_are_checked(self):
        self.need("host")
        a, b, pair = calls()[0]
        for inputs in ([a, b], [a, b, pair[:1]], [a, b.astype(np.float64), pair]):
            with self.assertRaises(emulate.EmulationError):
                emulate.run("host", self.build("host"), DATA, "mixer", inputs)


def _add_targets():
    for target in emulate.TARGETS:

        def test(self, target=target):
            self.check_target(target)

        setattr(EmulateTest, "test_on_" + target.replace("-", "_"), test)


_add_targets()

if __name__ == "__main__":
    unittest.main()
