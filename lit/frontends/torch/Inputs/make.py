"""python make.py KIND file.pt2: a small exported program, sound or broken in one way, written without torch."""

import json
import pathlib
import struct
import sys
import zipfile


def tensor(*sizes, dtype=7):
    strides, step = [], 1
    for size in reversed(sizes):
        strides.insert(0, step)
        step *= size if isinstance(size, int) else 4
    as_size = lambda s: {"as_int": s} if isinstance(s, int) else {"as_expr": {"expr_str": s, "hint": {"as_int": 4}}}
    return {"dtype": dtype, "sizes": [as_size(s) for s in sizes], "strides": [{"as_int": s} for s in strides],
            "storage_offset": {"as_int": 0}, "layout": 7}  # fmt: skip


def name(text):
    return {"as_tensor": {"name": text}}


def node(target, outputs, /, module="", line=0, **inputs):
    metadata = {}
    if module:
        metadata["nn_module_stack"] = f"L__self__,,Net;L__self__{module},{module},torch.nn.Module"
    if line:
        metadata["stack_trace"] = f'File "/home/me/net.py", line {line}, in forward\n    return self(x)'
    return {"target": f"torch.ops.{target}", "name": outputs[0], "metadata": metadata,
            "inputs": [{"name": k, "arg": v, "kind": 1} for k, v in inputs.items()],
            "outputs": [name(o) for o in outputs]}  # fmt: skip


class Program:
    def __init__(self):
        self.nodes, self.tensors, self.outputs = [], {"x": tensor(2, 4)}, []
        self.specs, self.inputs = [], []
        self.weights, self.files = {}, {}
        self.ranges, self.guards, self.major = {}, [], 8

    def add(self, target, output, sizes, /, **rest):
        self.nodes.append(node(target, [output], **rest))
        self.tensors[output] = tensor(*sizes)
        self.outputs = [output]

    def weight(self, kind, sizes, values, **changes):
        self.inputs.append(name("w"))
        self.specs.append({kind: {"arg": {"name": "w"}, f"{kind}_name": "layer.w"}})
        self.tensors["w"] = tensor(*sizes)
        self.weights["layer.w"] = {"path_name": "weight_0", "use_pickle": False, "tensor_meta": tensor(*sizes)} | changes
        self.files["data/weights/weight_0"] = struct.pack(f"<{len(values)}f", *values)

    def write(self, path, method=zipfile.ZIP_STORED, entries=None):
        graph = {"inputs": [*self.inputs, name("x")], "outputs": [name(o) for o in self.outputs], "nodes": self.nodes,
                 "tensor_values": self.tensors}  # fmt: skip
        signature = {"input_specs": [*self.specs, {"user_input": {"arg": name("x")}}],
                     "output_specs": [{"user_output": {"arg": name(o)}} for o in self.outputs]}  # fmt: skip
        model = {"graph_module": {"graph": graph, "signature": signature}, "schema_version": {"major": self.major, "minor": 20},
                 "verifiers": ["TRAINING"], "torch_version": "2.13.0", "range_constraints": self.ranges,
                 "guards_code": self.guards}  # fmt: skip
        files = entries or {"archive_format": b"pt2", "byteorder": b"little", "models/model.json": json.dumps(model).encode(),
                            "data/weights/model_weights_config.json": json.dumps({"config": self.weights}).encode(),
                            **self.files}  # fmt: skip
        with zipfile.ZipFile(path, "w", method) as archive:
            for entry, content in files.items():
                archive.writestr(f"net/{entry}", content)


