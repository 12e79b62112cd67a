#!/usr/bin/env python3
"""The Python package with NumPy: models beside onnxruntime and LiteRT, states, threads, and what is said where
something is wrong.

    python test/python/test_package.py build/dev
"""

import gc
import pathlib
import pickle
import subprocess
import sys
import tempfile
import threading
import unittest

import package

package.start()

import edgec  # noqa: E402
import numpy as np  # noqa: E402
import onnx  # noqa: E402
import onnxruntime  # noqa: E402
import reference  # noqa: E402
from generate import Graph  # noqa: E402


class PackageTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        temporary = tempfile.TemporaryDirectory(prefix="edgec-python-")
        cls.addClassCleanup(temporary.cleanup)
        cls.work = pathlib.Path(temporary.name)
        cls.models = cls.work / "models"
        package.write_models(cls.models)
        cls.classifier = edgec.compile(cls.models / "classifier.onnx", out=cls.work / "classifier")
        cls.stream = edgec.compile(
            cls.models / "enhancer.onnx", out=cls.work / "enhancer", states={"past": "past_out", "h": "h_out"}
        )

    def graph(self, name, *, dtype=onnx.TensorProto.FLOAT, shape=(2, 3), operator="Add"):
        """A file with one operator on `a` and `b`."""
        g = Graph(name)
        inputs = [g.input(key, list(shape), dtype) for key in "ab"]
        g.node(operator, *inputs, out="y")
        g.output("y", list(shape), dtype)
        path = self.work / f"{name}.onnx"
        path.write_bytes(g.model().SerializeToString())
        return path


