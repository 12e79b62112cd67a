#!/usr/bin/env python3
"""Post-training quantization keeps what a network has learnt.

A convolutional network and a transformer learn half of scikit-learn's digits with a fixed seed; each is quantized on a part
of the training pictures, and judged on the half that it has not seen, and the other way round. Of 100 pictures, int8 may get
0.5 fewer right than the float network, int16x8 0.1.
"""

from __future__ import annotations

import json
import pathlib
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

import networks  # noqa: E402
import numpy as np  # noqa: E402
import onnx  # noqa: E402
import onnxruntime  # noqa: E402
from common import edgec, tensors  # noqa: E402
from sklearn.datasets import load_digits  # noqa: E402

LIMITS = {"int8": 0.5, "int16x8": 0.1}  # points that may be lost
SAMPLES = 100
LEAST = 20  # dB that a tensor has in the whole of an int8 network


def run(binary: str, *arguments) -> str:
    result = edgec.invoke(binary, [str(a) for a in arguments], timeout=300)
    if result.code:
        raise SystemExit(f"{' '.join(map(str, arguments))}: {result.crash or result.tail}")
    return result.stdout


def sqnr(wanted: np.ndarray, found: np.ndarray) -> float:
    return 10 * float(np.log10((wanted**2).sum() / max(((wanted - found) ** 2).sum(), 1e-30)))


def judge(kind, epochs: int, train, test, binary: str, work: pathlib.Path) -> tuple[dict[str, int], list[str]]:
    """How many unseen pictures each form of one network gets right."""
    digits = load_digits()
    x, labels = (digits.images / 16).astype(np.float32)[:, None], digits.target
    network = kind(seed=3)
    network.train(x[train], labels[train], epochs)
    onnx.save(network.model(len(test)), work / "all.onnx")
    np.save(work / "test.npy", x[test])
    # As many samples as the batch has room for: each of them several times.
    np.save(work / "samples.npy", x[np.resize(train[:SAMPLES], len(test))])
    session = onnxruntime.InferenceSession(str(work / "all.onnx"), providers=["CPUExecutionProvider"])
    wanted = session.run(None, {"image": x[test]})[0]
    right = {"float": int((wanted.argmax(1) == labels[test]).sum())}
    for scheme in LIMITS:
        run(binary, "run", work / "all.onnx", f"--quantize={scheme}", f"--calibration={work / 'samples.npy'}",
            "--input", f"image={work / 'test.npy'}", "--output", work / scheme)  # fmt: skip
        found = dict(tensors.load_outputs(work / scheme))["scores"]
        right[scheme] = int((found.argmax(1) == labels[test]).sum())
        print(f"  {kind.__name__} {scheme}: {sqnr(wanted, found):.1f} dB", flush=True)
    onnx.save(network.model(1), work / "one.onnx")
    np.save(work / "stack.npy", x[train[:SAMPLES]][:, None])
    return right, compare(binary, kind.__name__, work)


def compare(binary: str, name: str, work: pathlib.Path) -> list[str]:
    """What `edgec diff` says of each tensor, and whether two compiles are the same."""
    problems = []
    quantize = ["--quantize=int8", f"--calibration={work / 'stack.npy'}"]
    run(binary, "diff", work / "one.onnx", *quantize, "--samples", work / "stack.npy", "--json", work / "diff.json")
    worst = min(t["whole"]["sqnr_db"] or 999 for t in json.loads((work / "diff.json").read_text())["tensors"])
    if worst < LEAST:
        problems.append(f"{name}: a tensor has only {worst:.1f} dB")
    for folder in ("first", "second"):
        run(binary, "compile", work / "one.onnx", *quantize, "-o", work / folder)
    if (work / "first/libone.a").read_bytes() != (work / "second/libone.a").read_bytes():
        problems.append(f"{name}: two compiles differ")
    return problems


def check(kind, epochs: int, binary: str) -> list[str]:
    """Each half of the pictures is judged by a network that has learnt the other one."""
    count = len(load_digits().target)
    order = np.random.default_rng(1).permutation(count)
    halves = order[: count // 2], order[count // 2 :]
    total, problems = dict.fromkeys(["float", *LIMITS], 0), []
    for train, test in (halves, halves[::-1]):
        with tempfile.TemporaryDirectory(prefix="edgec-ptq-") as work:
            right, found = judge(kind, epochs, train, test, binary, pathlib.Path(work))
        problems += found
        for name, value in right.items():
            total[name] += value
    percent = {name: 100 * value / count for name, value in total.items()}
    print(f"{kind.__name__}: " + ", ".join(f"{name} {value:.2f}" for name, value in percent.items()), flush=True)
    if percent["float"] < 93:
        problems.append(f"{kind.__name__} has learnt only {percent['float']:.1f}")
    for scheme, limit in LIMITS.items():
        if percent["float"] - percent[scheme] > limit:
            problems.append(f"{kind.__name__}: {scheme} loses {percent['float'] - percent[scheme]:.2f} of 100")
    return problems


def main() -> int:
    binary = edgec.find()
    problems = []
    for kind, epochs in ((networks.Convolutional, 30), (networks.Transformer, 60)):
        problems += check(kind, epochs, binary)
    print("\n".join(problems) if problems else "passed")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
