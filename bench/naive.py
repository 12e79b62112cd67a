"""C as one writes it first: a static ONNX model as plain loops, one function for each node.

What bench/instructions.py counts edgec's instructions against. Every extent and stride is a literal,
every pointer `restrict`: the C compiler knows all that edgec knows. The caller gets
`void naive_run(const float *const *inputs, float *const *outputs)`.
"""

from __future__ import annotations

import math
import pathlib

import numpy as np
import onnx
from onnx import helper, numpy_helper


class Unsupported(Exception):
    pass


def strides(shape: list[int]) -> list[int]:
    result, step = [], 1
    for extent in reversed(shape):
        result.insert(0, step)
        step *= extent
    return result


def broadcast(shape: list[int], rank: int) -> list[int]:
    """Strides of a tensor in the loops over what it is broadcast to."""
    padded = [1] * (rank - len(shape)) + list(shape)
    return [0 if extent == 1 else step for extent, step in zip(padded, strides(padded))]


def at(steps: list[int], names: list[str] | None = None, start: int = 0) -> str:
    """An index: literal strides times loop variables."""
    names = names or [f"i{d}" for d in range(len(steps))]
    terms = [name if step == 1 else f"{name} * {step}" for name, step in zip(names, steps) if step]
    if start or not terms:
        terms.append(str(start))
    return " + ".join(terms)


def loops(shape: list[int], body: str, names: list[str] | None = None) -> str:
    names = names or [f"i{d}" for d in range(len(shape))]
    text = "".join(f"for (int {n} = 0; {n} < {e}; ++{n}) " for n, e in zip(names, shape))
    return f"{text}{{ {body} }}"


UNARY = {
    "Relu": "x > 0 ? x : 0.0f", "Sigmoid": "1.0f / (1.0f + expf(-x))", "Tanh": "tanhf(x)", "Exp": "expf(x)",
    "Sqrt": "sqrtf(x)", "Neg": "-x", "Log": "logf(x)", "Abs": "fabsf(x)", "Reciprocal": "1.0f / x", "Identity": "x",
}  # fmt: skip
BINARY = {
    "Add": "a + b", "Sub": "a - b", "Mul": "a * b", "Div": "a / b", "Pow": "powf(a, b)",
    "Max": "a > b ? a : b", "Min": "a < b ? a : b", "Equal": "a == b",
}  # fmt: skip
REDUCE = {
    "ReduceMean": ("0.0f", "s += x", "s / {n}"), "ReduceSum": ("0.0f", "s += x", "s"),
    "ReduceMax": ("-INFINITY", "s = x > s ? x : s", "s"), "ReduceMin": ("INFINITY", "s = x < s ? x : s", "s"),
}  # fmt: skip


