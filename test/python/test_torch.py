#!/usr/bin/env python3
"""The Python package with PyTorch: tensors, exported programs, and torch.compile(backend="edgec").

python test/python/test_torch.py build/dev
"""

import json
import pathlib
import subprocess
import tempfile
import unittest
import unittest.mock
import warnings

import package

package.start()

import edgec  # noqa: E402
import edgec._dynamo  # noqa: E402
import edgec.torch  # noqa: E402
import torch  # noqa: E402

STRICT = {"fallback": False}


def reads_programs() -> bool:
    """Whether this edgec reads .pt2."""
    listed = subprocess.run([edgec.find_binary(), "ops", "--json"], check=True, capture_output=True, text=True)
    return any(row["format"] == "torch" for row in json.loads(listed.stdout))


needs_frontend = unittest.skipUnless(reads_programs(), "this edgec has no frontend for .pt2")


class Net(torch.nn.Module):
    """A convolution, a normalization, a buffer, and a result that is no tensor."""

    def __init__(self):
        super().__init__()
        self.conv = torch.nn.Conv2d(3, 4, 3)
        self.norm = torch.nn.BatchNorm2d(4)
        self.drop = torch.nn.Dropout()
        self.register_buffer("gain", torch.full((4, 1, 1), 1.5))

    def forward(self, x):
        y = torch.relu_(self.drop(self.norm(self.conv(x)))) * self.gain
        return y, x.shape[0], torch.sigmoid(x)


class TorchTest(unittest.TestCase):
    def setUp(self):
        torch.manual_seed(0)
        torch.compiler.reset()
        # torch's own, of its own code.
        self.enterContext(warnings.catch_warnings())
        warnings.simplefilter("ignore", FutureWarning)
        warnings.simplefilter("always", edgec.torch.FallbackWarning)
        # Counts compilations.
        count = unittest.mock.patch.object(edgec._dynamo, "compile", wraps=edgec.compile)
        self.compile = self.enterContext(count)

    def assert_close(self, found, wanted):
        torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-5)

    def fallback(self, text):
        return self.assertWarnsRegex(edgec.torch.FallbackWarning, text)


class TensorTest(TorchTest):
    @classmethod
    def setUpClass(cls):
        temporary = tempfile.TemporaryDirectory(prefix="edgec-torch-")
        cls.addClassCleanup(temporary.cleanup)
        cls.models = pathlib.Path(temporary.name)
        package.write_models(cls.models)
        cls.model = edgec.compile(cls.models / "classifier.onnx").load()

    def test_tensors_in_tensors_out(self):
        x = torch.randn(20, 1).t()
        y = self.model(x=x)
        self.assertIsInstance(y, torch.Tensor)
        self.assert_close(y, torch.from_numpy(self.model(x.numpy())))
        self.assert_close(self.model(x.requires_grad_()), y)

    def test_inputs_are_checked(self):
        for x, kind, text in (
            (torch.zeros(1, 20, dtype=torch.float64), TypeError, r"not float64\[1,20\]: .*\.to\(torch\.float32\)"),
            (torch.zeros(1, 20, dtype=torch.bfloat16), TypeError, r"input 'x' is float32\[1,20\], not bfloat16"),
            (torch.zeros(20), ValueError, r"input 'x' is float32\[1,20\], not float32\[20\]"),
            (torch.zeros(1, 20, device="meta"), ValueError, "input 'x' is on device 'meta': give it with .cpu()"),
            (torch.zeros(1, 20).to_sparse(), TypeError, "input 'x' takes a dense tensor"),
        ):
            with self.subTest(text), self.assertRaisesRegex(kind, text):
                self.model(x)

    def test_a_module_is_no_model(self):
        with self.assertRaisesRegex(TypeError, "not Net: export it first, with torch.export.export"):
            edgec.compile(Net())


@needs_frontend
class ExportTest(TorchTest):
    def test_programs(self):
        net = Net().eval()
        x = torch.randn(2, 3, 8, 8)
        artifact = edgec.compile(torch.export.export(net, (x,)), name="net")
        self.assertEqual(artifact.manifest["model"]["file"], "net.pt2")
        found = artifact.load()(x)
        self.assert_close(found[0], net(x)[0])

    def test_bfloat16(self):
        module = torch.nn.ReLU()
        x = torch.randn(2, 3, dtype=torch.bfloat16)
        y = edgec.compile(torch.export.export(module, (x,))).load()(x)
        self.assertEqual(y.dtype, torch.bfloat16)
        self.assert_close(y, module(x))

    def test_what_edgec_refuses(self):
        program = torch.export.export(Lambda(lambda x: torch.linalg.svd(x)[1]), (torch.randn(3, 3),))
        with self.assertRaisesRegex(edgec.CompileError, "linalg_svd"):
            edgec.compile(program)

    def test_examples(self):
        with tempfile.TemporaryDirectory() as folder:
            package.run_examples(self, pathlib.Path(folder), torch=True)


