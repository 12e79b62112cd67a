#!/usr/bin/env python3
"""ONNX's own node tests through `edgec run`.

    python test/onnx/node_tests.py --expect test/onnx/refused.txt --json nodes.json

Each case is one operator with inputs and expected outputs; those with static shapes and tensors
of plain numbers or bools are run. A case ends as

    passed    every output agrees
    refused   exit code 1: edgec says that it does not do this
    wrong     an output differs
    crashed   a signal, a hang, a sanitizer report, an exit code that is neither 0 nor 1

`--expect FILE` names the cases known to be refused; any other refusal is a regression.
`--update FILE` writes that file from this run. Exit code 1 if anything is wrong, crashed or
regressed, or if fewer than `--min-passed` passed.
"""

from __future__ import annotations

import argparse
import collections
import concurrent.futures
import dataclasses
import json
import pathlib
import re
import sys
import tempfile
import time
import warnings

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import numpy as np  # noqa: E402
import onnx  # noqa: E402
from common import edgec, tensors  # noqa: E402

PLAIN = {
    getattr(onnx.TensorProto, name)
    for name in "FLOAT DOUBLE FLOAT16 BFLOAT16 BOOL INT8 INT16 INT32 INT64 UINT8 UINT16 UINT32 UINT64".split()
}
RANDOM = {
    "Bernoulli",
    "Multinomial",
    "RandomNormal",
    "RandomNormalLike",
    "RandomUniform",
    "RandomUniformLike",
}


@dataclasses.dataclass
class Outcome:
    name: str
    status: str
    detail: str = ""
    seconds: float = 0.0


def runnable(model: onnx.ModelProto) -> bool:
    for value in [*model.graph.input, *model.graph.output]:
        if value.type.WhichOneof("value") != "tensor_type":
            return False
        kind = value.type.tensor_type
        if kind.elem_type not in PLAIN or not kind.HasField("shape"):
            return False
        if not all(dim.HasField("dim_value") for dim in kind.shape.dim):
            return False
    return True


def is_random(case) -> bool:
    """Whether only dtype and shape can be compared: no two generators give the same numbers."""
    nodes = list(case.model.graph.node)
    for function in case.model.functions:
        nodes += function.node
    if any(node.op_type in RANDOM for node in nodes):
        return True
    return case.name.startswith("test_training_dropout") and "zero_ratio" not in case.name


def load_cases() -> list:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the cases overflow on purpose
        from onnx.backend.test import loader

        cases = loader.load_model_tests(kind="node")
    return sorted((c for c in cases if runnable(c.model)), key=lambda c: c.name)


def as_array(value) -> np.ndarray:
    if isinstance(value, onnx.TensorProto):
        return onnx.numpy_helper.to_array(value)
    return np.asarray(value)


def run_case(case, binary: str, timeout: float) -> Outcome:
    seconds = 0.0
    with tempfile.TemporaryDirectory(prefix="edgec-node-") as temporary:
        folder = pathlib.Path(temporary)
        model = folder / f"{case.name}.onnx"
        model.write_bytes(case.model.SerializeToString())
        graph = case.model.graph
        for index, (inputs, expected) in enumerate(case.data_sets):
            out = folder / f"out{index}"
            args = ["run", model, "--output", out]
            for at, (info, value) in enumerate(zip(graph.input, inputs, strict=True)):
                file = folder / f"in{index}_{at}.npy"
                tensors.save(file, as_array(value))
                args += ["--input", f"{info.name}={file}"]
            result = edgec.invoke(binary, args, timeout=timeout)
            seconds += result.seconds
            if result.crash:
                detail = result.crash if not result.tail else f"{result.crash}\n{result.tail}"
                return Outcome(case.name, "crashed", detail, seconds)
            if result.code == 1:
                return Outcome(case.name, "refused", edgec.reason(result.stderr), seconds)
            try:
                got = tensors.load_outputs(out)
                want = [
                    (info.name, as_array(value))
                    for info, value in zip(graph.output, expected, strict=True)
                ]
                if [name for name, _ in got] != [name for name, _ in want]:
                    raise tensors.Mismatch(
                        f"outputs {[n for n, _ in got]}, not {[n for n, _ in want]}"
                    )
                for (name, value), (_, ref) in zip(got, want):
                    tensors.compare(
                        name, ref, value, case.rtol, case.atol, values=not is_random(case)
                    )
            except (tensors.Mismatch, OSError, ValueError, KeyError) as error:
                return Outcome(case.name, "wrong", f"{error}", seconds)
    return Outcome(case.name, "passed", "", seconds)