class Emitter:
    def __init__(self, model: onnx.ModelProto):
        model = onnx.shape_inference.infer_shapes(model, data_prop=True)
        self.graph = model.graph
        self.shapes: dict[str, list[int]] = {}
        self.constants: dict[str, np.ndarray] = {}
        for initializer in self.graph.initializer:
            value = numpy_helper.to_array(initializer)
            self.constants[initializer.name] = value
            self.shapes[initializer.name] = list(value.shape)
        for info in [*self.graph.input, *self.graph.value_info, *self.graph.output]:
            self.shapes[info.name] = [d.dim_value for d in info.type.tensor_type.shape.dim]
        self.weights = bytearray()
        self.functions: list[str] = []
        self.calls: list[str] = []
        self.where: dict[str, str] = {}  # C expressions of tensors
        self.buffers: list[str] = []

    def constant(self, name: str) -> np.ndarray:
        if name not in self.constants:
            raise Unsupported(f"'{name}' is not a constant")
        return self.constants[name]

    def pointer(self, name: str) -> str:
        if name not in self.where:
            value = self.constant(name).astype(np.float32)
            self.where[name] = f"weights + {len(self.weights) // 4}"
            self.weights += value.tobytes()
        return self.where[name]

    def result(self, name: str) -> str:
        if name not in self.where:
            count = max(1, math.prod(self.shapes[name]))
            self.where[name] = f"buffer{len(self.buffers)}"
            self.buffers.append(f"static float buffer{len(self.buffers)}[{count}];")
        return self.where[name]

    def emit(self, body: str, out: str | list[str], *inputs: str) -> None:
        """A function: inputs x0, x1, ...; the output y, or several: y0, y1, ..."""
        number = len(self.functions)
        outs = {"y": out} if isinstance(out, str) else {f"y{i}": name for i, name in enumerate(out)}
        arguments = [f"const float *restrict x{i}" for i in range(len(inputs))]
        arguments += [f"float *restrict {name}" for name in outs]
        head = f"static __attribute__((noinline)) void node{number}({', '.join(arguments)})"
        self.functions.append(f"{head} {{\n  {body}\n}}\n")
        values = [self.pointer(name) for name in inputs] + [self.result(n) for n in outs.values()]
        self.calls.append(f"node{number}({', '.join(values)});")

    # ---- families ---------------------------------------------------------------------------

    def map(self, node, expression: str, inputs: list[str]) -> None:
        shape = self.shapes[node.output[0]]
        letters = ["x"] if len(inputs) == 1 else ["a", "b", "c"]
        loads = "".join(
            f"float {letter} = x{i}[{at(broadcast(self.shapes[name], len(shape)))}]; "
            for i, (letter, name) in enumerate(zip(letters, inputs))
        )
        self.emit(
            loops(shape, f"{loads}y[{at(strides(shape))}] = {expression};"), node.output[0], *inputs
        )

    def move(self, node, shape: list[int], source: list[int], start: int = 0, to: int = 0, steps=None):  # fmt: skip
        """Copies: strides in the input and in the output, for loops over `shape`."""
        steps = steps or strides(shape)
        body = f"y[{at(steps, start=to)}] = x0[{at(source, start=start)}];"
        self.emit(loops(shape, body), node.output[0], node.input[0])

    def window(self, node, a: dict) -> tuple[list[int], list[int], list[int], list[int]]:
        kernel = list(a.get("kernel_shape") or self.shapes[node.input[1]][2:])
        rank = len(kernel)
        pads = list(a.get("pads") or [0] * 2 * rank)
        if a.get("auto_pad", b"NOTSET") not in (b"NOTSET", b"VALID"):
            out, size = self.shapes[node.output[0]][2:], self.shapes[node.input[0]][2:]
            step = a.get("strides") or [1] * rank
            total = [max(0, (o - 1) * s + k - n) for o, s, k, n in zip(out, step, kernel, size)]
            first = [t // 2 if a["auto_pad"] == b"SAME_UPPER" else (t + 1) // 2 for t in total]
            pads = first + [t - f for t, f in zip(total, first)]
        return kernel, list(a.get("strides") or [1] * rank), list(a.get("dilations") or [1] * rank), pads  # fmt: skip

    def taps(self, kernel, step, dilation, pads, size) -> tuple[str, str, list[str]]:
        """Loops over a window that skip the padding; the positions are p0, p1, ..."""
        head = inside = ""
        for d, extent in enumerate(kernel):
            head += f"for (int k{d} = 0; k{d} < {extent}; ++k{d}) {{ int p{d} = o{d} * {step[d]} + k{d} * {dilation[d]} - {pads[d]}; "  # fmt: skip
            head += f"if (p{d} < 0 || p{d} >= {size[d]}) continue; "
            inside += "}"
        return head, inside, [f"p{d}" for d in range(len(kernel))]

    def conv(self, node, a: dict) -> None:
        x, w, y = (self.shapes[n] for n in (node.input[0], node.input[1], node.output[0]))
        kernel, step, dilation, pads = self.window(node, a)
        group = a.get("group", 1)
        inner, filters, rank = w[1], y[1] // group, len(kernel)
        head, tail, positions = self.taps(kernel, step, dilation, pads, x[2:])
        xs, ws, ys = strides(x), strides(w), strides(y)
        outs, ks = [f"o{d}" for d in range(rank)], [f"k{d}" for d in range(rank)]
        bias = f"x2[g * {filters} + f]" if len(node.input) > 2 else "0.0f"
        x_at = at([xs[0], inner * xs[1], *xs[1:]], ["n", "g", "c", *positions])
        w_at = at([filters * ws[0], *ws], ["g", "f", "c", *ks])
        y_at = at([ys[0], filters * ys[1], *ys[1:]], ["n", "g", "f", *outs])
        body = (
            f"float s = {bias}; for (int c = 0; c < {inner}; ++c) {head}"
            f"s += x0[{x_at}] * x1[{w_at}]; {tail} y[{y_at}] = s;"
        )
        self.emit(loops([x[0], group, filters, *y[2:]], body, ["n", "g", "f", *outs]), node.output[0], *node.input)  # fmt: skip

    def deconv(self, node, a: dict) -> None:
        x, w, y = (self.shapes[n] for n in (node.input[0], node.input[1], node.output[0]))
        kernel, step, dilation, pads = self.window(node, a)
        if a.get("group", 1) != 1 or a.get("auto_pad", b"NOTSET") != b"NOTSET":
            raise Unsupported("a ConvTranspose in groups or with automatic padding")
        outs, ks = [f"o{d}" for d in range(len(kernel))], [f"k{d}" for d in range(len(kernel))]
        head, tail, positions = self.taps(kernel, step, dilation, pads, y[2:])
        bias = "x2[f]" if len(node.input) > 2 else "0.0f"
        start = loops([y[0], y[1], math.prod(y[2:])], f"y[{at(strides([*y[:2], math.prod(y[2:])]), ['n', 'f', 'i'])}] = {bias};", ["n", "f", "i"])  # fmt: skip
        body = (
            f"float v = x0[{at(strides(x), ['n', 'c', *outs])}]; for (int f = 0; f < {y[1]}; ++f) {head}"
            f"y[{at(strides(y), ['n', 'f', *positions])}] += v * x1[{at(strides(w), ['c', 'f', *ks])}]; {tail}"
        )
        self.emit(start + loops(x, body, ["n", "c", *outs]), node.output[0], *node.input)

    def batch_norm(self, node, a: dict) -> None:
        x = self.shapes[node.input[0]]
        flat = [x[0], x[1], math.prod(x[2:])]
        index = at(strides(flat))
        body = (
            f"y[{index}] = (x0[{index}] - x3[i1]) / sqrtf(x4[i1] + {a.get('epsilon', 1e-5)}f) * x1[i1] + x2[i1];"
        )
        self.emit(loops(flat, body), node.output[0], *node.input)

    def pad(self, node, a: dict) -> None:
        x, y = self.shapes[node.input[0]], self.shapes[node.output[0]]
        pads = a.get("pads") or self.constant(node.input[1]).tolist()
        if len(pads) != 2 * len(x):
            raise Unsupported("a Pad of some axes")
        mode = a.get("mode", b"constant")
        fill = float(self.constant(node.input[2])) if len(node.input) > 2 and node.input[2] else 0.0
        body, inside = "", []
        for d, extent in enumerate(x):
            body += f"int p{d} = i{d} - {pads[d]}; "
            inside.append(f"p{d} >= 0 && p{d} < {extent}")
            if mode == b"reflect":
                body += f"p{d} = p{d} < 0 ? -p{d} : p{d} >= {extent} ? {2 * extent - 2} - p{d} : p{d}; "
        value = f"x0[{at(strides(x), [f'p{d}' for d in range(len(x))])}]"
        if mode == b"constant":
            value = f"{' && '.join(inside)} ? {value} : {fill}f"
        elif mode != b"reflect":
            raise Unsupported(f"a Pad with mode {mode.decode()}")
        self.emit(loops(y, f"{body}y[{at(strides(y))}] = {value};"), node.output[0], node.input[0])

    def lstm(self, node, a: dict) -> None:
        steps, batch, inner = self.shapes[node.input[0]]
        hidden, names = a["hidden_size"], list(node.input) + [""] * 8
        if a.get("direction", b"forward") != b"forward" or names[4] or names[7] or a.get("clip") or a.get("layout"):  # fmt: skip
            raise Unsupported("an LSTM that is not the plain one")
        inputs = [n for n in (*names[:4], *names[5:7]) if n]
        index = {name: f"x{i}" for i, name in enumerate(inputs)}
        for i, (extent, name) in enumerate(zip(([steps, 1, batch, hidden], [1, batch, hidden], [1, batch, hidden]), [*node.output, "", ""])):  # fmt: skip
            if not name:
                self.shapes[f"{node.output[0]}.unused{i}"] = extent
        outs = [name or f"{node.output[0]}.unused{i}" for i, name in enumerate([*node.output, "", ""][:3])]  # fmt: skip
        first = lambda n: f"{index[n]}[i]" if n else "0"  # noqa: E731
        bias = lambda g: f"{index[names[3]]}[{g * hidden} + j] + {index[names[3]]}[{(4 + g) * hidden} + j]" if names[3] else "0"  # noqa: E731, E501  # fmt: skip
        gates = "".join(
            f"float g{g} = {bias(g)}; for (int k = 0; k < {inner}; ++k) g{g} += x[k] * x1[({g * hidden} + j) * {inner} + k]; "
            f"for (int k = 0; k < {hidden}; ++k) g{g} += h[k] * x2[({g * hidden} + j) * {hidden} + k]; "
            for g in range(4)
        )  # fmt: skip
        sigmoid = "1.0f / (1.0f + expf(-{}))"
        body = (
            f"for (int i = 0; i < {batch * hidden}; ++i) {{ y1[i] = {first(names[5])}; y2[i] = {first(names[6])}; }} "
            f"for (int t = 0; t < {steps}; ++t) for (int b = 0; b < {batch}; ++b) {{ "
            f"const float *x = x0 + (t * {batch} + b) * {inner}; float *h = y1 + b * {hidden}, *c = y2 + b * {hidden}; "
            f"float *out = y0 + (t * {batch} + b) * {hidden}; "
            f"for (int j = 0; j < {hidden}; ++j) {{ {gates}"
            f"c[j] = {sigmoid.format('g2')} * c[j] + {sigmoid.format('g0')} * tanhf(g3); "
            f"out[j] = {sigmoid.format('g1')} * tanhf(c[j]); }} "
            f"for (int j = 0; j < {hidden}; ++j) h[j] = out[j]; }}"
        )
        self.emit(body, outs, *inputs)

    def pool(self, node, a: dict, most: bool) -> None:
        x, y = self.shapes[node.input[0]], self.shapes[node.output[0]]
        kernel, step, dilation, pads = self.window(node, a)
        head, tail, positions = self.taps(kernel, step, dilation, pads, x[2:])
        outs = [f"o{d}" for d in range(len(kernel))]
        value = f"x0[{at(strides(x), ['n', 'c', *positions])}]"
        if most:
            body = f"float s = -INFINITY; {head}float v = {value}; s = v > s ? v : s; {tail}"
            last = "s"
        else:
            count = str(math.prod(kernel)) if a.get("count_include_pad") else "n_taps"
            body = f"float s = 0; int n_taps = 0; {head}s += {value}; ++n_taps; {tail}(void)n_taps; "
            last = f"s / {count}"
        body += f"y[{at(strides(y), ['n', 'c', *outs])}] = {last};"
        self.emit(loops(y, body, ["n", "c", *outs]), node.output[0], node.input[0])

    def matmul(self, node, a: dict) -> None:
        x, w, y = (self.shapes[n] for n in (node.input[0], node.input[1], node.output[0]))
        if len(w) != 2:
            raise Unsupported("a product of two batches")
        rows, columns = math.prod(y[:-1]), y[-1]
        inner = w[1] if a.get("transB") else w[0]
        x_at = f"k * {rows} + m" if a.get("transA") else f"m * {inner} + k"
        w_at = f"n * {inner} + k" if a.get("transB") else f"k * {columns} + n"
        bias, inputs = "0.0f", list(node.input[:2])
        if len(node.input) > 2:
            steps = broadcast(self.shapes[node.input[2]], 2)
            bias = f"{float(a.get('beta', 1.0))}f * x2[{at(steps, ['m', 'n'])}]"
            inputs.append(node.input[2])
        scale = float(a.get("alpha", 1.0))
        product = "s" if scale == 1.0 else f"{scale}f * s"
        body = (
            f"float s = 0; for (int k = 0; k < {inner}; ++k) s += x0[{x_at}] * x1[{w_at}]; "
            f"y[m * {columns} + n] = {product} + {bias};"
        )
        self.emit(loops([rows, columns], body, ["m", "n"]), node.output[0], *inputs)

    def reduce(self, node, axes: list[int]) -> None:
        x = self.shapes[node.input[0]]
        axes = sorted(d % len(x) for d in axes) or list(range(len(x)))
        kept = [d for d in range(len(x)) if d not in axes]
        start, step, last = REDUCE[node.op_type]
        names = [f"i{d}" for d in range(len(x))]
        inner = loops([x[d] for d in axes], f"float x = x0[{at(strides(x))}]; {step};", [names[d] for d in axes])  # fmt: skip
        steps = strides([x[d] for d in kept])
        body = f"float s = {start}; {inner} y[{at(steps, [names[d] for d in kept])}] = {last.format(n=math.prod(x[d] for d in axes))};"  # fmt: skip
        self.emit(loops([x[d] for d in kept], body, [names[d] for d in kept]), node.output[0], node.input[0])  # fmt: skip

    def softmax(self, node, axis: int) -> None:
        x = self.shapes[node.input[0]]
        axis %= len(x)
        outer, count, inner = math.prod(x[:axis]), x[axis], math.prod(x[axis + 1 :])
        body = (
            f"const float *p = x0 + i * {count * inner} + j; float *q = y + i * {count * inner} + j; "
            f"float m = p[0], s = 0; for (int k = 1; k < {count}; ++k) m = p[k * {inner}] > m ? p[k * {inner}] : m; "
            f"for (int k = 0; k < {count}; ++k) s += q[k * {inner}] = expf(p[k * {inner}] - m); "
            f"for (int k = 0; k < {count}; ++k) q[k * {inner}] /= s;"
        )
        self.emit(loops([outer, inner], body, ["i", "j"]), node.output[0], node.input[0])

    def resize(self, node, a: dict) -> None:
        x, y = self.shapes[node.input[0]], self.shapes[node.output[0]]
        factors = [o // i for o, i in zip(y, x)]
        if a.get("mode", b"nearest") != b"nearest" or [i * f for i, f in zip(x, factors)] != y:
            raise Unsupported("a Resize that is not nearest by whole factors")
        index = " + ".join(f"(i{d} / {f}) * {s}" for d, (f, s) in enumerate(zip(factors, strides(x))))  # fmt: skip
        self.emit(loops(y, f"y[{at(strides(y))}] = x0[{index}];"), node.output[0], node.input[0])

    def slices(self, node, name: str, axes: dict[int, range]) -> None:
        """Part of a tensor: along some axes, the positions of a range."""
        x = self.shapes[node.input[0]]
        shape = [len(axes[d]) if d in axes else e for d, e in enumerate(x)]
        steps = [s * axes[d].step if d in axes else s for d, s in enumerate(strides(x))]
        start = sum(axes[d].start * s for d, s in enumerate(strides(x)) if d in axes)
        self.emit(
            loops(shape, f"y[{at(strides(shape))}] = x0[{at(steps, start=start)}];"), name, node.input[0]
        )

    # ---- nodes ------------------------------------------------------------------------------

    def node(self, node) -> None:
        a = {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}
        kind, inputs, out = node.op_type, list(node.input), node.output[0]
        if kind in UNARY:
            self.map(node, UNARY[kind], inputs)
        elif kind in BINARY and len(inputs) == 2:
            self.map(node, BINARY[kind], inputs)
        elif kind == "LeakyRelu":
            self.map(node, f"x > 0 ? x : {a.get('alpha', 0.01)}f * x", inputs)
        elif kind == "HardSigmoid":
            alpha, beta = a.get("alpha", 0.2), a.get("beta", 0.5)
            self.map(node, f"fminf(1.0f, fmaxf(0.0f, {alpha}f * x + {beta}f))", inputs)
        elif kind == "Clip":
            bounds = [float(self.constant(n)) if n else None for n in inputs[1:]] or [a.get("min"), a.get("max")]  # fmt: skip
            low, high = (bounds + [None])[:2]
            text = "x" if low is None else f"fmaxf(x, {low}f)"
            self.map(node, text if high is None else f"fminf({text}, {high}f)", inputs[:1])
        elif kind == "Conv":
            self.conv(node, a)
        elif kind in ("MaxPool", "AveragePool"):
            self.pool(node, a, kind == "MaxPool")
        elif kind in ("GlobalAveragePool", "GlobalMaxPool"):
            a["kernel_shape"] = self.shapes[inputs[0]][2:]
            self.pool(node, a, kind == "GlobalMaxPool")
        elif kind in ("Gemm", "MatMul"):
            self.matmul(node, a)
        elif kind in REDUCE:
            axes = a.get("axes") or (self.constant(inputs[1]).tolist() if len(inputs) > 1 else [])
            self.reduce(node, list(axes))
        elif kind == "Softmax":
            self.softmax(node, a.get("axis", -1))
        elif kind in ("Reshape", "Flatten", "Squeeze", "Unsqueeze"):
            count = [math.prod(self.shapes[inputs[0]])]
            self.move(node, count, [1])
        elif kind == "Transpose":
            x = self.shapes[inputs[0]]
            order = a.get("perm") or list(reversed(range(len(x))))
            self.move(node, [x[d] for d in order], [strides(x)[d] for d in order])
        elif kind == "Concat":
            y = self.shapes[out]
            axis, start = a["axis"] % len(y), 0
            for name in inputs:
                x = self.shapes[name]
                body = f"y[{at(strides(y), start=start * strides(y)[axis])}] = x0[{at(strides(x))}];"
                self.emit(loops(x, body), out, name)
                start += x[axis]
        elif kind == "Split":
            axis, start = a.get("axis", 0) % len(self.shapes[inputs[0]]), 0
            for name in node.output:
                end = start + self.shapes[name][axis]
                self.slices(node, name, {axis: range(start, end)})
                start = end
        elif kind == "Slice":
            x = self.shapes[inputs[0]]
            if len(inputs) > 1:
                given = [self.constant(name).tolist() if name else None for name in inputs[1:]]
            else:
                given = [a["starts"], a["ends"], a.get("axes")]
            starts, ends, axes, steps = (given + [None, None])[:4]
            axes, steps = axes or list(range(len(starts))), steps or [1] * len(starts)
            parts = {
                d % len(x): range(x[d])[slice(b, e, s)]
                for d, b, e, s in zip(axes, starts, ends, steps)
            }
            self.slices(node, out, parts)
        elif kind == "Gather" and self.constant(inputs[1]).size == 1:
            x = self.shapes[inputs[0]]
            index, axis = int(self.constant(inputs[1]).item()), a.get("axis", 0) % len(x)
            self.slices(node, out, {axis: range(index % x[axis], index % x[axis] + 1)})
        elif kind == "Where":
            self.map(node, "a != 0 ? b : c", inputs)
        elif kind == "ConvTranspose":
            self.deconv(node, a)
        elif kind == "BatchNormalization":
            self.batch_norm(node, a)
        elif kind == "Pad":
            self.pad(node, a)
        elif kind == "LSTM":
            self.lstm(node, a)
        elif kind == "Resize":
            self.resize(node, a)
        else:
            raise Unsupported(f"operator {kind}")

    def write(self, folder: pathlib.Path) -> None:
        """naive.c and the weights beside it."""
        for i, info in enumerate(self.graph.input):
            self.where[info.name] = f"inputs[{i}]"
        for i, info in enumerate(self.graph.output):
            self.where[info.name] = f"outputs[{i}]"
        for node in self.graph.node:
            self.node(node)
        (folder / "naive.bin").write_bytes(bytes(self.weights) or b"\0" * 4)
        text = [
            "#include <math.h>",
            '__asm__(".section .rodata\\n.balign 64\\nweights: .incbin \\"naive.bin\\"\\n.previous");',
            'extern const float weights[] __asm__("weights");',
            *self.buffers,
            *self.functions,
            "void naive_run(const float *const *inputs, float *const *outputs) {",
            *("  " + call for call in self.calls),
            "}",
        ]
        (folder / "naive.c").write_text("\n".join(text) + "\n")