class Lambda(torch.nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, *args):
        return self.function(*args)


@needs_frontend
class BackendTest(TorchTest):
    def test_shapes_are_compiled_for_once_each(self):
        net = Net().eval()
        compiled = torch.compile(net, backend="edgec", options=STRICT)
        with torch.no_grad():
            for batch, compilations in ((2, 1), (5, 2), (7, 3), (5, 3)):
                x = torch.randn(batch, 3, 8, 8)
                found, wanted = compiled(x), net(x)
                self.assertEqual(self.compile.call_count, compilations)
                self.assertEqual(found[1], batch)
                self.assert_close(found[0], wanted[0])
                self.assert_close(found[2], wanted[2])

    def test_changed_weights(self):
        net, x = Net().eval(), torch.randn(2, 3, 8, 8)
        compiled = torch.compile(net, backend="edgec", options=STRICT)
        with torch.no_grad():
            compiled(x)
            net.gain.mul_(2)
            self.assert_close(compiled(x)[0], net(x)[0])
            net.conv.weight = torch.nn.Parameter(torch.randn_like(net.conv.weight))
            self.assert_close(compiled(x)[0], net(x)[0])

    def test_inference_mode(self):
        net = Net().eval()
        compiled = torch.compile(net, backend="edgec", options=STRICT)
        with torch.inference_mode():
            x = torch.randn(2, 3, 8, 8)
            self.assert_close(compiled(x)[0], net(x)[0])

    def test_unsupported_operators(self):
        def function(x):
            return torch.linalg.svd(x)[1]

        x = torch.randn(3, 3)
        with self.fallback("edgec leaves a graph to PyTorch: .*linalg_svd"):
            y = torch.compile(function, backend="edgec")(x)
        self.assert_close(y, function(x))
        torch.compiler.reset()
        with self.assertRaisesRegex(edgec.CompileError, "linalg_svd"):
            torch.compile(function, backend="edgec", options=STRICT)(x)

    def test_many_shapes(self):
        compiled = torch.compile(lambda x: x + 1, backend="edgec", dynamic=True)
        with self.fallback("it has been compiled 8 times"):
            for size in range(2, 12):
                self.assert_close(compiled(torch.zeros(size)), torch.ones(size))
        self.assertEqual(self.compile.call_count, 8)


class FallbackTest(TorchTest):
    """What is left to PyTorch before edgec is asked."""

    def test_gradients(self):
        net, x = Net().eval(), torch.randn(2, 3, 8, 8)
        with self.fallback("wants a gradient, and edgec computes none: call the model under torch.no_grad"):
            torch.compile(net, backend="edgec")(x)[0].sum().backward()
        self.assertIsNotNone(net.conv.weight.grad)
        torch.compiler.reset()
        with self.assertRaisesRegex(edgec.EdgecError, "wants a gradient"):
            torch.compile(net, backend="edgec", options=STRICT)(x)
        self.assertEqual(self.compile.call_count, 0)

    def test_writes(self):
        x = torch.zeros(3)
        with self.fallback("it writes to '.*' in place"):
            torch.compile(lambda x: x.add_(1) * 2, backend="edgec")(x)
        self.assertEqual(x.tolist(), [1, 1, 1])
        net = Net().train()
        with torch.no_grad(), self.fallback("it writes to '.*num_batches_tracked.*' in place"):
            torch.compile(net, backend="edgec")(torch.randn(2, 3, 8, 8))
        self.assertEqual(int(net.norm.num_batches_tracked), 1)

    def test_devices(self):
        with self.fallback("is on 'meta', torch.strided: edgec takes dense tensors on the CPU"):
            torch.compile(lambda x: x + 1, backend="edgec")(torch.zeros(3, device="meta"))

    @unittest.skipIf(reads_programs(), "this edgec has a frontend for .pt2")
    def test_no_frontend(self):
        with self.fallback("is not a model in a known format"):
            y = torch.compile(lambda x: x + 1, backend="edgec")(torch.zeros(3))
        self.assertEqual(y.tolist(), [1, 1, 1])

    def test_options(self):
        for arguments, text in (
            ({"options": {"fall": 1}}, "backend edgec has no option 'fall'; it has fallback, options"),
            ({"mode": "max-autotune"}, "backend edgec has no mode 'max-autotune'"),
        ):
            torch.compiler.reset()
            with self.subTest(text), self.assertRaisesRegex(Exception, text):
                torch.compile(lambda x: x + 1, backend="edgec", **arguments)(torch.zeros(3))

    def test_registered_once(self):
        import importlib

        self.assertIn("edgec", torch._dynamo.list_backends())
        importlib.reload(edgec.torch)  # as after an entry point has registered it


if __name__ == "__main__":
    unittest.main()