def read_expected(path: pathlib.Path) -> set[str]:
    lines = (line.split("#")[0].strip() for line in path.read_text().splitlines())
    return {line for line in lines if line}


def write_expected(path: pathlib.Path, groups: dict[str, list[str]]) -> None:
    text = [
        "# Node tests that edgec refuses. node_tests.py --update writes this; anything else refused is a regression."
    ]
    for message, names in sorted(groups.items(), key=lambda item: (-len(item[1]), item[0])):
        text += ["", f"# {len(names)}: {message}", *sorted(names)]
    path.write_text("\n".join(text) + "\n")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--edgec", help="the binary (default: $EDGEC, then the newest build)")
    parser.add_argument(
        "--filter", default="", metavar="REGEX", help="only cases whose name matches"
    )
    parser.add_argument("--list", action="store_true", help="print the cases and stop")
    parser.add_argument("--min-passed", type=int, default=0, metavar="N")
    parser.add_argument(
        "--expect", type=pathlib.Path, metavar="FILE", help="cases known to be refused"
    )
    parser.add_argument(
        "--update", type=pathlib.Path, metavar="FILE", help="write the refused cases here"
    )
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="the whole report")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--timeout", type=float, default=20.0, metavar="SECONDS")
    parser.add_argument(
        "--verbose", action="store_true", help="one line for each case, and all refusals"
    )
    options = parser.parse_args()

    cases = [c for c in load_cases() if re.search(options.filter, c.name)]
    if options.list:
        print("\n".join(c.name for c in cases))
        return 0
    binary = edgec.find(options.edgec)
    expected = read_expected(options.expect) if options.expect else None

    start = time.monotonic()
    outcomes = []
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for outcome in pool.map(lambda c: run_case(c, binary, options.timeout), cases):
            outcomes.append(outcome)
            if options.verbose or outcome.status in ("wrong", "crashed"):
                detail = outcome.detail.replace("\n", "\n    ")
                print(f"{outcome.status:8} {outcome.name}  {detail}", flush=True)

    by = collections.defaultdict(list)
    groups = collections.defaultdict(list)
    for outcome in outcomes:
        by[outcome.status].append(outcome.name)
        if outcome.status == "refused":
            groups[outcome.detail].append(outcome.name)
    regressed = [n for n in by["refused"] if expected is not None and n not in expected]
    gained = [n for n in by["passed"] if expected is not None and n in expected]

    if groups:
        shown = sorted(groups.items(), key=lambda item: -len(item[1]))
        limit = len(shown) if options.verbose else 25
        print("\nrefused because")
        for message, names in shown[:limit]:
            print(f"  {len(names):5}  {message}  ({names[0]}{', …' if len(names) > 1 else ''})")
        if len(shown) > limit:
            print(f"         and {len(shown) - limit} more reasons (--verbose)")
    for name in regressed:
        print(f"regressed {name}: refused, and not in {options.expect}")
    if gained:
        print(
            f"\n{len(gained)} listed in {options.expect} now pass, drop them there (or --update): {' '.join(gained)}"
        )

    counts = {status: len(by[status]) for status in ("passed", "refused", "wrong", "crashed")}
    if options.json:
        report = {
            **counts,
            "cases": len(cases),
            "seconds": round(time.monotonic() - start, 1),
            "regressed": regressed,
            "gained": gained,
            "reasons": {
                m: sorted(n) for m, n in sorted(groups.items(), key=lambda item: -len(item[1]))
            },
            "results": {
                o.name: {"status": o.status, "detail": o.detail, "seconds": round(o.seconds, 3)}
                for o in outcomes
            },
        }
        options.json.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n")
    if options.update:
        write_expected(options.update, groups)

    print(
        f"\n{' / '.join(f'{n} {s}' for s, n in counts.items())} of {len(cases)} in {time.monotonic() - start:.0f} s"
    )
    failed = counts["wrong"] + counts["crashed"] + len(regressed)
    short = counts["passed"] < options.min_passed
    if short:
        print(f"fewer than --min-passed {options.min_passed}")
    print(
        f"{counts['passed']} passed, {failed} failed, {counts['refused'] - len(regressed)} skipped"
    )
    return 1 if failed or short else 0


if __name__ == "__main__":
    sys.exit(main())
