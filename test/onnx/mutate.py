#!/usr/bin/env python3
"""Damaged ONNX files: edgec compiles them or says why not, and leaves nothing behind.

    python test/onnx/mutate.py --count 300 --seed 1
    python test/onnx/mutate.py --only 42 --keep folder    # one case again, its file kept

Every case must end within the time limit with exit code 0 or 1 and no sanitizer report; with 1,
stderr names the file, the output folder is empty or absent, and nothing lies beside it.
"""

from __future__ import annotations

import argparse
import collections
import concurrent.futures
import dataclasses
import os
import pathlib
import random
import re
import shutil
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

import onnx  # noqa: E402
from common import edgec  # noqa: E402
from onnx import AttributeProto, TensorProto, helper  # noqa: E402

LARGEST = 4 << 20  # bytes: bigger files only make the same cases slower

BAD_INTS = [-1, 0, 1, 2, 3, 7, -2, 255, 65536, 2**31 - 1, -(2**31), 2**31, 2**62, 2**63 - 1, -(2**63)]
BAD_DIMS = [2**31, 2**33, 2**48, 2**62, 2**63 - 1]

# Each takes (rng, model or bytes) and returns the damaged thing, or None where there is nothing to damage.
ON_BYTES, ON_MODEL = {}, {}


def on_bytes(function):
    ON_BYTES[function.__name__] = function
    return function


def on_model(function):
    ON_MODEL[function.__name__] = function
    return function


# ---- the file -----------------------------------------------------------------------------------


@on_bytes
def truncated(rng, data):
    return data[: rng.randrange(1, len(data))]


@on_bytes
def bits_flipped(rng, data):
    data = bytearray(data)
    for _ in range(rng.choice([1, 1, 2, 8, 64])):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return bytes(data)


@on_bytes
def bits_flipped_in_head(rng, data):
    """Names and structure are mostly in front of the weights."""
    data = bytearray(data)
    for _ in range(rng.choice([1, 2, 4])):
        data[rng.randrange(min(len(data), 400))] ^= 1 << rng.randrange(8)
    return bytes(data)


@on_bytes
def random_bytes(rng, data):
    return rng.randbytes(rng.choice([1, 2, 16, 300, 5000]))


@on_bytes
def empty(rng, data):
    return b""


@on_bytes
def piece_removed(rng, data):
    low = rng.randrange(len(data))
    return data[:low] + data[low + rng.randrange(1, 64) :]


@on_bytes
def piece_repeated(rng, data):
    low = rng.randrange(len(data))
    return data[:low] + data[low : low + rng.randrange(1, 200)] + data[low:]


@on_bytes
def other_magic(rng, data):
    """The beginning of another format, then this one."""
    magic = rng.choice([b"PK\x03\x04", b"GGUF\x03\x00\x00\x00", b"\x1c\x00\x00\x00TFL3", b"ML\xefR", b"\x7fELF", b"module {\n"])
    return magic + data[len(magic) :]


# ---- the model ----------------------------------------------------------------------------------


def all_graphs(graph):
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.type == AttributeProto.GRAPH:
                yield from all_graphs(attribute.g)


def any_node(rng, model, accept=lambda node: True):
    nodes = [n for g in all_graphs(model.graph) for n in g.node if accept(n)]
    return rng.choice(nodes) if nodes else None


def any_tensor(rng, model):
    tensors = [t for g in all_graphs(model.graph) for t in g.initializer]
    return rng.choice(tensors) if tensors else None


def any_value(rng, model):
    values = [v for v in [*model.graph.input, *model.graph.output] if v.type.HasField("tensor_type")]
    return rng.choice(values) if values else None


@on_model
def input_dtype_swapped(rng, model):
    value = any_value(rng, model)
    if value is None:
        return None
    value.type.tensor_type.elem_type = rng.choice([0, 1, 2, 3, 6, 7, 8, 9, 10, 11, 14, 16, 22, 99, -5])
    return model


@on_model
def tensor_dtype_swapped(rng, model):
    tensor = any_tensor(rng, model)
    if tensor is None:
        return None
    tensor.data_type = rng.choice([0, 2, 3, 6, 7, 8, 9, 10, 11, 14, 16, 17, 22, 99, -5])
    return model


