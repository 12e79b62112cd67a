#!/usr/bin/env python3
"""One way to run a model, in a process of its own.

    python bench/peers.py PEER MODEL FEED.npz OUT.npz OPTIONS.json

Loads the model, binds the inputs once, runs, saves the outputs, and prints `ready`; then, for each
number N that it reads, it runs once uncounted and N times counted, and prints the nanoseconds.
Every peer gets the same file with static shapes and the same number of threads. A run is one call
without arguments: what the inputs and outputs are was settled before.
"""

from __future__ import annotations

import ctypes
import functools
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent


class Unable(Exception):
    """This peer can't run this model; the reason goes into the table's notes."""


def tool(command: list, what: str, timeout: float = 900, cwd: str | None = None) -> str:
    try:
        done = subprocess.run(
            [str(c) for c in command], capture_output=True, text=True, errors="replace",
            timeout=timeout, cwd=cwd, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise Unable(f"{what}: no end after {timeout:.0f} s") from None
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        errors = [line for line in lines if re.search("error|undefined|multiple", line, re.I)] or lines[-1:]
        why = re.sub(r"\S*/(\S+:\d+:\d+: )", r"\1", errors[0].strip()) if errors else done.returncode
        raise Unable(f"{what}: {str(why)[:200]}")
    return done.stdout


def version_of(package: str) -> str:
    import importlib.metadata

    return importlib.metadata.version(package)


class Edgec:
    """The static library that `edgec compile` writes, called through shim.c."""

    def __init__(self, model: str, feed: dict, work: pathlib.Path, options: dict):
        binary = options["edgec"]
        self.version = tool([binary, "--version"], "edgec").strip().removeprefix("edgec ")
        command = [binary, "compile", model, "--name=bench", "-o", work]
        command += [f"--threads={options['threads']}"] if options["threads"] > 1 else []
        tool([*command, *options.get("edgec_options", [])], "edgec compile")
        runtime = HERE.parent / "runtime"
        compiler = os.environ.get("CC") or next(filter(None, map(shutil.which, ("clang-22", "clang", "cc"))), "cc")  # fmt: skip
        library = work / "bench.so"
        tool(
            [compiler, "-O2", "-std=c11", "-D_GNU_SOURCE", "-shared", "-fPIC", "-pthread", f"-I{runtime / 'include'}",
             "-o", library, HERE / "shim.c", runtime / "port/pthread/pool.c",
             *sorted((runtime / "src").glob("*.c")), work / "libbench.a", "-lm"],
            compiler,
        )  # fmt: skip
        self.manifest = json.loads((work / "bench.json").read_text())
        self.shim = ctypes.CDLL(str(library))
        if self.shim.shim_bind(options["threads"]):
            raise Unable("memory or threads are missing")
        for name in ("shim_input", "shim_output"):
            getattr(self.shim, name).restype = ctypes.c_void_p
        self.shim.shim_input_bytes.restype = ctypes.c_size_t
        for index, info in enumerate(self.manifest["inputs"]):
            # Names of .tflite tensors may be changed; their order isn't.
            value = feed[info["name"]] if info["name"] in feed else list(feed.values())[index]
            value = np.ascontiguousarray(value)
            if value.nbytes != self.shim.shim_input_bytes(index):
                raise Unable(f"input '{info['name']}' has another size in edgec")
            ctypes.memmove(self.shim.shim_input(index), value.ctypes.data, value.nbytes)
        self.run = self.shim.shim_run

    def outputs(self) -> list[np.ndarray]:
        values = []
        for index, info in enumerate(self.manifest["outputs"]):
            value = np.empty(info["shape"], info["dtype"])
            ctypes.memmove(value.ctypes.data, self.shim.shim_output(index), value.nbytes)
            values.append(value)
        return values


class OnnxRuntime:
    def __init__(self, model: str, feed: dict, work: pathlib.Path, options: dict):
        import onnxruntime

        self.version = onnxruntime.__version__
        session_options = onnxruntime.SessionOptions()
        session_options.log_severity_level = 4
        session_options.intra_op_num_threads = options["threads"]
        session_options.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(model, session_options, ["CPUExecutionProvider"])
        first = self.session.run(None, feed)  # says the outputs' shapes
        self.values = [np.empty_like(value) for value in first]
        self.feed = {k: np.ascontiguousarray(v) for k, v in feed.items()}
        self.binding = self.session.io_binding()
        for name, value in self.feed.items():
            self.binding.bind_input(name, "cpu", 0, value.dtype, value.shape, value.ctypes.data)
        for info, value in zip(self.session.get_outputs(), self.values, strict=True):
            self.binding.bind_output(info.name, "cpu", 0, value.dtype, value.shape, value.ctypes.data)  # fmt: skip
        # Under the public method, which adds 2 us of Python of its own.
        self.run = functools.partial(
            self.session._sess.run_with_iobinding, self.binding._iobinding, None
        )

    def outputs(self) -> list[np.ndarray]:
        return self.values


class LiteRt:
    """The TensorFlow Lite interpreter with XNNPACK, which its package turns on by itself."""

    def __init__(self, model: str, feed: dict, work: pathlib.Path, options: dict):
        from ai_edge_litert.interpreter import Interpreter

        self.version = version_of("ai-edge-litert")
        self.interpreter = Interpreter(model, num_threads=options["threads"])
        self.interpreter.allocate_tensors()
        for info, value in zip(self.interpreter.get_input_details(), feed.values(), strict=True):
            self.interpreter.set_tensor(info["index"], value)
        # Under the public method, which checks references to tensors in Python.
        self.run = self.interpreter._interpreter.Invoke

    def outputs(self) -> list[np.ndarray]:
        return [self.interpreter.get_tensor(info["index"]) for info in self.interpreter.get_output_details()]  # fmt: skip


class OpenVino:
    """Through its C library: the Python package adds some 10 us to each call."""

    SETTINGS = {
        "NUM_STREAMS": "1",
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": "f32",
    }

    def __init__(self, model: str, feed: dict, work: pathlib.Path, options: dict):
        import openvino

        self.version = openvino.__version__.split("-")[0]
        found = sorted((pathlib.Path(openvino.__file__).parent / "libs").glob("libopenvino_c.so*"))
        if not found:
            raise Unable("the openvino package has no libopenvino_c.so")
        self.c = ctypes.CDLL(str(found[0]))
        self.c.ov_get_last_err_msg.restype = ctypes.c_char_p
        pointer = ctypes.c_void_p
        core, network, compiled, request = pointer(), pointer(), pointer(), pointer()
        self.call("ov_core_create", ctypes.byref(core))
        self.call("ov_core_read_model", core, model.encode(), None, ctypes.byref(network))
        settings = [
            ctypes.c_char_p(text.encode())
            for pair in {**self.SETTINGS, "INFERENCE_NUM_THREADS": str(options["threads"])}.items()
            for text in pair
        ]
        count = ctypes.c_size_t(len(settings))
        self.call("ov_core_compile_model", core, network, b"CPU", count, ctypes.byref(compiled), *settings)  # fmt: skip
        self.call("ov_compiled_model_create_infer_request", compiled, ctypes.byref(request))
        for index, value in enumerate(feed.values()):
            value = np.ascontiguousarray(value)
            ctypes.memmove(self.data(request, "input", index), value.ctypes.data, value.nbytes)
        self.request = request
        self.run = functools.partial(self.c.ov_infer_request_infer, request)
        self.like = options["outputs"]

    def call(self, name: str, *arguments) -> None:
        if getattr(self.c, name)(*arguments):
            raise Unable(f"{name}: {(self.c.ov_get_last_err_msg() or b'').decode()[:300]}")

    def data(self, request, kind: str, index: int) -> int:
        tensor, memory = ctypes.c_void_p(), ctypes.c_void_p()
        get = f"ov_infer_request_get_{kind}_tensor_by_index"
        self.call(get, request, ctypes.c_size_t(index), ctypes.byref(tensor))
        self.call("ov_tensor_data", tensor, ctypes.byref(memory))
        return memory.value

    def outputs(self) -> list[np.ndarray]:
        values = []
        for index, (dtype, shape) in enumerate(self.like):
            value = np.empty(shape, dtype)
            ctypes.memmove(value.ctypes.data, self.data(self.request, "output", index), value.nbytes)
            values.append(value)
        return values


class Iree:
    def __init__(self, model: str, feed: dict, work: pathlib.Path, options: dict):
        self.version = version_of("iree-base-compiler")
        bin_folder = pathlib.Path(sys.executable).parent
        # What it can't update to this opset it refuses; what is older it doesn't lower.
        tool(
            [bin_folder / "iree-import-onnx", "--opset-version=17", model, "-o", work / "iree.mlir"],
            "iree-import-onnx",
        )
        tool(
            [bin_folder / "iree-compile", work / "iree.mlir", "-o", work / "iree.vmfb",
             "--iree-hal-target-device=local", "--iree-hal-local-target-device-backends=llvm-cpu",
             "--iree-llvmcpu-target-cpu=host", "--iree-opt-level=O3"],
            "iree-compile",
        )  # fmt: skip
        import iree.runtime as runtime

        if options["threads"] > 1:
            runtime.flags.parse_flags(f"--task_topology_group_count={options['threads']}")
        config = runtime.Config("local-sync" if options["threads"] == 1 else "local-task")
        module = runtime.VmModule.mmap(config.vm_instance, str(work / "iree.vmfb"))
        self.context = runtime.SystemContext(vm_modules=[*config.default_vm_modules, module], config=config)  # fmt: skip
        names = [n for n in module.function_names if not n.startswith("__") and not n.endswith("$async")]  # fmt: skip
        if len(names) != 1:
            raise Unable(f"functions {names}")
        self.function = module.lookup_function(names[0])
        self.bound = getattr(self.context.modules, module.name)[names[0]]
        self.runtime, self.device = runtime, config.device
        self.inputs = runtime.VmVariantList(len(feed))
        for value in feed.values():
            array = runtime.asdevicearray(self.device, np.ascontiguousarray(value))
            self.inputs.push_ref(array._buffer_view)
        self.feed = list(feed.values())

    def run(self) -> None:
        self.context.vm_context.invoke(self.function, self.inputs, self.runtime.VmVariantList(4))

    def outputs(self) -> list[np.ndarray]:
        values = self.bound(*self.feed)
        values = values if isinstance(values, tuple) else (values,)
        return [np.asarray(value.to_host()) for value in values]


class Ncnn:
    """Converted by pnnx. ncnn has no batch axis, and takes no integers: what has them is left out."""

    def __init__(self, model: str, feed: dict, work: pathlib.Path, options: dict):
        self.version = version_of("ncnn")
        import ncnn

        if any(value.dtype != np.float32 for value in feed.values()):
            raise Unable("an input that is not float32")
        pnnx = pathlib.Path(sys.executable).parent.parent.glob("lib/python*/site-packages/pnnx/pnnx")
        binary = next(pnnx, None)
        if not binary:
            raise Unable("its converter, pnnx, is not installed")
        shutil.copy(model, work / "model.onnx")
        shapes = ",".join(f"[{','.join(map(str, v.shape))}]" for v in feed.values())
        tool([binary, "model.onnx", f"inputshape={shapes}", "fp16=0"], "pnnx", 300, cwd=str(work))
        self.net = ncnn.Net()
        for name in dir(self.net.opt):
            if name.startswith(("use_fp16", "use_bf16")):
                setattr(self.net.opt, name, False)
        self.net.opt.num_threads = options["threads"]
        if self.net.load_param(str(work / "model.ncnn.param")) or self.net.load_model(str(work / "model.ncnn.bin")):  # fmt: skip
            raise Unable("can't load what pnnx wrote")
        self.arrays = [np.ascontiguousarray(v[0] if v.shape[0] == 1 and v.ndim > 1 else v) for v in feed.values()]  # fmt: skip
        number = lambda name: int(name.lstrip("inout") or 0)  # noqa: E731  in0, in1, ...; out0, ...
        names = sorted(self.net.input_names(), key=number)
        self.mats = list(zip(names, [ncnn.Mat(a) for a in self.arrays]))
        self.names = sorted(self.net.output_names(), key=number)
        if len(self.mats) != len(feed) or len(self.names) != len(options["outputs"]):
            raise Unable("pnnx lost an input or an output")
        self.like = options["outputs"]

    def run(self):
        extractor = self.net.create_extractor()
        for name, mat in self.mats:
            extractor.input(name, mat)
        return [extractor.extract(name) for name in self.names]

    def outputs(self) -> list[np.ndarray]:
        values = []
        for (code, mat), (dtype, shape) in zip(self.run(), self.like, strict=True):
            value = np.array(mat)
            if code or value.size != np.prod(shape):
                raise Unable(f"an output of shape {list(value.shape)} instead of {shape}")
            values.append(value.reshape(shape).astype(dtype))
        return values


PEERS = {"edgec": Edgec, "onnxruntime": OnnxRuntime, "litert": LiteRt, "openvino": OpenVino, "iree": Iree, "ncnn": Ncnn}  # fmt: skip


def main() -> int:
    name, model, feed_path, out_path, options_path = sys.argv[1:]
    reply = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what libraries print must not look like a reply
    options = json.loads(pathlib.Path(options_path).read_text())
    with np.load(feed_path) as file:
        feed = {key: file[f"a{i}"] for i, key in enumerate(options["inputs"])}
    work = pathlib.Path(out_path).parent / f"work-{name}"
    work.mkdir(exist_ok=True)
    try:
        peer = PEERS[name](model, feed, work, options)
        run = peer.run
        run()
        np.savez(out_path, **{f"a{i}": value for i, value in enumerate(peer.outputs())})
    except Unable as error:
        reply.write(json.dumps({"unable": str(error)}) + "\n")
        return 0
    except Exception as error:  # of whatever type the peer throws
        reply.write(json.dumps({"unable": f"{type(error).__name__}: {str(error)[:300]}"}) + "\n")
        return 0
    reply.write(json.dumps({"ready": peer.version}) + "\n")
    now = time.perf_counter_ns
    for line in sys.stdin:
        times = []
        run()
        for _ in range(int(line)):
            begin = now()
            run()
            times.append(now() - begin)
        reply.write(json.dumps(times) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
