"""The ways mutate.py damages a model: of its bytes, and of what is in it."""

from __future__ import annotations

import onnx
from common.damage_bytes import ON_BYTES
from onnx import AttributeProto, TensorProto, helper

BAD_INTS = [
    -1,
    0,
    1,
    2,
    3,
    7,
    -2,
    255,
    65536,
    2**31 - 1,
    -(2**31),
    2**31,
    2**62,
    2**63 - 1,
    -(2**63),
]
BAD_DIMS = [2**31, 2**33, 2**48, 2**62, 2**63 - 1]

# Each takes (rng, model) and returns the damaged thing, or None where there is nothing to damage.
ON_MODEL = {}


def on_model(function):
    ON_MODEL[function.__name__] = function
    return function


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
    values = [
        v for v in [*model.graph.input, *model.graph.output] if v.type.HasField("tensor_type")
    ]
    return rng.choice(values) if values else None


@on_model
def input_dtype_swapped(rng, model):
    value = any_value(rng, model)
    if value is None:
        return None
    value.type.tensor_type.elem_type = rng.choice(
        [0, 1, 2, 3, 6, 7, 8, 9, 10, 11, 14, 16, 22, 99, -5]
    )
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
    node.attribute.append(
        helper.make_attribute(name, rng.choice([3, 1.5, "text", [1, 2], [0.5], ["a"]]))
    )
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
    node.input[rng.randrange(len(node.input))] = rng.choice(
        ["nowhere", "", "\x00", "é", "n" * 5000]
    )
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
    rng.choice(list(model.graph.output)).name = rng.choice(
        ["nowhere", "", model.graph.input[0].name]
    )
    return model


@on_model
def name_shared(rng, model):
    """An initializer under the name of something else."""
    tensor = any_tensor(rng, model)
    if tensor is None:
        return None
    tensor.name = rng.choice(
        [model.graph.input[0].name, model.graph.output[0].name, model.graph.initializer[0].name, ""]
    )
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
    tensor.raw_data = rng.choice(
        [b"", tensor.raw_data[:-1], tensor.raw_data * 2, tensor.raw_data + b"\0"]
    )
    return model


@on_model
def tensor_values_changed(rng, model):
    """Shapes, axes, indices and scales from a table of bad ones."""
    tensors = [
        t
        for g in all_graphs(model.graph)
        for t in g.initializer
        if t.data_type == TensorProto.INT64
    ]
    if not tensors:
        return None
    tensor = rng.choice(tensors)
    count = max(1, len(tensor.raw_data) // 8)
    tensor.raw_data = b"".join(
        rng.choice(BAD_INTS).to_bytes(8, "little", signed=True) for _ in range(count)
    )
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
        shape.dim[rng.randrange(len(shape.dim))].dim_value = rng.choice(
            [-1, -3, 0, 2**31, 2**40, 2**62]
        )
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
    any_node(rng, model).op_type = rng.choice(
        ["Frobnicate", "", "conv", "Relu\n", "Conv", "If", "Loop", "Scan", "LSTM"]
    )
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
        "location": rng.choice(
            [
                "missing.bin",
                "",
                "../../../../etc/passwd",
                "/etc/passwd",
                ".",
                "short.bin",
                "short.bin",
            ]
        ),
        "offset": rng.choice(["0", "-1", "4", "99999999999999999999", "x"]),
        "length": rng.choice(["0", "-4", "16", "18446744073709551615", ""]),
    }
    for key in rng.sample(sorted(entries), rng.choice([1, 2, 3])):
        tensor.external_data.add(key=key, value=entries[key])
    return model


@on_model
def nested_deep(rng, model):
    """If inside If inside If …: recursion has an end."""
    depth = rng.choice(
        [50, 90]
    )  # protobuf's own limit on nesting is 100 messages, three for each If
    inner = helper.make_graph(
        [helper.make_node("Identity", [model.graph.input[0].name], ["deep_0"])],
        "deepest",
        [],
        [helper.make_tensor_value_info("deep_0", 1, None)],
    )
    for level in range(1, depth // 3):
        branch = onnx.GraphProto()
        branch.CopyFrom(inner)
        node = helper.make_node(
            "If", ["deep_cond"], [f"deep_{level}"], then_branch=branch, else_branch=inner
        )
        if level > 8:  # both branches would double the file at each level
            node = helper.make_node("If", ["deep_cond"], [f"deep_{level}"], then_branch=branch)
        inner = helper.make_graph(
            [node], f"level_{level}", [], [helper.make_tensor_value_info(f"deep_{level}", 1, None)]
        )
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
    model.functions.append(
        helper.make_function(
            "local",
            node.op_type,
            ["a"],
            ["b"],
            body,
            [helper.make_opsetid("", 17), helper.make_opsetid("local", 1)],
        )
    )
    model.opset_import.append(helper.make_opsetid("local", 1))
    return model


KINDS = [*ON_BYTES, *ON_MODEL]