@on_model
def attribute_changed(rng, model):
    node = any_node(rng, model, lambda n: n.attribute)
    if node is None:
        return None
    attribute = rng.choice(list(node.attribute))
    kind = AttributeProto
    if attribute.type == kind.INT:
        attribute.i = rng.choice(BAD_INTS)
    elif attribute.type == kind.INTS and attribute.ints:
        attribute.ints[rng.randrange(len(attribute.ints))] = rng.choice(BAD_INTS)
    elif attribute.type == kind.FLOAT:
        attribute.f = rng.choice([0.0, -1.0, float("nan"), float("inf"), 1e38])
    elif attribute.type == kind.STRING:
        attribute.s = rng.choice([b"", b"NONSENSE", b"\xff\xfe\x00", b"x" * 10000])
    elif attribute.type == kind.TENSOR:
        attribute.t.dims[:] = [rng.choice(BAD_INTS)]
    elif attribute.type == kind.GRAPH:
        attribute.g.Clear()
    else:
        return None
    return model


@on_model
def attribute_list_resized(rng, model):
    node = any_node(rng, model, lambda n: any(a.type == AttributeProto.INTS for a in n.attribute))
    if node is None:
        return None
    attribute = next(a for a in node.attribute if a.type == AttributeProto.INTS)
    if rng.random() < 0.5:
        attribute.ints.append(rng.choice(BAD_INTS))
    else:
        del attribute.ints[rng.randrange(len(attribute.ints) + 1) :]
    return model


@on_model
def attribute_of_other_type(rng, model):
    node = any_node(rng, model, lambda n: n.attribute)
    if node is None:
        return None
    at = rng.randrange(len(node.attribute))
    name = node.attribute[at].name
    del node.attribute[at]
    node.attribute.append(helper.make_attribute(name, rng.choice([3, 1.5, "text", [1, 2], [0.5], ["a"]])))
    return model


@on_model
def attribute_removed(rng, model):
    node = any_node(rng, model, lambda n: n.attribute)
    if node is None:
        return None
    del node.attribute[rng.randrange(len(node.attribute))]
    return model


@on_model
def input_renamed(rng, model):
    """A node reads what nothing writes."""
    node = any_node(rng, model, lambda n: n.input)
    node.input[rng.randrange(len(node.input))] = rng.choice(["nowhere", "", "\x00", "é", "n" * 5000])
    return model


@on_model
def output_duplicated(rng, model):
    """Two nodes write one name."""
    first, second = any_node(rng, model), any_node(rng, model)
    if first is second:
        model.graph.node.add().CopyFrom(first)
    else:
        second.output[0] = first.output[0]
    return model


@on_model
def cycle(rng, model):
    nodes = list(model.graph.node)
    at = rng.randrange(len(nodes))
    readers = [n for n in nodes[: at + 1] if n.input]
    if not readers:
        return None
    rng.choice(readers).input[0] = nodes[at].output[0]
    return model


@on_model
def nodes_shuffled(rng, model):
    nodes = list(model.graph.node)
    rng.shuffle(nodes)
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    return model


@on_model
def node_removed(rng, model):
    del model.graph.node[rng.randrange(len(model.graph.node))]
    return model


@on_model
def node_input_removed(rng, model):
    node = any_node(rng, model, lambda n: n.input)
    del node.input[rng.randrange(len(node.input)) if rng.random() < 0.5 else 0 :]
    return model


@on_model
def node_input_added(rng, model):
    node = any_node(rng, model, lambda n: n.input)
    node.input.extend([node.input[0]] * rng.choice([1, 8]))
    return model


@on_model
def node_output_changed(rng, model):
    node = any_node(rng, model)
    if rng.random() < 0.5:
        del node.output[:]
    else:
        node.output.extend(["more", "and more"])
    return model


@on_model
def graph_input_removed(rng, model):
    del model.graph.input[rng.randrange(len(model.graph.input))]
    return model


@on_model
def graph_output_removed(rng, model):
    del model.graph.output[rng.randrange(len(model.graph.output))]
    return model