class CompileTest(PackageTest):
    def test_onnx_as_onnxruntime(self):
        for name in ("cnn", "transformer", "classifier", "qlinear_int8", "tokens"):
            with self.subTest(name):
                model = edgec.compile(self.models / f"{name}.onnx").load()
                rng = np.random.default_rng(1)
                feed = {t.name: (rng.standard_normal(t.shape) * 3).astype(t.array_dtype) for t in model.inputs}
                want = onnxruntime.InferenceSession(self.models / f"{name}.onnx").run(None, feed)
                got = model(**feed)
                for found, wanted in zip(got if isinstance(got, tuple) else (got,), want, strict=True):
                    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)

    def test_tflite_as_its_reference(self):
        judge = reference.Reference(self.models / "kws.tflite")
        model = edgec.compile(self.models / "kws.tflite").load()
        feed = judge.feed(3)
        np.testing.assert_array_equal(model(*feed), judge.run(feed, 1)[0])
        (details,) = judge.interpreter.get_input_details()
        (info,) = model.inputs
        self.assertTrue(info.is_quantized)
        self.assertAlmostEqual(info.scale, details["quantization"][0])
        self.assertEqual(info.zero_point, details["quantization"][1])

    def test_artifact(self):
        artifact = self.classifier
        names = {"classifier.h", "classifier.json", "libclassifier.a", "libclassifier.so"}
        self.assertEqual({path.name for path in artifact.files}, names)
        self.assertEqual(artifact.manifest["name"], "classifier")
        for path in (artifact.header, artifact.library, artifact.shared_library, artifact.manifest_file):
            self.assertTrue(path.exists(), path)

    def test_a_temporary_folder_vanishes(self):
        artifact = edgec.compile(self.models / "classifier.onnx")
        directory, model = artifact.directory, artifact.load()
        del artifact
        gc.collect()
        self.assertFalse(directory.exists())
        self.assertEqual(model(np.zeros((1, 20), np.float32)).shape, (1, 4))

    def test_a_board(self):
        artifact = edgec.compile(self.models / "classifier.onnx", target="cortex-m4", name="net", out=self.work / "m4")
        self.assertEqual({path.name for path in artifact.files}, {"net.h", "net.json", "libnet.a"})
        with self.assertRaisesRegex(edgec.EdgecError, r"libnet.so' was not written: compile with emit=\['shared'\]"):
            artifact.load()

    def test_shapes_values_options(self):
        artifact = edgec.compile(self.models / "dynamic.onnx", shapes={"x": (2, 3, 8, 8)}, options=["--threads=2"])
        self.assertEqual(artifact.manifest["inputs"][0]["shape"], [2, 3, 8, 8])
        self.assertEqual(artifact.manifest["threads"], 2)
        path = self.graph("half", shape=(), dtype=onnx.TensorProto.FLOAT)
        self.assertEqual(edgec.compile(path, values={"b": 2.5}).load()(np.float32(4)), 6.5)

    def test_calibration_with_arrays(self):
        rng = np.random.default_rng(2)
        arrays = [rng.standard_normal((1, 20)).astype(np.float32) for _ in range(4)]
        for kind, samples in (
            ("arrays", arrays),
            ("tuples", [(array,) for array in arrays]),
            ("dicts", ({"x": array} for array in arrays)),
        ):
            with self.subTest(kind):
                artifact = edgec.compile(self.models / "classifier.onnx", quantize="int8", calibration=samples)
                model, exact = artifact.load(), self.classifier.load()
                np.testing.assert_allclose(model(arrays[0]), exact(arrays[0]), atol=0.3)
                self.assertTrue(np.any(model(arrays[0]) != exact(arrays[0])))

    def test_what_edgec_says(self):
        with self.assertRaisesRegex(edgec.CompileError, "(?s)dynamic.onnx: node 'x': error: .*--shape x=") as caught:
            edgec.compile(self.models / "dynamic.onnx", out=self.work / "never")
        self.assertEqual(caught.exception.code, 1)
        self.assertIn("error:", caught.exception.reason)
        self.assertNotIn("\n", caught.exception.reason)
        self.assertFalse((self.work / "never").exists())
        self.assertEqual(str(pickle.loads(pickle.dumps(caught.exception))), str(caught.exception))
        with self.assertRaisesRegex(edgec.CompileError, "--frobnicate") as caught:
            edgec.compile(self.models / "cnn.onnx", options=["--frobnicate"])
        self.assertEqual(caught.exception.code, 2)
        with self.assertRaisesRegex(edgec.CompileError, "absent.onnx: error: can't be read"):
            edgec.compile("absent.onnx")
        with self.assertRaisesRegex(edgec.CompileError, "needs samples|--calibration"):
            edgec.compile(self.models / "classifier.onnx", quantize="int8")
        with self.assertRaisesRegex(TypeError, "calibration sample 0 takes a NumPy array or a torch tensor, not str"):
            edgec.compile(self.models / "classifier.onnx", quantize="int8", calibration=["a", "b"])
        with self.assertRaisesRegex(TypeError, "a path or a torch.export.ExportedProgram, not int"):
            edgec.compile(7)


