"""A model cut into its operators, each fed with what LiteRT computed before it: errors don't add up."""

from __future__ import annotations

import pathlib

import flatbuffers
import reference
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter, OpResolverType


def _load(data: bytes):
    return schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(data, 0))


def check(path: pathlib.Path, feed: list, binary: str, work: pathlib.Path, timeout: float) -> tuple[int, int, list[str]]:
    """How many operators were judged, the most steps between, and what is too far apart. One call from fresh states."""
    interpreter = Interpreter(model_path=str(path), num_threads=1, experimental_preserve_all_tensors=True,
                              experimental_op_resolver_type=OpResolverType.BUILTIN_REF)  # fmt: skip
    interpreter.allocate_tensors()
    for info, value in zip(interpreter.get_input_details(), feed):
        interpreter.set_tensor(info["index"], value)
    interpreter.invoke()
    data, problems, judged, farthest = path.read_bytes(), [], 0, 0
    names = {number: name for name, number in vars(schema.BuiltinOperator).items() if isinstance(number, int)}
    for at in range(len(_load(data).subgraphs[0].operators)):
        model = _load(data)
        graph = model.subgraphs[0]
        op = graph.operators[at]
        if any(graph.tensors[t].type == schema.TensorType.RESOURCE for t in [*op.inputs, *op.outputs] if t >= 0):
            continue  # a variable is nothing without the operators around it
        known = {t for t in op.inputs if t >= 0 and model.buffers[graph.tensors[t].buffer].data is not None}
        fed = [int(t) for t in dict.fromkeys(op.inputs) if t >= 0 and t not in known and not graph.tensors[t].isVariable]
        if not len(op.outputs) or not fed:
            continue
        graph.operators, graph.inputs, graph.outputs = [op], fed, [int(t) for t in op.outputs]
        model.signatureDefs = None
        for number, tensor in enumerate(graph.tensors):
            tensor.name = f"t{number}"  # names of files are made of them
        builder = flatbuffers.Builder(1024)
        builder.Finish(model.Pack(builder), b"TFL3")
        cut = work.parent / "layer.tflite"
        cut.write_bytes(bytes(builder.Output()))
        judge = reference.Reference(cut)
        values = [interpreter.get_tensor(t) for t in fed]
        want = judge.run(values, 1)
        got = reference.run(binary, cut, values, 1, work, timeout)
        error, steps = reference.distance(judge.interpreter.get_output_details(), want, got)
        judged, farthest = judged + 1, max(farthest, steps)
        if steps > reference.STEPS or not error <= reference.TOLERANCE:
            code = model.operatorCodes[op.opcodeIndex]
            name = names[max(code.builtinCode, code.deprecatedBuiltinCode)]
            problems.append(f"operator {at}, {name}: error {error:.1e}, {steps} steps")
    return judged, farthest, problems
