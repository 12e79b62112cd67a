#!/usr/bin/env python3
# Part of the edgec project, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The runtime is C99 and C++, needs no library, and its pool has no races."""

import pathlib
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
INCLUDE = ROOT / "runtime" / "include"
CORE = sorted((ROOT / "runtime" / "src").glob("*.c"))
POOL = ROOT / "runtime" / "port" / "pthread" / "pool.c"
DATA = pathlib.Path(__file__).resolve().parent / "data"
STRICT = ["-Wall", "-Wextra", "-Wconversion", "-pedantic", "-Werror"]


class RuntimeTest(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)

    def execute(self, *command):
        done = subprocess.run(
            [str(word) for word in command],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
        )
        self.assertEqual(done.returncode, 0, f"{command}\n{done.stdout}")
        return done.stdout

    def test_sources_are_c99_and_cxx(self):
        for source in [*CORE, POOL, DATA / "layout.c"]:
            standard = "c11" if source.parent == DATA else "c99"
            flags = ["-I", INCLUDE, *STRICT, "-O2", "-c", source]
            flags += ["-o", self.directory / "o"]
            with self.subTest(source.name):
                self.execute("cc", f"-std={standard}", *flags)
                self.execute("c++", "-x", "c++", "-std=c++11", *flags)

    def test_core_needs_no_library(self):
        objects = []
        for source in CORE:
            objects.append(self.directory / (source.stem + ".o"))
            flags = ["-std=c99", "-ffreestanding", "-O2", "-I", INCLUDE]
            self.execute("cc", *flags, "-c", source, "-o", objects[-1])
        self.assertNotIn(" U ", self.execute("nm", *objects))

    def test_each_header_stands_alone(self):
        for header in sorted((INCLUDE / "edgec").glob("*.h")):
            flags = ["-I", INCLUDE, *STRICT, "-fsyntax-only"]
            with self.subTest(header.name):
                self.execute("cc", "-std=c99", *flags, "-x", "c", header)
                self.execute("c++", "-std=c++11", *flags, "-x", "c++", header)

    def test_checked_calls(self):
        program = self.directory / "checked"
        flags = ["-std=c11", *STRICT, "-fsanitize=address,undefined", "-g"]
        flags += ["-I", INCLUDE, "-I", DATA]
        sources = [DATA / "checked_test.c", DATA / "mixer.c", *CORE]
        self.execute("cc", *flags, *sources, "-o", program)
        self.execute(program)

    def test_pool(self):
        for sanitizer in ("thread", "address,undefined"):
            with self.subTest(sanitizer):
                program = self.directory / "pool"
                flags = ["-std=c99", *STRICT, "-fsanitize=" + sanitizer, "-O1"]
                flags += ["-g", "-I", INCLUDE]
                sources = [DATA / "pool_test.c", POOL, *CORE]
                self.execute("cc", *flags, *sources, "-o", program, "-lpthread")
                self.execute(program)

    @unittest.skipUnless(shutil.which("cmake"), "needs cmake")
    def test_builds_on_its_own(self):
        build, prefix = self.directory / "build", self.directory / "prefix"
        self.execute("cmake", "-S", ROOT / "runtime", "-B", build)
        self.execute("cmake", "--build", build)
        self.execute("cmake", "--install", build, "--prefix", prefix)
        installed = prefix / "share" / "edgec" / "runtime"
        self.execute("cmake", "-S", installed, "-B", self.directory / "again")
        self.execute("cmake", "--build", self.directory / "again")

    def test_example(self):
        """examples/embedded-c against a stand-in for the generated header."""
        (self.directory / "kws.h").write_text(
            '#include "edgec/model.h"\n'
            "#define KWS_ARENA_BYTES 9216u\n"
            "#define KWS_ARENA_ALIGN 16u\n"
            "#define KWS_STACK_BYTES 312u\n"
            "#define KWS_INPUT_LENGTH 490u\n"
            "#define KWS_OUTPUT_LENGTH 12u\n"
            "int32_t kws_run(void *, const int8_t *, int8_t *);\n"
        )
        (self.directory / "kws.c").write_text(
            '#include "kws.h"\n'
            "int32_t kws_run(void *arena, const int8_t *in, int8_t *out) {\n"
            "  (void)in;\n"
            "  if (!arena || (uintptr_t)arena % KWS_ARENA_ALIGN) return -1;\n"
            "  for (int i = 0; i < 12; ++i) out[i] = i == 9 ? 100 : -128;\n"
            "  return 0;\n"
            "}\n"
        )
        program = self.directory / "example"
        sources = [ROOT / "examples/embedded-c/main.c", self.directory / "kws.c"]
        flags = ["-std=c11", *STRICT, "-I", INCLUDE, "-I", self.directory]
        self.execute("cc", *flags, *sources, "-o", program)
        self.assertIn("yes", self.execute(program))


if __name__ == "__main__":
    unittest.main()
