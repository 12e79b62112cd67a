#!/usr/bin/env python3
"""An outside project uses the installed edgec: on this machine, rebuilt when it must be, and cross-built for AArch64.

python test/cmake/test_outside.py BUILD   # the build folder of edgec that is installed
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE.parent / "onnx"))

import generate  # noqa: E402
import numpy as np  # noqa: E402
import onnxruntime  # noqa: E402

REQUIRED = os.environ.get("EDGEC_REQUIRE_TARGETS", "").split(",")
BUILD = ""


def execute(*command, cwd=None):
    done = subprocess.run(
        [str(word) for word in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
        cwd=cwd,
    )
    if done.returncode:
        raise AssertionError(f"{' '.join(map(str, command))}\nexit code {done.returncode}\n{done.stdout}")
    return done.stdout


class OutsideTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        temporary = tempfile.TemporaryDirectory(prefix="edgec-outside-")
        cls.addClassCleanup(temporary.cleanup)
        cls.work = pathlib.Path(temporary.name)
        cls.prefix = cls.work / "prefix"
        execute("cmake", "--install", BUILD, "--prefix", cls.prefix)
        generate.write_all(cls.work / "models")
        model = cls.work / "models" / "mlp.onnx"
        x = (np.arange(20) * 37 % 64 - 32).astype(np.float32).reshape(1, 20) / 16
        cls.expected = onnxruntime.InferenceSession(str(model)).run(None, {"x": x})[0].ravel()

    def configure(self, *options):
        model = self.work / f"{self.id().rpartition('.')[2]}.onnx"
        shutil.copy(self.work / "models" / "mlp.onnx", model)
        build = model.with_suffix(".build")
        prefix = f"-DCMAKE_PREFIX_PATH={self.prefix}"
        execute("cmake", "-G", "Ninja", "-S", HERE, "-B", build, prefix, f"-DMODEL={model}", *options)
        return model, build

    def check_output(self, text):
        numbers = re.findall(r"^-?[0-9][-+.e0-9]*$", text, re.MULTILINE)
        values = [float(number) for number in numbers]
        np.testing.assert_allclose(values, self.expected, rtol=1e-4, atol=1e-5)

    def test_host(self):
        model, build = self.configure()
        execute("cmake", "--build", build)
        self.check_output(execute(build / "app"))
        for name in ("libclassifier.a", "classifier.h", "classifier.json"):
            self.assertTrue((build / "classifier.model" / name).exists(), name)
        self.assertTrue((build / "classifier-threads.model" / "libthreaded.a").exists())

        again = execute("cmake", "--build", build)
        self.assertIn("no work to do", again)
        for cause in (model, self.prefix / "bin" / "edgec"):
            with self.subTest(cause.name):
                time.sleep(0.01)
                os.utime(cause)
                again = execute("cmake", "--build", build)
                self.assertIn("Compiling", again)
                self.assertIn("no work to do", execute("cmake", "--build", build))

    def test_the_installed_python_package(self):
        code = "import edgec, sys; print(edgec.compile(sys.argv[1]).load()); print(edgec.find_binary())"
        environment = {"PYTHONPATH": str(self.prefix / "share" / "edgec" / "python"), "PATH": os.environ["PATH"]}
        done = subprocess.run(
            [sys.executable, "-c", code, self.work / "models" / "mlp.onnx"],
            env=environment,
            capture_output=True,
            text=True,
            timeout=600,
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("<edgec.Model mlp(x: float32[1,20])", done.stdout)
        self.assertIn(str(self.prefix / "bin" / "edgec"), done.stdout)

    def test_a_broken_model_stops_the_build(self):
        model, build = self.configure()
        model.write_bytes(model.read_bytes()[:-100])
        with self.assertRaisesRegex(AssertionError, "error:"):
            execute("cmake", "--build", build)
        self.assertFalse((build / "classifier.model" / "libclassifier.a").exists())

    def test_cross_build(self):
        lack = [t for t in ("aarch64-linux-gnu-gcc", "qemu-aarch64") if not shutil.which(t)]
        if lack and "all" not in REQUIRED and "cortex-a53" not in REQUIRED:
            self.skipTest(f"needs {', '.join(lack)}")
        self.assertEqual(lack, [])
        toolchain = ROOT / "cmake" / "toolchains" / "aarch64-linux-gnu.cmake"
        _, build = self.configure(f"-DCMAKE_TOOLCHAIN_FILE={toolchain}")
        self.check_output(execute("cmake", "--build", build, "--target", "run"))
        manifest = (build / "classifier.model" / "classifier.json").read_text()
        self.assertIn('"cortex-a53"', manifest)
        self.assertIn("100% tests passed", execute("ctest", cwd=build))


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    BUILD = sys.argv.pop(1)
    unittest.main()