@on_model
def graph_output_unknown(rng, model):
    rng.choice(list(model.graph.output)).name = rng.choice(["nowhere", "", model.graph.input[0].name])
    return model


@on_model
def name_shared(rng, model):
    """An initializer under the name of something else."""
    tensor = any_tensor(rng, model)
    if tensor is None:
        return None
    tensor.name = rng.choice([model.graph.input[0].name, model.graph.output[0].name, model.graph.initializer[0].name, ""])
    return model


@on_model
def tensor_dims_huge(rng, model):
    tensor = any_tensor(rng, model)
    if tensor is None:
        return None
    if rng.random() < 0.5 and tensor.dims:
        tensor.dims[rng.randrange(len(tensor.dims))] = rng.choice(BAD_DIMS)
    else:
        tensor.dims[:] = [rng.choice([2**16, 2**32, *BAD_DIMS])] * rng.choice([1, 2, 4])
    if rng.random() < 0.3:
        tensor.ClearField("raw_data")
    return model


@on_model
def tensor_dims_negative(rng, model):
    tensor = any_tensor(rng, model)
    if tensor is None:
        return None
    tensor.dims.append(0)
    tensor.dims[rng.randrange(len(tensor.dims))] = rng.choice([-1, -2, -(2**31), -(2**63)])
    return model


@on_model
def tensor_data_resized(rng, model):
    tensor = any_tensor(rng, model)
    if tensor is None or not tensor.raw_data:
        return None
    tensor.raw_data = rng.choice([b"", tensor.raw_data[:-1], tensor.raw_data * 2, tensor.raw_data + b"\0"])
    return model