class ModelTest(PackageTest):
    def test_inputs_are_checked(self):
        model, x = self.classifier.load(), np.zeros((1, 20), np.float32)
        for call, kind, text in (
            (lambda: model(), TypeError, r"input 'x' \(float32\[1,20\]\) is not given"),
            (lambda: model(x, x), TypeError, "model 'classifier' takes 'x', but 2 inputs are given"),
            (lambda: model(y=x), TypeError, "has no input 'y': its inputs are 'x'"),
            (lambda: model(x, x=x), TypeError, "input 'x' is given twice"),
            (lambda: model([0.0] * 20), TypeError, "input 'x' takes a NumPy array or a torch tensor, not list"),
            (
                lambda: model(x.astype(np.float64)),
                TypeError,
                r"input 'x' is float32\[1,20\], not float64\[1,20\]: convert it with .astype\(numpy.float32\)",
            ),
            (lambda: model(x[0]), ValueError, r"input 'x' is float32\[1,20\], not float32\[20\]: shapes are fixed"),
            (lambda: model(x.astype(">f4")), TypeError, "input 'x' is float32"),
        ):
            with self.subTest(text), self.assertRaisesRegex(kind, text):
                call()
        quantized = edgec.compile(self.models / "kws.tflite").load()
        with self.assertRaisesRegex(TypeError, r"quantize\(x\)"):
            quantized(np.zeros(quantized.inputs[0].shape, np.float32))

    def test_strided_and_misaligned_inputs(self):
        model = self.classifier.load()
        x = np.random.default_rng(0).standard_normal((20, 2)).astype(np.float32)
        want = model(np.ascontiguousarray(x.T[:1]))
        np.testing.assert_array_equal(model(x.T[:1]), want)
        raw = np.zeros(81, np.uint8)
        odd = raw[1:].view(np.float32).reshape(1, 20)
        odd[:] = x.T[:1]
        np.testing.assert_array_equal(model(odd), want)

    def test_element_types(self):
        for name in ("float16", "double", "int8", "uint8", "int32", "int64", "uint64", "bool"):
            with self.subTest(name):
                numpy_name = {"double": "float64"}.get(name, name)
                dtype = getattr(onnx.TensorProto, name.upper())
                path = self.graph(f"add_{name}", dtype=dtype, operator="And" if name == "bool" else "Add")
                model = edgec.compile(path).load()
                a = (np.arange(6) % 2).astype(numpy_name).reshape(2, 3)
                b = np.ones((2, 3), numpy_name)
                self.assertEqual(str(model.outputs[0]), f"{numpy_name}[2,3]")
                np.testing.assert_array_equal(model(a, b), a & b if name == "bool" else a + b)
        import ml_dtypes

        bfloat16 = edgec.compile(self.graph("add_bfloat16", dtype=onnx.TensorProto.BFLOAT16)).load()
        ones = np.ones((2, 3), ml_dtypes.bfloat16)
        np.testing.assert_array_equal(bfloat16(ones, ones), ones + ones)

    def test_nothing_in_nothing_out(self):
        model = edgec.compile(self.graph("empty", shape=(0, 3))).load()
        self.assertEqual(model(np.zeros((0, 3), np.float32), np.zeros((0, 3), np.float32)).shape, (0, 3))

    def test_quantize_and_back(self):
        (tensor,) = edgec.compile(self.models / "kws.tflite").load().inputs
        stored = tensor.quantize([-1e9, 0.0, tensor.scale * 1.5, 1e9])
        self.assertEqual(stored.tolist(), [-128, tensor.zero_point, tensor.zero_point + 2, 127])
        np.testing.assert_allclose(tensor.dequantize(stored)[1:3], [0, 2 * tensor.scale], rtol=1e-6)
        with self.assertRaisesRegex(ValueError, "tensor 'x' .* is not quantized"):
            self.classifier.load().inputs[0].quantize([0])

    def test_states(self):
        model, x = self.stream.load(), np.ones((1, 4, 2), np.float32)
        session = onnxruntime.InferenceSession(self.models / "enhancer.onnx")
        past, h = np.zeros((1, 4, 4), np.float32), np.zeros((1, 1, 16), np.float32)
        want = []
        for _ in range(3):
            y, past, h = session.run(None, {"x": x, "past": past, "h": h})
            want.append(y)
        for expected in want:
            np.testing.assert_allclose(model(x), expected, rtol=1e-5, atol=1e-6)
        other = self.stream.load()  # has states of its own
        np.testing.assert_allclose(other(x), want[0], rtol=1e-5, atol=1e-6)
        model.state = other.state
        np.testing.assert_allclose(model(x), want[1], rtol=1e-5, atol=1e-6)
        model.reset()
        np.testing.assert_allclose(model(x), want[0], rtol=1e-5, atol=1e-6)
        with self.assertRaisesRegex(ValueError, f"has {model.state_bytes} bytes, not 1"):
            model.state = b"x"

    def test_threads(self):
        model = edgec.compile(self.models / "transformer.onnx").load()
        rng = np.random.default_rng(4)
        inputs = [rng.standard_normal(model.inputs[0].shape).astype(np.float32) for _ in range(8)]
        want = [model(x) for x in inputs]
        wrong = []

        def work(x, expected):
            wrong.extend(1 for _ in range(50) if not np.array_equal(model(x), expected))

        threads = [threading.Thread(target=work, args=pair) for pair in zip(inputs, want, strict=True)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(wrong, [])

    def test_load_takes_library_manifest_or_folder(self):
        for path in (self.classifier.shared_library, self.classifier.manifest_file, self.classifier.directory):
            self.assertEqual(edgec.load(path).name, "classifier")

    def test_a_library_that_has_changed(self):
        out, x = self.work / "changed", np.ones((2, 3), np.float32)
        before = edgec.compile(self.graph("n"), out=out).load()
        after = edgec.compile(self.graph("n", operator="Mul"), out=out).load()
        self.assertEqual((before(x, x)[0, 0], after(x, x)[0, 0]), (2, 1))

    def test_what_cannot_be_loaded(self):
        folder = self.work / "broken"
        folder.mkdir(exist_ok=True)
        with self.assertRaisesRegex(edgec.EdgecError, "should have one shared library libNAME.so, and has none"):
            edgec.load(folder)
        with self.assertRaisesRegex(edgec.EdgecError, "absent.so' does not exist: .*--emit=shared"):
            edgec.load("absent.so")
        with self.assertRaisesRegex(edgec.EdgecError, "'classifier.onnx' is no shared library"):
            edgec.load("classifier.onnx")
        (folder / "libtext.so").write_text("no library")
        with self.assertRaisesRegex(edgec.EdgecError, "broken/libtext.so' can't be loaded on this machine"):
            edgec.load(folder)
        renamed = folder / "libother.so"
        renamed.write_bytes(self.classifier.shared_library.read_bytes())
        with self.assertRaisesRegex(edgec.EdgecError, "has no 'other_model'"):
            edgec.load(renamed)
        foreign = edgec.compile(self.models / "mlp.onnx", target="cortex-a53", emit=["shared"])
        with self.assertRaisesRegex(edgec.EdgecError, "libmlp.so' can't be loaded on this machine"):
            foreign.load()

    def test_libm_is_found(self):
        path = self.graph("pow", dtype=onnx.TensorProto.DOUBLE, operator="Pow")
        artifact = edgec.compile(path)
        self.assertIn("pow", artifact.manifest["undefined_symbols"])
        # In a process that has loaded nothing else that could bring libm.
        program = (
            "import ctypes, sys; ctypes.CDLL(sys.argv[1]);"
            "maps = open('/proc/self/maps').read(); sys.exit('libm.so' not in maps)"
        )
        subprocess.run([sys.executable, "-c", program, artifact.shared_library], check=True)
        a, b = np.full((2, 3), 3.0), np.full((2, 3), 0.3)
        np.testing.assert_allclose(artifact.load()(a, b), a**b, rtol=1e-14)


class BinaryTest(unittest.TestCase):
    def test_environment_then_tree_then_path(self):
        beside = pathlib.Path(edgec.__file__).resolve().parents[2] / "bin" / "edgec"
        with package.environment(EDGEC=None, PATH=""):
            self.assertEqual(edgec.find_binary(), str(beside))
        with package.environment(EDGEC="/bin/sh"):
            self.assertEqual(edgec.find_binary(), "/bin/sh")
        with package.environment(EDGEC="/nowhere/edgec"):
            with self.assertRaisesRegex(edgec.EdgecError, "EDGEC=/nowhere/edgec is not an executable file"):
                edgec.compile("a.onnx")
        with tempfile.TemporaryDirectory() as folder:
            # A copy that is in no tree.
            command = "import shutil, sys; shutil.copytree(sys.argv[1], sys.argv[2]); sys.path.insert(0, sys.argv[3]);"
            command += "import edgec; assert sys.argv[3] in edgec.__file__; edgec.find_binary()"
            source = pathlib.Path(edgec.__file__).parent
            arguments = [sys.executable, "-c", command, source, f"{folder}/edgec", folder]
            with package.environment(EDGEC=None, PATH="/nowhere"):
                done = subprocess.run(arguments, capture_output=True, text=True)
            self.assertIn("'edgec' is neither beside this package nor on the PATH", done.stderr)


class ManualTest(PackageTest):
    def test_examples(self):
        printed = package.run_examples(self, self.models, torch=False)
        self.assertIn("<edgec.Model classifier(x: float32[1,20]) -> (y: float32[1,4])>", printed)
        self.assertIn("firmware/classifier.h firmware/libclassifier.a", printed)
        self.assertIn("classifier.onnx: error: ", printed)


if __name__ == "__main__":
    unittest.main()
