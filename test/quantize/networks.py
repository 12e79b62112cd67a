"""Small networks for scikit-learn's digits, trained here, and written as ONNX.

Plain numpy with reverse-mode derivatives of the few operations that they need; the same weights for a seed.
"""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


class Tensor:
    """A value, and how its derivative goes to what it was computed from."""

    def __init__(self, value, parents=()):
        self.value, self.parents, self.grad = np.asarray(value, np.float32), parents, None

    def backward(self, seed):
        order, seen = [], set()

        def visit(node):
            if id(node) not in seen:
                seen.add(id(node))
                for parent, _ in node.parents:
                    visit(parent)
                order.append(node)

        visit(self)
        self.grad = seed
        for node in reversed(order):
            for parent, pull in node.parents:
                grad = pull(node.grad)
                extra = grad.ndim - parent.value.ndim
                grad = grad.sum(tuple(range(extra))) if extra else grad
                ones = tuple(i for i, e in enumerate(parent.value.shape) if e == 1 and grad.shape[i] != 1)
                grad = grad.sum(ones, keepdims=True) if ones else grad
                parent.grad = grad if parent.grad is None else parent.grad + grad


def add(a, b):
    return Tensor(a.value + b.value, [(a, lambda g: g), (b, lambda g: g)])


def mul(a, b):
    return Tensor(a.value * b.value, [(a, lambda g: g * b.value), (b, lambda g: g * a.value)])


def matmul(a, b):
    turn = lambda x: np.swapaxes(x, -1, -2)  # noqa: E731
    return Tensor(a.value @ b.value, [(a, lambda g: g @ turn(b.value)), (b, lambda g: turn(a.value) @ g)])


def relu(a):
    return Tensor(np.maximum(a.value, 0), [(a, lambda g: g * (a.value > 0))])


def reshape(a, *shape):
    return Tensor(a.value.reshape(shape), [(a, lambda g: g.reshape(a.value.shape))])


def transpose(a, *axes):
    return Tensor(a.value.transpose(axes), [(a, lambda g: g.transpose(np.argsort(axes)))])


def mean(a, axis):
    n = a.value.shape[axis]
    return Tensor(a.value.mean(axis), [(a, lambda g: np.repeat(np.expand_dims(g, axis), n, axis) / n)])


def softmax(a):
    e = np.exp(a.value - a.value.max(-1, keepdims=True))
    y = e / e.sum(-1, keepdims=True)
    return Tensor(y, [(a, lambda g: y * (g - (g * y).sum(-1, keepdims=True)))])


def normalize(a):
    """Mean 0 and variance 1 along the last axis."""
    d = a.value - a.value.mean(-1, keepdims=True)
    s = np.sqrt((d * d).mean(-1, keepdims=True) + 1e-5)
    y = d / s
    m = lambda x: x.mean(-1, keepdims=True)  # noqa: E731
    return Tensor(y, [(a, lambda g: (g - m(g) - y * m(g * y)) / s)])


def patches(a, stride):
    """`[N, C, H, W]` to `[N, H', W', C * 9]`: 3x3 windows around each place, zeros outside."""
    x = np.pad(a.value, ((0, 0), (0, 0), (1, 1), (1, 1)))
    n, c, h, w = x.shape
    rows, columns = (h - 3) // stride + 1, (w - 3) // stride + 1
    at = [(i, j) for i in range(3) for j in range(3)]
    cut = lambda t, i, j: t[:, :, i : i + stride * rows : stride, j : j + stride * columns : stride]  # noqa: E731
    y = np.stack([cut(x, i, j)[:, :, :rows, :columns] for i, j in at], -1).transpose(0, 2, 3, 1, 4)

    def pull(g):
        g = g.reshape(n, rows, columns, c, 9).transpose(0, 3, 1, 2, 4)
        out = np.zeros_like(x)
        for k, (i, j) in enumerate(at):
            cut(out, i, j)[:, :, :rows, :columns] += g[..., k]
        return out[:, :, 1:-1, 1:-1]

    return Tensor(y.reshape(n, rows, columns, c * 9), [(a, pull)])


