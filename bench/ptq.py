#!/usr/bin/env python3
"""Compares post-training quantization with onnxruntime's, on the same samples.

    python bench/ptq.py MODEL.onnx --calibration samples/ --test other/ [--option=--shape --option=x=1x3x224x224 ...]

Each folder has one .npz a sample, with an array for each input, or .npy for a model with one input. Printed is the signal to
quantization noise of each output over all test samples, in dB: edgec with its defaults and with each way to choose ranges, and
onnxruntime's static quantization (QDQ, min-max, int8 activations and weights, a scale for each channel).
`--fixed NAME=NUMBER` makes an input a constant, as edgec's --set.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

import numpy as np
import onnx
import onnx.reference
import onnxruntime
from onnxruntime.quantization import CalibrationDataReader, QuantType, quantize_static


def read(folder: pathlib.Path, inputs: list) -> list[dict[str, np.ndarray]]:
    feeds = []
    for path in sorted(folder.iterdir()):
        if path.suffix == ".npz":
            feeds.append(dict(np.load(path)))
        elif path.suffix == ".npy":
            feeds.append({inputs[0].name: np.load(path)})
    if not feeds:
        raise SystemExit(f"{folder} has no .npz or .npy")
    return feeds


class Reader(CalibrationDataReader):
    def __init__(self, feeds):
        self.feeds = iter(feeds)

    def get_next(self):
        return next(self.feeds, None)


def fold(graph: onnx.GraphProto) -> int:
    """Computes what is constant, shapes included, and puts the branch that is taken in the place of an If; how many nodes
    that concerned."""
    constants = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in graph.initializer}
    shapes = {}
    for info in [*graph.input, *graph.value_info]:
        dims = info.type.tensor_type.shape.dim
        if info.type.tensor_type.HasField("shape") and all(dim.HasField("dim_value") for dim in dims):
            shapes[info.name] = np.array([dim.dim_value for dim in dims], np.int64)
    kept, count = [], 0
    for node in graph.node:
        known = all(name in constants for name in node.input if name)
        if node.op_type == "If" and known:
            taken = "then_branch" if constants[node.input[0]].all() else "else_branch"
            branch = next(attribute.g for attribute in node.attribute if attribute.name == taken)
            graph.initializer.extend(branch.initializer)
            kept.extend(branch.node)
            for inner, outer in zip(branch.output, node.output):
                kept.append(onnx.helper.make_node("Identity", [inner.name], [outer]))
        elif node.op_type == "Shape" and node.input[0] in shapes:
            constants[node.output[0]] = shapes[node.input[0]]
            graph.initializer.append(onnx.numpy_helper.from_array(shapes[node.input[0]], node.output[0]))
        elif known and node.op_type not in ("If", "Loop", "Scan"):
            results = onnx.reference.ReferenceEvaluator(node).run(None, {name: constants[name] for name in node.input})
            for name, value in zip(node.output, results):
                constants[name] = np.asarray(value)
                graph.initializer.append(onnx.numpy_helper.from_array(constants[name], name))
        else:
            kept.append(node)
            continue
        count += 1
    del graph.node[:]
    graph.node.extend(kept)
    return count


def simplified(model: pathlib.Path, fixed: dict, feed: dict, work: pathlib.Path) -> pathlib.Path:
    """The model with its constants folded and without the Ifs that are constants then: onnxruntime's quantizer doesn't look
    into one."""
    graph = (loaded := onnx.load(model)).graph
    for info in list(graph.input):
        if info.name in fixed:
            graph.input.remove(info)
            graph.initializer.append(onnx.numpy_helper.from_array(fixed[info.name], info.name))
        elif info.name in feed:
            for dim, extent in zip(info.type.tensor_type.shape.dim, feed[info.name].shape):
                dim.dim_value = extent
    while fold(loaded.graph):
        del loaded.graph.value_info[:]
        loaded = onnx.shape_inference.infer_shapes(loaded, data_prop=True)
    onnx.save(loaded, work / "simple.onnx")
    return work / "simple.onnx"


def decibels(wanted: list[list[np.ndarray]], found: list[list[np.ndarray]]) -> list[float]:
    rows = []
    for output in zip(*[zip(w, f) for w, f in zip(wanted, found)]):
        signal = sum(float((w.astype(np.float64) ** 2).sum()) for w, _ in output)
        noise = sum(float(((w.astype(np.float64) - f) ** 2).sum()) for w, f in output)
        rows.append(10 * np.log10(signal / max(noise, 1e-30)))
    return rows


def run_edgec(binary: str, model: pathlib.Path, feeds: list, options: list[str], work: pathlib.Path) -> list:
    results = []
    for feed in feeds:
        arguments = []
        for i, (name, value) in enumerate(feed.items()):
            np.save(work / f"{i}.npy", value)
            arguments += ["--input", f"{name}={work / f'{i}.npy'}"]
        done = subprocess.run([binary, "run", str(model), *arguments, *options, "--output", str(work / "out")],
                              capture_output=True, text=True)  # fmt: skip
        if done.returncode:
            raise SystemExit(done.stderr)
        listing = json.loads((work / "out" / "outputs.json").read_text())
        results.append([np.load(work / "out" / entry["file"]) for entry in listing])
    return results


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("--calibration", type=pathlib.Path, required=True)
    parser.add_argument("--test", type=pathlib.Path, required=True)
    parser.add_argument("--edgec", default=shutil.which("edgec") or "build/dev/bin/edgec")
    parser.add_argument("--option", action="append", default=[], help="for edgec (repeatable)")
    parser.add_argument("--fixed", action="append", default=[], metavar="NAME=NUMBER", help="an input that is a constant")
    parser.add_argument("--methods", default="minmax,percentile,entropy,mse")
    parser.add_argument("--scheme", default="int8", choices=["int8", "int16x8"])
    arguments = parser.parse_args()
    session = onnxruntime.InferenceSession(str(arguments.model), providers=["CPUExecutionProvider"])
    types = {info.name: info.type for info in session.get_inputs()}
    fixed = {}
    for text in arguments.fixed:
        name, value = text.split("=")
        fixed[name] = np.array(float(value), np.int64 if "int" in types[name] else np.float32)
        arguments.option += ["--set", text]
    calibration = read(arguments.calibration, session.get_inputs())
    tests = read(arguments.test, session.get_inputs())
    wanted = [session.run(None, feed | fixed) for feed in tests]

    def show(name: str, found: list) -> None:
        print(f"{name:28}" + "".join(f"{value:8.1f}" for value in decibels(wanted, found)), flush=True)

    print(f"{'':28}" + "".join(f"{info.name[:7]:>8}" for info in session.get_outputs()))
    with tempfile.TemporaryDirectory(prefix="edgec-ptq-") as folder:
        work = pathlib.Path(folder)
        for method in arguments.methods.split(","):
            options = [f"--quantize={arguments.scheme}", f"--calibration={arguments.calibration}",
                       f"--calibration-method={method}", f"--calibration-cache={work / method}.json"]  # fmt: skip
            show(f"edgec {arguments.scheme} {method}",
                 run_edgec(arguments.edgec, arguments.model, tests, arguments.option + options, work))  # fmt: skip
        try:
            simple = simplified(arguments.model, fixed, tests[0], work)
            quantize_static(str(simple), str(work / "ort.onnx"), Reader(calibration),
                            per_channel=True, activation_type=QuantType.QInt8, weight_type=QuantType.QInt8)  # fmt: skip
            other = onnxruntime.InferenceSession(str(work / "ort.onnx"), providers=["CPUExecutionProvider"])
            show("onnxruntime static min-max", [other.run(None, feed) for feed in tests])
        except Exception as problem:  # whatever its quantizer can't read
            print(f"onnxruntime: {type(problem).__name__}: {str(problem)[:120]}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
