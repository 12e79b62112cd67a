#!/usr/bin/env python3
"""ATen overloads through edgec, beside torch.

    python test/torch/ops.py --filter 'index.*' --verbose

Each case of cases.py is exported by torch.export, as it comes and after run_decompositions(), and compared with the
function itself. Cases are compiled many at a time; those of a program that doesn't come out right, one by one.
"""

from __future__ import annotations

import argparse
import collections
import concurrent.futures
import pathlib
import re
import sys
import tempfile
import warnings

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

import torch  # noqa: E402
from common import edgec, tensors  # noqa: E402
import cases  # noqa: E402
import reference  # noqa: E402

TOGETHER = 16  # cases in a program
SIGNATURES = re.compile(r'\{"((?:aten|quantized_decomposed|torchao)::(?:[^"\\]|\\.)*->(?:[^"\\]|\\.)*)"')


class Together(torch.nn.Module):
    """Several cases, one after the other."""

    def __init__(self, some: list[cases.Case]):
        super().__init__()
        self.cases = some
        for at, case in enumerate(some):
            if isinstance(case.function, torch.nn.Module):
                self.add_module(f"layer{at}", case.function)

    def forward(self, *inputs):
        results = []
        for case in self.cases:
            own, inputs = inputs[: len(case.inputs)], inputs[len(case.inputs) :]
            results.append(case.function(*own))
        return results


def export(module: torch.nn.Module, inputs: list[torch.Tensor], core: bool) -> torch.export.ExportedProgram:
    program = torch.export.export(module.eval(), tuple(inputs))
    return program.run_decompositions() if core else program


def overloads(program) -> set[str]:
    """Names of the overloads that a program calls, in graphs of its nodes, too."""
    found = set()
    for graph in [m.graph for m in program.graph_module.modules() if isinstance(m, torch.fx.GraphModule)]:
        for node in graph.nodes:
            if isinstance(node.target, torch._ops.OpOverload):
                found.add(str(node.target))
    return found


def compare(some: list[cases.Case], core: bool, binary: str, work: pathlib.Path, timeout: float) -> tuple[str, str, set]:
    """passed, refused, wrong or crashed, what there is to say, and the overloads that were compared."""
    module, inputs = Together(some), [x for case in some for x in case.inputs]
    with torch.no_grad():
        want = torch.utils._pytree.tree_leaves(module.eval()(*[x.clone() for x in inputs]))
        program = export(module, inputs, core)
    path = work.with_suffix(".pt2")
    torch.export.save(program, path)
    try:
        got = reference.run(binary, path, reference.flat_inputs(program), inputs, 1, work, timeout)
        error, where = reference.distance(want, got)
    except reference.Refused as problem:
        return "refused", str(problem), set()
    except reference.Crashed as problem:
        return "crashed", str(problem), set()
    except tensors.Mismatch as problem:
        return "wrong", str(problem), set()
    if not error <= 1:
        return "wrong", f"{where} is {error:.1f} times as far as allowed", set()
    return "passed", "", overloads(program)


def run_group(indices, core, binary, work, timeout) -> list[tuple[str, str, str, set]]:
    """Cases by their numbers: functions can't be sent to another process."""
    some = [cases.CASES[at] for at in indices]
    try:
        status, text, found = compare(some, core, binary, work, timeout)
    except Exception as problem:  # noqa: BLE001: torch's own, of an export that it doesn't do
        status, text, found = "skipped", f"torch: {str(problem).splitlines()[0][:150]}", set()
    if status == "passed" or len(some) == 1:
        return [(case.name, status, text, found) for case in some]
    return [row for at in indices
            for row in run_group([at], core, binary, work.with_name(f"{work.name}-{at}"), timeout)]  # fmt: skip


def differing_signatures() -> list[str]:
    """Signatures of the importer's tables that aren't torch's."""
    bad = []
    for file in sorted((HERE.parents[1] / "frontends/torch/ops").glob("*.cpp")):
        # Long literals are split: adjacent ones are one.
        text = re.sub(r'"\s*\n\s*"', "", file.read_text())
        for signature in SIGNATURES.findall(text):
            signature = signature.replace('\\"', '"')
            space, name = signature.split("(")[0].split("::")
            base, _, which = name.partition(".")
            try:
                own = str(getattr(getattr(getattr(torch.ops, space), base), which or "default")._schema)
            except AttributeError:
                own = "none"
            if own != signature:
                bad.append(f"{file.name}: {signature}, torch has {own}")
    return bad


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--edgec", help="the binary (default: $EDGEC, then the newest build)")
    parser.add_argument("--filter", default="", metavar="REGEX", help="only cases whose name matches")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--timeout", type=float, default=120.0, metavar="SECONDS")
    parser.add_argument("--verbose", action="store_true", help="one line for each case, and the overloads compared")
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    torch.set_num_threads(1)
    binary = edgec.find(options.edgec)
    todo = [at for at, case in enumerate(cases.CASES) if re.search(options.filter, case.name)]
    bad = differing_signatures()
    for line in bad:
        print(f"signature {line}")
    counts, found = collections.Counter(), set()
    with tempfile.TemporaryDirectory(prefix="edgec-torch-") as temporary:
        groups = [(todo[at : at + TOGETHER], core) for core in (False, True) for at in range(0, len(todo), TOGETHER)]
        with concurrent.futures.ProcessPoolExecutor(options.jobs) as pool:
            waiting = [
                pool.submit(run_group, some, core, binary, pathlib.Path(temporary) / f"{at}", options.timeout)
                for at, (some, core) in enumerate(groups)
            ]
            for (some, core), future in zip(groups, waiting):
                for name, status, text, compared in future.result():
                    counts[status] += 1
                    found |= compared
                    if status != "passed" or options.verbose:
                        print(f"{status:8} {name}{' (core)' if core else ''}  {text}", flush=True)
    if options.verbose:
        print(" ".join(sorted(found)))
    print(f"{len(found)} overloads compared")
    print(" / ".join(f"{counts[s]} {s}" for s in ("passed", "refused", "wrong", "crashed", "skipped")))
    failed = sum(counts.values()) - counts["passed"] + len(bad)
    print(f"{counts['passed']} passed, {failed} failed")
    return 1 if failed or not counts["passed"] else 0


if __name__ == "__main__":
    sys.exit(main())