class Network:
    """Parameters by name; `forward` in numpy and `graph` in ONNX say the same."""

    def __init__(self, seed):
        self.rng, self.parameters = np.random.default_rng(seed), {}

    def weight(self, name, *shape, scale=None):
        value = self.rng.standard_normal(shape) * (scale or np.sqrt(2 / np.prod(shape[:-1])))
        self.parameters[name] = Tensor(value)

    def constant(self, name, value):
        self.parameters[name] = Tensor(value)

    def __getitem__(self, name):
        return self.parameters[name]

    def train(self, x, y, epochs, rate=3e-3):
        """Adam on the cross entropy."""
        moments = {k: [np.zeros_like(p.value), np.zeros_like(p.value)] for k, p in self.parameters.items()}
        step = 0
        for epoch in range(epochs):
            slower = 1 - epoch / epochs  # the last steps are small ones
            order = self.rng.permutation(len(x))
            for at in range(0, len(x), 64):
                batch = order[at : at + 64]
                out = self.forward(Tensor(x[batch]))
                p = softmax(out).value
                p[np.arange(len(batch)), y[batch]] -= 1
                for parameter in self.parameters.values():
                    parameter.grad = None
                out.backward(p / len(batch))
                step += 1
                for name, parameter in self.parameters.items():
                    m = moments[name]
                    m[0] = 0.9 * m[0] + 0.1 * parameter.grad
                    m[1] = 0.99 * m[1] + 0.01 * parameter.grad**2
                    parameter.value = parameter.value - rate * slower * (m[0] / (1 - 0.9**step)) / (
                        np.sqrt(m[1] / (1 - 0.99**step)) + 1e-8)  # fmt: skip

    def model(self, batch):
        self.nodes, self.constants = [], []
        self.graph(batch)
        graph = helper.make_graph(
            self.nodes, type(self).__name__,
            [helper.make_tensor_value_info("image", TensorProto.FLOAT, [batch, 1, 8, 8])],
            [helper.make_tensor_value_info("scores", TensorProto.FLOAT, [batch, 10])], self.constants,
        )  # fmt: skip
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        onnx.checker.check_model(model)
        return model

    def const(self, name, value, dtype=np.float32):
        self.constants.append(numpy_helper.from_array(np.asarray(value, dtype), name))
        return name

    def node(self, op, *inputs, out, **attributes):
        self.nodes.append(helper.make_node(op, list(inputs), [out], name=f"/{out}", **attributes))
        return out


class Convolutional(Network):
    """Three convolutions with ReLUs, one of them added to what it reads, a mean and a dense layer."""

    LAYERS = (("c1", 1, 16, 1), ("c2", 16, 32, 2), ("c3", 32, 32, 1))

    def __init__(self, seed):
        super().__init__(seed)
        for name, cin, cout, _ in self.LAYERS:
            self.weight(name, cin * 9, cout)
            self.constant(name + "b", np.zeros(cout))
        self.weight("d", 32, 10)
        self.constant("db", np.zeros(10))

    def forward(self, x):
        for name, _, _, stride in self.LAYERS:
            y = add(matmul(patches(x, stride), self[name]), self[name + "b"])
            y = transpose(y, 0, 3, 1, 2)
            x = relu(add(x, y) if name == "c3" else y)
        n, c, h, w = x.value.shape
        return add(matmul(mean(reshape(x, n, c, h * w), 2), self["d"]), self["db"])

    def graph(self, batch):
        x = "image"
        for name, cin, cout, stride in self.LAYERS:
            filters = self[name].value.T.reshape(cout, cin, 3, 3)
            y = self.node("Conv", x, self.const(name, filters), self.const(name + "b", self[name + "b"].value),
                          out=name + "y", pads=[1, 1, 1, 1], strides=[stride, stride])  # fmt: skip
            y = self.node("Add", x, y, out=name + "s") if name == "c3" else y
            x = self.node("Relu", y, out=name + "r")
        x = self.node("GlobalAveragePool", x, out="mean")
        x = self.node("Flatten", x, out="flat")
        self.node("Gemm", x, self.const("d", self["d"].value), self.const("db", self["db"].value), out="scores")