def main():
    kind, path = sys.argv[1], pathlib.Path(sys.argv[2])
    p = Program()
    symbol = "Symbol('s7', positive=True, integer=True)"
    match kind:
        case "sound":
            p.add("aten.relu.default", "relu", (2, 4), module="block.0", line=12, self=name("x"))
        case "unsupported":
            p.add("aten.nonzero.default", "nonzero", (2, 4), module="block.0.pick", line=31, self=name("x"))
            p.add("mine.op.default", "op", (2, 4), self=name("nonzero"))
            p.add("aten.relu.default", "relu", (2, 4), self=name("op"))
        case "write":
            p.add("aten.clone.default", "clone", (2, 4), self=name("x"))
            p.add("aten.select.int", "select", (4,), self=name("clone"), dim={"as_int": 0}, index={"as_int": 1})
            p.add("aten.neg_.default", "neg_", (4,), self=name("select"))
            p.add("aten.relu.default", "relu", (2, 4), self=name("clone"))
        case "state":
            p.weight("buffer", (2, 4), [0.0] * 8)
            p.add("aten.add_.Tensor", "add_", (2, 4), self=name("w"), other=name("x"))
        case "pickled" | "short" | "missing" | "strides":
            values = [1.0] * (2 if kind == "short" else 8)
            changes = {"use_pickle": True} if kind == "pickled" else {}
            p.weight("parameter", (2, 4), values, **changes)
            if kind == "missing":
                p.weights.clear()
            if kind == "strides":
                p.weights["layer.w"]["tensor_meta"]["strides"][0] = {"as_int": -4}
            p.add("aten.add.Tensor", "add", (2, 4), self=name("x"), other=name("w"))
        case "open" | "guard":
            p.tensors["x"] = tensor(f"Mul(Integer(2), {symbol})", 4)
            p.ranges = {"s7": {"min_val": 2, "max_val": 8}, "2*s7": {"min_val": 4, "max_val": 16}}
            if kind == "guard":
                p.guards = ["(L['x'].size()[0] % 4) == 0"]
            p.add("aten.relu.default", "relu", (f"Mul(Integer(2), {symbol})", 4), self=name("x"))
        case "lie":
            p.add("aten.relu.default", "relu", (4, 2), self=name("x"))
        case "argument":
            p.add("aten.softmax.int", "softmax", (2, 4), self=name("x"), dim={"as_string": "last"})
        case "omitted":
            p.add("aten.softmax.int", "softmax", (2, 4), self=name("x"))
        case "mapping" | "blocks" | "bounds":
            p.add("torchao.choose_qparams_affine.default", "scale", (2,), input=name("x"),
                  mapping_type={"as_string": "LOGARITHMIC" if kind == "mapping" else "SYMMETRIC"},
                  block_size={"as_ints": [1, 3 if kind == "blocks" else 4]}, target_dtype={"as_scalar_type": 2},
                  quant_min={"as_int": -128}, quant_max={"as_int": 300 if kind == "bounds" else 127})  # fmt: skip
            p.nodes[0]["outputs"].append(name("zero"))
            p.tensors["zero"] = tensor(2)
        case "subclass":
            p.add("export.access_subclass_inner_tensor.default", "inner", (2, 4), src_subclass_tensor=name("x"),
                  attr={"as_string": "qdata"})  # fmt: skip
        case "autocast":
            body = {"inputs": [name("y")], "outputs": [name("relu")], "tensor_values": {n: tensor(2, 4) for n in ("y", "relu")},
                    "nodes": [node("aten.relu.default", ["relu"], self=name("y"))]}  # fmt: skip
            p.add("higher_order.wrap_with_autocast", "wrap", (2, 4), device_type={"as_string": "cpu"}, dtype={"as_scalar_type": 13},
                  enabled={"as_bool": True}, cache_enabled={"as_none": True}, body={"as_graph": {"name": "body", "graph": body}},
                  operands={"as_tensors": [{"name": "x"}]})  # fmt: skip
        case "major":
            p.major = 9
            p.add("aten.relu.default", "relu", (2, 4), self=name("x"))
        case "old":
            p.write(path, entries={"version": b"1", "serialized_exported_program.json": b"{}"})
            return
        case "checkpoint":
            p.write(path, entries={"data.pkl": b"\x80\x02}q\x00."})
            return
        case "deep":
            p.write(path, entries={"models/model.json": b"[" * 100000})
            return
        case "deflated":
            p.add("aten.relu.default", "relu", (2, 4), self=name("x"))
            p.write(path, zipfile.ZIP_DEFLATED)
            return
        case _:
            sys.exit(f"unknown kind {kind}")
    p.write(path)


if __name__ == "__main__":
    main()
