"""The models that bench/run.py times: where they come from, and copies of them with static shapes."""

from __future__ import annotations

import dataclasses
import fnmatch
import hashlib
import importlib.util
import pathlib
import subprocess
import sys
import tempfile
import zipfile

import numpy as np
import onnx

HERE = pathlib.Path(__file__).resolve().parent


def _tests():
    """test/onnx/models.py knows what each model's file does not say: shapes, fixed inputs, ranges."""
    path = HERE.parent / "test" / "onnx" / "models.py"
    spec = importlib.util.spec_from_file_location("test_models", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["test_models"] = module
    spec.loader.exec_module(module)
    return module


tests = _tests()


@dataclasses.dataclass
class Fetched:
    package: str
    member: str
    sha256: str


# Wheels that carry their models. Only the very file that is named here is used.
FETCHED = {
    "silero_vad.onnx": Fetched(
        "silero-vad==6.2.3",
        "silero_vad/data/silero_vad.onnx",
        "1a153a22f4509e292a94e67d6f9b85e8deb25b4988682b7e174c65279d8788e3",
    ),
    "magika_standard_v3_3.onnx": Fetched(
        "magika==1.0.3",
        "magika/models/standard_v3_3/model.onnx",
        "fe2d2eb49c5f88a9e0a6c048e15d6ffdf86235519c2afc535044de433169ec8c",
    ),
    "ppocr_mobile_v2_cls.onnx": Fetched(
        "rapidocr-onnxruntime==1.4.4",
        "rapidocr_onnxruntime/models/ch_ppocr_mobile_v2.0_cls_infer.onnx",
        "e47acedf663230f8863ff1ab0e64dd2d82b838fceb5957146dab185a89d6215c",
    ),
    "ppocrv4_mobile_det.onnx": Fetched(
        "rapidocr-onnxruntime==1.4.4",
        "rapidocr_onnxruntime/models/ch_PP-OCRv4_det_infer.onnx",
        "d2a7720d45a54257208b1e13e36a8479894cb74155a5efe29462512d42f49da9",
    ),
    "ppocrv4_mobile_rec.onnx": Fetched(
        "rapidocr-onnxruntime==1.4.4",
        "rapidocr_onnxruntime/models/ch_PP-OCRv4_rec_infer.onnx",
        "48fc40f24f6d2a207a2b1091d3437eb3cc3eb6b676dc3ef9c37384005483683b",
    ),
    "basic_pitch_nmp.onnx": Fetched(
        "basic-pitch==0.4.0",
        "basic_pitch/saved_models/icassp_2022/nmp.onnx",
        "2c3c1d144bfa61ad236e92e169c13535c880469a12a047d4e73451f2c059a0ec",
    ),
    "speechmos_dnsmos_model_v8.onnx": Fetched(
        "speechmos==0.0.1.1",
        "speechmos/dnsmos_models/model_v8.onnx",
        "9246480c58567bc6affd4200938e77eef49468c8bc7ed3776d109c07456f6e91",
    ),
}


def fetch(folder: pathlib.Path, names: list[str]) -> list[pathlib.Path]:
    """Puts models of FETCHED into `folder`, those that aren't there yet."""
    folder.mkdir(parents=True, exist_ok=True)
    missing: dict[str, list[str]] = {}
    for name in names:
        file, source = folder / name, FETCHED[name]
        if not file.exists() or hashlib.sha256(file.read_bytes()).hexdigest() != source.sha256:
            missing.setdefault(source.package, []).append(name)
    for package, members in missing.items():
        print(f"fetching {package}", file=sys.stderr)
        with tempfile.TemporaryDirectory(prefix="edgec-fetch-") as work:
            subprocess.run(
                [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
                 "--only-binary", ":all:", "--dest", work, package],
                check=True,
            )  # fmt: skip
            wheel = next(pathlib.Path(work).glob("*.whl"))
            with zipfile.ZipFile(wheel) as archive:
                for name in members:
                    data = archive.read(FETCHED[name].member)
                    found = hashlib.sha256(data).hexdigest()
                    if found != FETCHED[name].sha256:
                        raise SystemExit(
                            f"zoo.py: {package}: {FETCHED[name].member} has sha256 {found}, not what "
                            "this benchmark was written for"
                        )
                    (folder / name).write_bytes(data)
    return [folder / name for name in names]


class Setup:
    """A model made ready: a static copy, its inputs, and the tolerance for its outputs."""

    def __init__(self, path: pathlib.Path, shapes: dict, values: dict, work: pathlib.Path):
        if path.suffix == ".tflite":
            self._tflite(path)
            return
        setup = tests.setup_of(path)
        setup = dataclasses.replace(
            setup, shapes={**setup.shapes, **shapes}, values={**setup.values, **values}
        )
        self.tolerance, self.expected = setup.tolerance, None
        reference = tests.Reference(path, setup)
        feed = reference.feed(1)
        self.feed = {k: v for k, v in feed.items() if k not in setup.values}
        self.model = work / "model.onnx"
        outputs = dict(zip(reference.outputs, reference.run(feed, 1)[0][1], strict=True))
        make_static(path, feed, setup.values, outputs, self.model)
        if any(node.op_type == "DequantizeLinear" for node in onnx.load(self.model).graph.node):
            self.tolerance, self.expected = 2e-2, self._as_written()

    def _as_written(self) -> list[np.ndarray]:
        """What a quantized model's nodes give one by one. onnxruntime's integer kernels saturate in
        between on processors without VNNI, and differ by half of an output's range."""
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        return onnxruntime.InferenceSession(str(self.model), options, ["CPUExecutionProvider"]).run(None, self.feed)

    def _tflite(self, path: pathlib.Path):
        """Random inputs over the range of their type; outputs from LiteRT's reference kernels, because
        its faster ones round in ways of their own."""
        from ai_edge_litert.interpreter import Interpreter, OpResolverType

        random = np.random.default_rng(1)
        self.model, self.tolerance, self.feed = path, 1e-2, {}
        interpreter = Interpreter(str(path), experimental_op_resolver_type=OpResolverType.BUILTIN_REF)
        interpreter.allocate_tensors()
        for info in interpreter.get_input_details():
            dtype = np.dtype(info["dtype"])
            if dtype.kind in "iu":
                limits = np.iinfo(dtype)
                value = random.integers(limits.min, limits.max, info["shape"], dtype, endpoint=True)
            else:
                value = random.uniform(-1, 1, info["shape"]).astype(dtype)
            self.feed[info["name"]] = value
            interpreter.set_tensor(info["index"], value)
        interpreter.invoke()
        self.expected = [interpreter.get_tensor(info["index"]) for info in interpreter.get_output_details()]  # fmt: skip


def fold(model: onnx.ModelProto, work: pathlib.Path) -> onnx.ModelProto:
    """What onnxruntime's basic optimizations leave: standard operators, and no `If` whose condition is
    known."""
    import onnxruntime

    before, after = work / "before.onnx", work / "after.onnx"
    onnx.save(model, before)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(after)
    onnxruntime.InferenceSession(str(before), options, ["CPUExecutionProvider"])
    model = onnx.load(after)
    used = {node.domain for node in model.graph.node} | {""}
    for entry in [entry for entry in model.opset_import if entry.domain not in used]:
        model.opset_import.remove(entry)
    return model


def set_shapes(graph: onnx.GraphProto, values: dict[str, np.ndarray]) -> None:
    for info in [*graph.input, *graph.output]:
        del info.type.tensor_type.shape.dim[:]
        for extent in values[info.name].shape:
            info.type.tensor_type.shape.dim.add().dim_value = extent
    del graph.value_info[:]


def make_static(path: pathlib.Path, feed: dict, fixed: dict, outputs: dict, out: pathlib.Path):
    """A copy with static shapes, in which the inputs of one fixed value are constants: every peer may
    fold what it can."""
    model = onnx.load(path)
    graph = model.graph
    constants = {initializer.name for initializer in graph.initializer}
    for info in list(graph.input):
        if info.name in constants | set(fixed):
            graph.input.remove(info)
        if info.name in fixed:
            graph.initializer.append(onnx.numpy_helper.from_array(feed[info.name], info.name))
    model.ir_version = max(model.ir_version, 4)  # since which an initializer needs no input
    # A branch that these shapes rule out may be wrong for them, and peers stumble over it. The first
    # folding decides what the fixed inputs do, the second what the shapes do.
    branches = any(node.op_type == "If" for node in graph.node)
    if branches:
        model = fold(model, out.parent)
    set_shapes(model.graph, {**feed, **outputs})
    if branches:
        model = fold(model, out.parent)
    try:
        model = onnx.shape_inference.infer_shapes(model, data_prop=True)
    except onnx.shape_inference.InferenceError:
        pass  # whoever reads it infers them again
    onnx.save(model, out)


def collect(paths: list[pathlib.Path], cache: pathlib.Path, patterns: list[str]):
    """The .onnx and .tflite files that are named, in folders that are named, or by default those of FETCHED; of
    these the ones that match a pattern."""
    chosen = lambda stem: not patterns or any(fnmatch.fnmatch(stem, p) for p in patterns)  # noqa: E731
    found: list[pathlib.Path] = []
    for path in paths:
        if path.is_dir():
            found += sorted([*path.glob("*.onnx"), *path.glob("*.tflite")])
        elif path.exists():
            found.append(path)
        else:
            raise SystemExit(f"'{path}' is no file and no folder")
    found = [path for path in found if chosen(path.stem)]
    if not paths:
        found = fetch(cache, [name for name in FETCHED if chosen(pathlib.Path(name).stem)])
    if not found:
        raise SystemExit("no model to measure")
    return found