@on_model
def tensor_values_changed(rng, model):
    """Shapes, axes, indices and scales from a table of bad ones."""
    tensors = [t for g in all_graphs(model.graph) for t in g.initializer if t.data_type == TensorProto.INT64]
    if not tensors:
        return None
    tensor = rng.choice(tensors)
    count = max(1, len(tensor.raw_data) // 8)
    tensor.raw_data = b"".join(rng.choice(BAD_INTS).to_bytes(8, "little", signed=True) for _ in range(count))
    return model


@on_model
def value_dims_changed(rng, model):
    value = any_value(rng, model)
    if value is None:
        return None
    shape = value.type.tensor_type.shape
    how = rng.randrange(4)
    if how == 0 or not shape.dim:
        shape.dim.add().dim_value = rng.choice([-1, 0, 1, 5])
    elif how == 1:
        shape.dim[rng.randrange(len(shape.dim))].dim_value = rng.choice([-1, -3, 0, 2**31, 2**40, 2**62])
    elif how == 2:
        del shape.dim[0]
    else:
        value.type.tensor_type.ClearField("shape")
    return model


@on_model
def type_removed(rng, model):
    value = any_value(rng, model)
    if value is None:
        return None
    value.ClearField("type")
    if rng.random() < 0.5:
        value.type.sequence_type.elem_type.tensor_type.elem_type = 1
    return model


@on_model
def op_unknown(rng, model):
    any_node(rng, model).op_type = rng.choice(["Frobnicate", "", "conv", "Relu\n", "Conv", "If", "Loop", "Scan", "LSTM"])
    return model


@on_model
def domain_unknown(rng, model):
    any_node(rng, model).domain = rng.choice(["com.example", "ai.onnx.ml", "\x01"])
    return model


@on_model
def opset_changed(rng, model):
    entry = model.opset_import[0]
    how = rng.randrange(3)
    if how == 0:
        del model.opset_import[:]
    elif how == 1:
        entry.domain = "com.example"
    else:
        entry.version = rng.choice([-1, 0, 1, 6, 200, 2**40])
    return model


@on_model
def ir_version_changed(rng, model):
    model.ir_version = rng.choice([-1, 0, 1, 2, 99, 2**40])
    return model


@on_model
def graph_removed(rng, model):
    model.ClearField("graph") if rng.random() < 0.5 else model.graph.Clear()
    return model


@on_model
def data_external(rng, model):
    """Weights in a file that is not there, not allowed, too short, or beyond its end."""
    tensor = any_tensor(rng, model)
    if tensor is None:
        return None
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    del tensor.external_data[:]
    entries = {
        "location": rng.choice(["missing.bin", "", "../../../../etc/passwd", "/etc/passwd", ".", "short.bin", "short.bin"]),
        "offset": rng.choice(["0", "-1", "4", "99999999999999999999", "x"]),
        "length": rng.choice(["0", "-4", "16", "18446744073709551615", ""]),
    }
    for key in rng.sample(sorted(entries), rng.choice([1, 2, 3])):
        tensor.external_data.add(key=key, value=entries[key])
    return model


@on_model
def nested_deep(rng, model):
    """If inside If inside If …: recursion has an end."""
    depth = rng.choice([50, 90])  # protobuf's own limit on nesting is 100 messages, three for each If
    inner = helper.make_graph([helper.make_node("Identity", [model.graph.input[0].name], ["deep_0"])], "deepest", [], [helper.make_tensor_value_info("deep_0", 1, None)])
    for level in range(1, depth // 3):
        branch = onnx.GraphProto()
        branch.CopyFrom(inner)
        node = helper.make_node("If", ["deep_cond"], [f"deep_{level}"], then_branch=branch, else_branch=inner)
        if level > 8:  # both branches would double the file at each level
            node = helper.make_node("If", ["deep_cond"], [f"deep_{level}"], then_branch=branch)
        inner = helper.make_graph([node], f"level_{level}", [], [helper.make_tensor_value_info(f"deep_{level}", 1, None)])
    model.graph.initializer.append(helper.make_tensor("deep_cond", TensorProto.BOOL, [], [True]))
    model.graph.node.extend(inner.node)
    model.graph.output.extend(inner.output)
    return model


@on_model
def functions_recursive(rng, model):
    """A model-local function that calls itself, or one with the name of an operator."""
    node = any_node(rng, model)
    node.domain = "local"
    body = [helper.make_node(node.op_type, ["a"], ["b"], domain="local")]
    model.functions.append(helper.make_function("local", node.op_type, ["a"], ["b"], body, [helper.make_opsetid("", 17), helper.make_opsetid("local", 1)]))
    model.opset_import.append(helper.make_opsetid("local", 1))
    return model


KINDS = [*ON_BYTES, *ON_MODEL]


@dataclasses.dataclass
class Case:
    index: int
    kind: str
    base: str
    data: bytes


def make_case(seed: int, index: int, bases: list[pathlib.Path]) -> Case:
    """Case `index` alone, whatever the others were. Every kind comes up in turn."""
    rng = random.Random(f"{seed}/{index}")
    kind = KINDS[index % len(KINDS)]
    while True:
        base = rng.choice(bases)
        data = base.read_bytes()
        if kind in ON_BYTES:
            return Case(index, kind, base.stem, ON_BYTES[kind](rng, data))
        model = ON_MODEL[kind](rng, onnx.load_model_from_string(data))
        if model is not None:
            return Case(index, kind, base.stem, model.SerializeToString(deterministic=True))


@dataclasses.dataclass
class Verdict:
    case: Case
    status: str  # compiled, refused, or a violation's short name
    detail: str = ""


def run_case(case: Case, companions: list[pathlib.Path], binary: str, options) -> Verdict:
    with tempfile.TemporaryDirectory(prefix="edgec-mutate-") as temporary:
        folder = pathlib.Path(temporary)
        scratch = folder / "tmp"
        place = folder / "place"
        scratch.mkdir()
        place.mkdir()
        model = place / f"case{case.index:03}-{case.kind}.onnx"
        model.write_bytes(case.data)
        (place / "short.bin").write_bytes(b"\1\2\3\4\5\6\7")
        for file in companions:
            shutil.copy(file, place / file.name)
        before = {p.name for p in place.iterdir()}
        out = place / "out"
        args = ["compile", model, "-o", out, "--name=m", f"--target={options.target}", "--emit=library"]
        result = edgec.invoke(
            binary, args, timeout=options.timeout, env={"TMPDIR": str(scratch)}, memory=options.memory << 30
        )
        left = [str(p.relative_to(out)) for p in out.rglob("*") if not p.is_dir()] if out.is_dir() else []
        beside = sorted({p.name for p in place.iterdir()} - before - {"out"})
        lost = sorted(p.name for p in scratch.iterdir())

        def verdict(status: str, detail: str = "") -> Verdict:
            if options.keep and status not in ("compiled", "refused"):
                options.keep.mkdir(parents=True, exist_ok=True)
                shutil.copy(model, options.keep / model.name)
            return Verdict(case, status, detail)

        if result.crash:
            kind = "hung" if result.code is None else "crashed"
            return verdict(kind, f"{result.crash}\n{result.tail}")
        if beside or lost:
            return verdict("littered", f"left {', '.join([*beside, *(f'TMPDIR/{n}' for n in lost)])}")
        if result.code == 0:
            missing = [n for n in ("m.h", "m.json", "libm.a") if n not in left]
            return verdict("incomplete", f"exit code 0 without {', '.join(missing)}") if missing else verdict("compiled")
        if left:
            return verdict("littered", f"exit code 1, and left {', '.join(left)}")
        if not result.stderr.strip():
            return verdict("silent", "exit code 1 and nothing on stderr")
        if model.name not in result.stderr:
            return verdict("nameless", f"stderr does not name the file\n{result.tail}")
        return verdict("refused", edgec.reason(result.stderr))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--edgec", help="the binary (default: $EDGEC, then the newest build)")
    parser.add_argument("--models", metavar="DIR", help="more models to damage (default: $EDGEC_MODELS)")
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int, metavar="INDEX", help="one case of this seed")
    parser.add_argument("--filter", default="", metavar="REGEX", help="only kinds of damage that match")
    parser.add_argument("--target", default="host")
    parser.add_argument("--timeout", type=float, default=10.0, metavar="SECONDS")
    parser.add_argument("--memory", type=int, default=8, metavar="GIB", help="a run may map this much (not with sanitizers)")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--keep", type=pathlib.Path, metavar="DIR", help="keep the files of failing cases here")
    parser.add_argument("--verbose", action="store_true", help="one line for each case")
    options = parser.parse_args()

    import generate

    binary = edgec.find(options.edgec)
    verdicts = []
    with tempfile.TemporaryDirectory(prefix="edgec-generated-") as temporary:
        bases = generate.write_all(pathlib.Path(temporary))
        companions = [pathlib.Path(temporary) / "external.bin"]
        folder = options.models or os.environ.get("EDGEC_MODELS")
        if folder:
            bases += [p for p in sorted(pathlib.Path(folder).glob("*.onnx")) if p.stat().st_size <= LARGEST]
        if options.only is not None:
            indices = [options.only]
        else:
            indices = [i for i in range(options.count) if re.search(options.filter, KINDS[i % len(KINDS)])]
        with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:

            def one(index):
                return run_case(make_case(options.seed, index, bases), companions, binary, options)

            for verdict in pool.map(one, indices):
                verdicts.append(verdict)
                bad = verdict.status not in ("compiled", "refused")
                if bad or options.verbose:
                    case = verdict.case
                    detail = verdict.detail.replace("\n", "\n    ")
                    print(f"{verdict.status:10} {case.index:3} {case.kind} of {case.base}: {detail}", flush=True)
                if options.keep and options.only is not None:
                    options.keep.mkdir(parents=True, exist_ok=True)
                    (options.keep / f"case{verdict.case.index:03}-{verdict.case.kind}.onnx").write_bytes(verdict.case.data)

    by = collections.Counter(v.status for v in verdicts)
    good = by["compiled"] + by["refused"]
    print(", ".join(f"{n} {s}" for s, n in by.most_common()))
    failed = len(verdicts) - good
    if failed:
        again = sorted(v.case.index for v in verdicts if v.status not in ("compiled", "refused"))
        print(f"again: mutate.py --seed {options.seed} --keep DIR --only INDEX, for {' '.join(map(str, again))}")
    print(f"{good} passed, {failed} failed")
    return 1 if failed or not verdicts else 0


if __name__ == "__main__":
    sys.exit(main())