class Transformer(Network):
    """Eight rows as tokens: an embedding, one block with two heads, normalized before, and a mean."""

    WIDTH, HEADS = 32, 2

    def __init__(self, seed):
        super().__init__(seed)
        w = self.WIDTH
        self.weight("e", 8, w)
        self.weight("place", 8, w, scale=0.1)
        for name, cin, cout in (("q", w, w), ("k", w, w), ("v", w, w), ("o", w, w), ("u", w, 2 * w), ("p", 2 * w, w)):
            self.weight(name, cin, cout)
            self.constant(name + "b", np.zeros(cout))
        for name in ("n1", "n2", "n3"):
            self.constant(name + "g", np.ones(w))
            self.constant(name + "b", np.zeros(w))
        self.weight("d", w, 10)
        self.constant("db", np.zeros(10))

    def dense(self, x, name):
        return add(matmul(x, self[name]), self[name + "b"])

    def norm(self, x, name):
        return add(mul(normalize(x), self[name + "g"]), self[name + "b"])

    def forward(self, x):
        n, w, h = x.value.shape[0], self.WIDTH, self.HEADS
        x = add(matmul(reshape(x, n, 8, 8), self["e"]), self["place"])
        y = self.norm(x, "n1")
        q, k, v = (transpose(reshape(self.dense(y, m), n, 8, h, w // h), 0, 2, 1, 3) for m in "qkv")
        scores = mul(matmul(q, transpose(k, 0, 1, 3, 2)), Tensor((w // h) ** -0.5))
        y = reshape(transpose(matmul(softmax(scores), v), 0, 2, 1, 3), n, 8, w)
        x = add(x, self.dense(y, "o"))
        x = add(x, self.dense(relu(self.dense(self.norm(x, "n2"), "u")), "p"))
        return self.dense(mean(self.norm(x, "n3"), 1), "d")

    def graph(self, batch):
        w, h = self.WIDTH, self.HEADS

        def dense(x, name, out=None):
            y = self.node("MatMul", x, self.const(name, self[name].value), out=name + "m")
            return self.node("Add", y, self.const(name + "b", self[name + "b"].value), out=out or name + "y")

        def norm(x, name):
            return self.node("LayerNormalization", x, self.const(name + "g", self[name + "g"].value),
                             self.const(name + "b", self[name + "b"].value), out=name + "y", epsilon=1e-5)  # fmt: skip

        def shaped(x, out, *shape):
            return self.node("Reshape", x, self.const(out + "s", shape, np.int64), out=out)

        x = shaped("image", "rows", batch, 8, 8)
        x = self.node("MatMul", x, self.const("e", self["e"].value), out="em")
        x = self.node("Add", x, self.const("place", self["place"].value), out="placed")
        y = norm(x, "n1")
        heads = [self.node("Transpose", shaped(dense(y, m), m + "h", batch, 8, h, w // h), out=m + "t", perm=p)
                 for m, p in (("q", [0, 2, 1, 3]), ("k", [0, 2, 3, 1]), ("v", [0, 2, 1, 3]))]  # fmt: skip
        s = self.node("MatMul", heads[0], heads[1], out="scores0")
        s = self.node("Mul", s, self.const("scale", (w // h) ** -0.5), out="scores1")
        s = self.node("Softmax", s, out="attention", axis=-1)
        y = self.node("Transpose", self.node("MatMul", s, heads[2], out="mixed"), out="merged", perm=[0, 2, 1, 3])
        x = self.node("Add", x, dense(shaped(y, "joined", batch, 8, w), "o"), out="x1")
        y = dense(self.node("Relu", dense(norm(x, "n2"), "u"), out="ur"), "p")
        x = norm(self.node("Add", x, y, out="x2"), "n3")
        x = self.node("ReduceMean", x, out="pooled", axes=[1], keepdims=0)
        dense(x, "d", out="scores")
