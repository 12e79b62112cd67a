"""The cases of ops.py: functions of ATen overloads, with their inputs."""

from __future__ import annotations

import dataclasses
import math

import torch
from torch.nn import functional as F

A = torch.ops.aten
_random = torch.Generator().manual_seed(7)


@dataclasses.dataclass
class Case:
    name: str
    function: object
    inputs: list[torch.Tensor]


def f(*shape, dtype=torch.float32, low=-2.0, high=2.0):
    return torch.empty(shape).uniform_(low, high, generator=_random).to(dtype)


def i(*shape, low=-5, high=6, dtype=torch.int64):
    return torch.randint(low, high, shape, generator=_random, dtype=dtype)


def b(*shape):
    return torch.randint(0, 2, shape, generator=_random).bool()


def u(*shape):
    """Numbers in (0.1, 0.9)."""
    return f(*shape, low=0.1, high=0.9)


HALF = {"dtype": torch.float16}
CASES: list[Case] = []


def case(name, function, *inputs):
    CASES.append(Case(name, function, list(inputs)))


def overload(name):
    base, _, which = name.partition(".")
    return getattr(getattr(A, base), which or "default")


# Functions of one tensor of floats, each in f32 and in f16; those of `INT` of integers, too.
UNARY = """abs neg sign floor ceil round trunc fix square reciprocal exp exp2 expm1 sin cos tan atan sinh cosh asinh
 erf erfc frac sinc rad2deg deg2rad relu relu6 sigmoid tanh gelu silu mish hardswish hardsigmoid hardtanh leaky_relu elu
 selu celu softplus log_sigmoid hardshrink softshrink sgn isnan isinf isfinite isposinf isneginf signbit nan_to_num
 special_expit special_expm1 absolute negative positive clone alias detach logical_not zeros_like ones_like
 empty_like""".split()
POSITIVE = "log log2 log10 log1p sqrt rsqrt logit asin acos atanh special_log1p".split()
INT = "abs neg sign square floor ceil round exp sqrt sigmoid reciprocal logical_not bitwise_not isnan zeros_like".split()
IN_PLACE = """abs_ neg_ exp_ floor_ ceil_ round_ trunc_ square_ reciprocal_ sin_ cos_ relu_ relu6_ sigmoid_ tanh_ gelu_
 silu_ mish_ hardswish_ hardsigmoid_ hardtanh_ leaky_relu_ elu_ selu_ celu_ zero_ nan_to_num_""".split()
for n in UNARY:
    case(n, overload(n), f(3, 7))
    if n not in ("empty_like", "log_sigmoid", "relu6", "special_expit", "special_expm1", "absolute", "negative"):
        case(f"{n}/f16", overload(n), f(3, 7, **HALF))
for n in POSITIVE:
    case(n, overload(n), u(3, 7))
case("acosh", A.acosh.default, u(3, 7) + 1)
case("empty_like is written", lambda x: A.zero_(torch.empty_like(x)), f(2, 3))
CASES[:] = [c for c in CASES if c.name != "empty_like" and c.name != "empty_like/f16"]
for n in INT:
    case(f"{n}/i64", overload(n), i(3, 7))
for n in IN_PLACE:
    case(n, lambda x, op=overload(n): op(x.clone()) + 1, f(3, 7))
for n in "log_ sqrt_ rsqrt_".split():
    case(n, lambda x, op=overload(n): op(x.clone()) + 1, u(3, 7))
case("bool unary", lambda x: (A.logical_not(x), A.bitwise_not(x), A.abs(x.int()), A.neg(x.float())), b(3, 7))

# Of two.
BINARY = """add.Tensor sub.Tensor mul.Tensor div.Tensor maximum minimum fmax fmin atan2 hypot copysign.Tensor
 eq.Tensor ne.Tensor lt.Tensor le.Tensor gt.Tensor ge.Tensor remainder.Tensor fmod.Tensor floor_divide logaddexp
 logical_and logical_or logical_xor heaviside max.other min.other subtract.Tensor multiply.Tensor divide.Tensor
 true_divide.Tensor not_equal.Tensor arctan2 rsub.Tensor""".split()
for n in BINARY:
    case(n, overload(n), f(3, 7), f(7))
for n in "add.Tensor sub.Tensor mul.Tensor div.Tensor maximum eq.Tensor lt.Tensor remainder.Tensor fmod.Tensor".split():
    case(f"{n}/f16", overload(n), f(3, 7, **HALF), f(7, **HALF))
    case(f"{n}/i64", overload(n), i(3, 7), i(7, low=1))
    case(f"{n}/i64 negative", overload(n), i(3, 7), i(7, high=0))
    case(f"{n}/i64,f32", overload(n), i(3, 7), f(7))
    case(f"{n}/i32,i64", overload(n), i(3, 7, dtype=torch.int32), i(7, low=1))
case("floor_divide/i64", A.floor_divide.default, i(4, 9, low=-9), i(9, low=1, high=5) * 2 - 5)
case("add.Tensor/bool", A.add.Tensor, b(3, 7), b(7))
case("mul.Tensor/bool", A.mul.Tensor, b(3, 7), b(7))
case("add.Tensor/0-d", A.add.Tensor, f(3, 7, **HALF), f())
case("add.Tensor/u8,i8", A.add.Tensor, i(3, 7, low=0, dtype=torch.uint8), i(7, dtype=torch.int8))
for n in "bitwise_and bitwise_or bitwise_xor __and__ __or__ __xor__".split():
    case(f"{n}.Tensor", overload(f"{n}.Tensor"), i(3, 7), i(7))
    case(f"{n}.Tensor/bool", overload(f"{n}.Tensor"), b(3, 7), b(7))
    case(f"{n}.Scalar", lambda x, op=overload(f"{n}.Scalar"): op(x, 6), i(3, 7))
for n in "bitwise_left_shift.Tensor bitwise_right_shift.Tensor __lshift__.Tensor __rshift__.Tensor".split():
    case(n, overload(n), i(3, 7, low=0, high=100), i(7, low=0, high=4))
for n in "bitwise_left_shift.Tensor_Scalar bitwise_right_shift.Tensor_Scalar __lshift__.Scalar __rshift__.Scalar".split():
    case(n, lambda x, op=overload(n): op(x, 2), i(3, 7, low=0))
for n in """add.Scalar sub.Scalar mul.Scalar div.Scalar rsub.Scalar eq.Scalar ne.Scalar lt.Scalar le.Scalar gt.Scalar
 ge.Scalar remainder.Scalar fmod.Scalar floor_divide.Scalar pow.Tensor_Scalar copysign.Scalar""".split():
    case(n, lambda x, op=overload(n): (op(x, 2), op(x, -1.5) if "pow" not in op.__name__ else op(x, 3)), f(3, 7))
    case(f"{n}/i64", lambda x, op=overload(n): op(x, 3), i(3, 7))
case("pow", lambda x: [x.pow(e) for e in (0, 0.5, 1, 1.5, 2, 3, -0.5, -1, -2)], u(3, 7))
case("pow.Tensor_Tensor", A.pow.Tensor_Tensor, u(3, 7), f(7))
case("pow.Scalar", lambda x: A.pow.Scalar(2.5, x), f(3, 7))
case("pow.Tensor_Scalar/i64 by float", lambda x: A.pow.Tensor_Scalar(x, 0.5), i(3, 7, low=0))
case("remainder.Scalar_Tensor", lambda x: A.remainder.Scalar_Tensor(3.5, x), f(3, 7) + 3)
case("xlogy.Tensor", lambda x, y: A.xlogy.Tensor(torch.relu(x), y), f(3, 7), u(7))
case("div modes", lambda x, y: [A.div.Tensor_mode(x, y, rounding_mode=m) for m in (None, "trunc", "floor")], f(3, 7), f(7))
case("div modes/i64", lambda x, y: [A.div.Tensor_mode(x, y, rounding_mode=m) for m in (None, "trunc", "floor")],
     i(3, 7), i(7, low=1))  # fmt: skip
case("div.Scalar_mode", lambda x: A.div.Scalar_mode(x, 0.7, rounding_mode="floor"), f(3, 7))
case("add alpha", lambda x, y: (torch.add(x, y, alpha=2.5), torch.sub(x, y, alpha=-0.5), torch.add(x, 3, alpha=2)), f(3, 7), f(7))
for n in """add_.Tensor sub_.Tensor mul_.Tensor div_.Tensor""".split():
    case(n, lambda x, y, op=overload(n): op(x.clone(), y) * 2, f(3, 7), f(7))
for n in "add_.Scalar sub_.Scalar mul_.Scalar div_.Scalar pow_.Scalar remainder_.Scalar".split():
    case(n, lambda x, op=overload(n): op(x.clone(), 2.0) * 2, f(3, 7))
case("remainder_.Tensor", lambda x, y: A.remainder_.Tensor(x.clone(), y), f(3, 7), u(7))
case("floor_divide_.Tensor", lambda x, y: A.floor_divide_.Tensor(x.clone(), y), f(3, 7), u(7))
case("div_.Tensor_mode", lambda x, y: A.div_.Tensor_mode(x.clone(), y, rounding_mode="trunc"), f(3, 7), u(7))
case("logical in place", lambda x, y: (A.logical_and_(x.clone(), y), A.logical_or_(x.clone(), y), A.logical_not_(x.clone())), b(3, 7), b(7))
case("bitwise in place", lambda x, y: (A.bitwise_and_.Tensor(x.clone(), y), A.bitwise_or_.Tensor(x.clone(), y), A.bitwise_not_(x.clone())), i(3, 7), i(7))
case("clamp", lambda x: (A.clamp(x, -1, 1), A.clamp(x, min=-0.5), A.clamp(x, max=0.5), A.clip(x, 0, 1)), f(3, 7))
case("clamp/i64", lambda x: (A.clamp(x, -1, 1), A.clamp_min(x, 2), A.clamp(x, 0.5)), i(3, 7))
case("clamp.Tensor", lambda x, y: (A.clamp.Tensor(x, y), A.clamp.Tensor(x, None, y), A.clamp_min.Tensor(x, y), A.clamp_max.Tensor(x, y)), f(3, 7), f(7))
case("clamp_", lambda x: (A.clamp_(x.clone(), -1, 1), A.clamp_min_(x.clone(), 0.1), A.clamp_max_(x.clone(), 0.1), A.clamp_min(x, 0), A.clamp_max(x, 0)), f(3, 7))
case("where.self", A.where.self, b(3, 7), f(3, 1), f(7))
case("where scalars", lambda c, x: (A.where.ScalarSelf(c, 1.5, x), A.where.ScalarOther(c, x, 2), A.where.Scalar(c, 1.0, 0.0)), b(3, 7), f(3, 7))
case("masked_fill", lambda x, m, v: (A.masked_fill.Scalar(x, m, -math.inf), A.masked_fill.Tensor(x, m, v), A.masked_fill_.Scalar(x.clone(), m, 2), A.masked_fill_.Tensor(x.clone(), m, v)), f(3, 7), b(7), f())
case("lerp", lambda x, y, w: (A.lerp.Scalar(x, y, 0.3), A.lerp.Tensor(x, y, w)), f(3, 7), f(3, 7), u(3, 7))
case("addcmul", lambda x, y, z: (A.addcmul(x, y, z, value=0.5), A.addcdiv(x, y, z + 3, value=2), A.addcmul_(x.clone(), y, z), A.addcdiv_(x.clone(), y, z + 3)), f(3, 7), f(3, 7), f(3, 7))
case("round.decimals", lambda x: A.round.decimals(x * 100, decimals=1), f(3, 7))
case("copy", lambda x, y: (A.copy_(torch.zeros_like(x), y), A.fill_.Scalar(x.clone(), 3), A.fill.Scalar(x, 2.5), A.copy(x, y), A.fill.Tensor(x, y[0]), A.fill_.Tensor(x.clone(), y[0]), A.zero(x)), f(3, 7), f(7))
case("casts", lambda x: [x.to(t) for t in (torch.float16, torch.int32, torch.int64, torch.bool, torch.uint8, torch.float64)] , f(3, 7).abs())
case("to overloads", lambda x, y: (A.to.dtype(x, torch.float32), A.to.other(x, y), A.type_as(x, y), A._to_copy(x, dtype=torch.int32), A.to.dtype(x, torch.float32, copy=True) * 2), f(3, 7), i(2))
case("activations", lambda x: (A.glu(x, 0), A.threshold(x, 0.5, -1.0), A.threshold_(x.clone(), 0.1, 2), A.hardtanh(x, -0.5, 0.7), A.leaky_relu(x, 0.3), A.elu(x, 0.5), A.softplus(x, 2, 1), A.celu(x, 0.5), A.gelu(x, approximate="tanh"), A.log_sigmoid_forward(x)[0]), f(4, 7))
case("prelu", lambda x, w, one: (A.prelu(x, w), A.prelu(x, one), A._prelu_kernel(x, w.view(1, -1, 1))), f(2, 3, 5), f(3), f(1))
case("softmax", lambda x: (A.softmax.int(x, -1), A._softmax(x, 1, False), A.log_softmax.int(x, 0), A._log_softmax(x, -1, False), A._safe_softmax(x, 1)), f(2, 3, 5))
case("softmax, rows of -inf", lambda x: (A._safe_softmax(x, 1), A._safe_softmax(x, -1)), torch.cat([f(2, 3, 5), torch.full((1, 3, 5), -math.inf)]))
case("softmax/f16", lambda x: (torch.softmax(x, -1), torch.softmax(x, -1, dtype=torch.float32)), f(2, 3, 5, **HALF))
case("softmax/i64", lambda x: torch.softmax(x, -1, dtype=torch.float32), i(3, 5))
case("dropout", lambda x: (A.dropout(x, 0.5, False), A.feature_dropout(x, 0.5, False)), f(3, 7))

# Created.
case("create", lambda x: (A.zeros([2, 3]), A.ones([2, 3], dtype=torch.int64), A.full([2], 3), A.full([2], 1.5), A.scalar_tensor(2.0), x), f(1))
case("create like", lambda x: (A.full_like(x, 3), A.new_zeros(x, [2]), A.new_ones(x, [2]), A.new_full(x, [2, 2], 7), A.ones_like(x, dtype=torch.int32), A.zeros_like(x)), f(2, 3))
case("arange", lambda x: (A.arange(5), A.arange.start(2, 7), A.arange.start_step(0, 1, 0.3), A.arange(5, dtype=torch.float32), A.arange.start_step(10, 0, -3), A.linspace(0, 1, 7), x), f(1))
case("eye", lambda x: (A.eye(3), A.eye.m(2, 4), A.hann_window(8), A.hann_window.periodic(8, False), A.hamming_window(8), A.hamming_window.periodic(9, False), x), f(1))
case("triangles", lambda x: (A.tril(x), A.triu(x, 1), A.tril(x, -1), A.tril_(x.clone()), A.triu_(x.clone())), f(2, 4, 5))
case("triangles/bool", lambda x: (A.tril(x), A.triu(x)), b(4, 5))

# Views.
case("reshape", lambda x: (A.view(x, [6, -1]), A.reshape(x, [-1]), A.flatten.using_ints(x, 1), A.unflatten.int(x, 2, [2, 2]), A.ravel(x), A._unsafe_view(x, [6, 4]), A.view_as(x, x.view(4, 6)), A.reshape_as(x, x.view(4, 6)), A.view_copy(x, [24]), A._reshape_copy(x, [24])), f(2, 3, 4))
case("reshape of a transpose", lambda x: A.reshape(x.transpose(0, 2), [6, 4]) + 1, f(2, 3, 4))
case("units", lambda x: (A.squeeze(x), A.squeeze.dim(x, 1), A.squeeze.dims(x, [0, 1]), A.unsqueeze(x, -1), A.squeeze.dim(x, 2)), f(1, 1, 3))
case("expand", lambda x: (A.expand(x, [4, 2, -1]), A.expand_as(x, x.new_zeros(2, 3)), A.broadcast_to(x, [2, 3])), f(2, 1).expand(2, 3)[:, :1].clone().expand(2, 1) if False else f(1, 3))
case("permutations", lambda x: (A.transpose.int(x, 0, 2), A.permute(x, [2, 0, 1]), A.movedim.int(x, 0, 2), A.movedim.intlist(x, [0, 1], [2, 0]), A.swapaxes(x, 0, 1), A.swapdims(x, 1, 2), A.mT(x), A.t(x[0]), A.adjoint(x), A.numpy_T(x[0]), A.moveaxis.int(x, 0, 1)), f(2, 3, 4))
case("slices", lambda x: (A.slice.Tensor(x, 1, 1, 9, 2), A.slice.Tensor(x, 0, -2), A.narrow(x, 1, 2, 3), A.select.int(x, 1, -1), x[:, 1:-1]), f(4, 7))
case("splits", lambda x: (A.split.Tensor(x, 3, 1), A.split_with_sizes(x, [2, 5], 1), A.chunk(x, 3, 1), A.unbind.int(x, 0), A.tensor_split.sections(x, 3, 1), A.tensor_split.indices(x, [2, 4], 1), A.split.sizes(x, [3, 4], 1), A.unsafe_chunk(x, 2, 1), A.unsafe_split.Tensor(x, 4, 1), A.unsafe_split_with_sizes(x, [1, 6], 1)), f(4, 7))
case("diagonal", lambda x: (A.diagonal(x), A.diagonal(x, 1, 1, 2), A.diagonal(x, -1, 0, 2)), f(4, 5, 6))
case("as_strided", lambda x: A.as_strided(x, [3, 4], [2, 1], 1), f(20))
case("aliases", lambda x: (A.contiguous(x.t()), A.contiguous(x), A.lift_fresh_copy(x), A.detach(x) + 1, A.resolve_conj(x)), f(3, 4))

# Writes through views.
def written(x, y):
    x = x.clone()
    row = x[1]
    row.add_(1)
    x[:, 2:5].mul_(y)
    x[::2, 1::3] = 7
    x.t()[0].zero_()
    flat = x.view(-1)
    flat[3] = -1
    return x, row * 1, flat * 2


def written_diagonal(x):
    x = x.clone()
    x.diagonal().fill_(5)
    x.unsqueeze(0).transpose(1, 2)[0, 1].sub_(3)
    a, c = x.chunk(2, 1)
    a += c
    return x, c


case("writes through views", written, f(4, 6), f(3))
case("writes through diagonals", written_diagonal, f(6, 6))
case("scatters of slices", lambda x, y: (A.slice_scatter(x, y, 1, 1, 4), A.select_scatter(x, y[:, 0], 1, 2), A.slice_scatter(x, y, 1, 0, 6, 2)), f(4, 6), f(4, 3))

# Joined and moved.
case("cat", lambda x, y: (A.cat([x, y], 1), A.cat([x, x], -2), A.stack([x, x], 1), A.hstack([x, y]), A.vstack([x, x]), A.concat([x, y], 1), A.concatenate([x, y], 1)), f(2, 3), f(2, 4))
case("cat/mixed", lambda x, y: A.cat([x, y]), f(3), i(4))
case("pads", lambda x: (A.constant_pad_nd(x, [1, 2, -1, 3], 1.5), A.pad(x, [1, 2], "constant", 2.0), A.pad(x, [1, 2], "reflect"), A.pad(x, [2, 1], "replicate"), A.pad(x, [2, 1], "circular"), A.reflection_pad1d(x, [2, 1]), A.replication_pad1d(x, [2, 1])), f(2, 3, 5))
case("pads 2d", lambda x: (A.reflection_pad2d(x, [1, 2, 1, 1]), A.replication_pad2d(x, [1, 2, 0, 1]), F.pad(x, (1, 1, 1, 1), "circular")), f(1, 2, 4, 5))
case("order", lambda x: (A.flip(x, [0, 2]), A.roll(x, [2], [1]), A.roll(x, [1, -1], [0, 2]), A.roll(x, [3])), f(2, 3, 4))
case("repeats", lambda x: (A.repeat(x, [2, 1, 3]), A.tile(x, [2]), A.repeat_interleave.self_int(x, 3, 1), A.repeat_interleave.self_int(x, 2)), f(2, 3))
case("blocks", lambda x: (A.pixel_shuffle(x, 2), A.pixel_unshuffle(x, 2), A.channel_shuffle(x, 4), A.native_channel_shuffle(x, 2)), f(2, 8, 4, 6))
case("unfold", lambda x: (A.unfold(x, 1, 3, 2), A.unfold(x, 0, 2, 1)), f(4, 9))
case("diff", lambda x, y: (A.diff(x), A.diff(x, 2, 0), A.diff(x, 1, 1, y, y), A.diff(x > 0)), f(3, 6), f(3, 1))
case("diag_embed", lambda x: (A.diag_embed(x), A.diag_embed(x, 1), A.diag_embed(x, -2, 0, 2)), f(3, 4))
case("im2col", lambda x: (A.im2col(x, [3, 2], [1, 2], [1, 0], [2, 1]), F.unfold(x, 2, stride=2)), f(2, 3, 6, 8))
case("isin", lambda x: (A.isin.Tensor_Tensor(x, x[0, :3]), A.isin.Tensor_Scalar(x, 3, invert=True)), i(3, 6))
case("joins and turns", lambda x, y: (A.dstack([x, x]), A.dstack([x[0], x[1]]), A.column_stack([x[:, 0], y]), A.block_diag([x, y[0], y]), A.cartesian_prod([x[0], y[:, 0], x[1]]), A.rot90(x), A.rot90(x, -1, [1, 0]), A.rot90(x, 2), A.flipud(x), A.fliplr(x), A.atleast_3d(x), A.atleast_3d(x[0]), A.atleast_2d(x[0]), A.atleast_1d(x[0, 0])), f(3, 4), f(3, 3))
case("splits", lambda x: (A.hsplit.int(x, 2), A.vsplit.array(x, [1, 2]), A.dsplit.int(x, 3), A.hsplit.array(x[0, :, 0], [1, -1]), A.dsplit.array(x, [2]), A.vsplit.int(x, 3)), f(3, 4, 6))
case("im2col and back", lambda x: (F.fold(F.unfold(x, 3, padding=1, stride=2), (6, 8), 3, padding=1, stride=2), F.fold(F.unfold(x, 2, dilation=2, stride=3)[0], (6, 8), 2, dilation=2, stride=3)), f(1, 6, 6, 8))
case("nansum", lambda x: (A.nansum(torch.log(x)), A.nansum(x, [1], True)), f(3, 6))
case("meshgrid", lambda x, y: (A.meshgrid([x, y]), A.meshgrid.indexing([x, y], indexing="xy"), A.broadcast_tensors([x, y[:1]])), f(3), f(4))

# Layers.
case("conv1d", lambda x, w, c: (A.conv1d(x, w, c), A.conv1d(x, w, None, [2], [3], [2]), A.conv1d.padding(x, w, c, [1], "same")), f(2, 4, 11), f(6, 4, 3), f(6))
case("conv2d", lambda x, w, c: (A.conv2d(x, w, c, [2, 1], [1, 0]), A.conv2d(x[0], w, c), A.conv2d.padding(x, w, c, [1, 1], "same", [2, 1])), f(2, 4, 8, 9), f(6, 4, 3, 2), f(6))
case("conv2d groups", lambda x, w, v: (A.conv2d(x, w, None, [1, 1], [1, 1], [1, 1], 4), A.conv2d(x, v, None, [1, 1], [0, 0], [1, 1], 2)), f(1, 4, 6, 6), f(8, 1, 3, 3), f(6, 2, 3, 3))
case("conv2d/f16", lambda x, w: A.conv2d(x, w), f(1, 4, 6, 6, **HALF), f(8, 4, 3, 3, **HALF))
case("conv3d", lambda x, w: (A.conv3d(x, w, None, [2] * 3, [1] * 3), A.conv3d.padding(x, w, None, [1] * 3, "valid")), f(1, 2, 5, 6, 7), f(3, 2, 3, 3, 3))
case("convolution", lambda x, w, t: (A.convolution(x, w, None, [1, 1], [1, 1], [1, 1], False, [0, 0], 1), A.convolution(x, t, None, [2, 2], [1, 1], [1, 1], True, [1, 0], 2)), f(1, 4, 6, 6), f(5, 4, 3, 3), f(4, 3, 3, 3))
case("conv_transpose", lambda x, w, y, v: (A.conv_transpose2d.input(x, w, None, [2, 2], [1, 1], [1, 0]), A.conv_transpose1d(y, v, None, [3], [1], [1], 2, [2])), f(1, 4, 5, 6), f(4, 3, 3, 3), f(2, 4, 7), f(4, 3, 5))
case("conv_transpose3d", lambda x, w: A.conv_transpose3d.input(x, w, None, [2] * 3), f(1, 2, 3, 4, 3), f(2, 3, 2, 2, 2))
case("products", lambda a, c, v: (A.mm(a, c), A.matmul(a, c), A.matmul(a, v), A.mv(a, v), A.dot(v, v), A.outer(v, v), A.matmul(v, c), A.matmul(v, v)), f(4, 5), f(5, 6), f(5))
case("bmm", lambda a, c: (A.bmm(a, c), A.matmul(a, c[0]), A.matmul(a[0], c), A.baddbmm(a[:, :, :1], a, c, beta=0.5, alpha=2), A.addbmm(a[0, :, :1], a, c)), f(3, 4, 5), f(3, 5, 6))
case("linear", lambda x, w, c: (A.linear(x, w, c), A.linear(x, w), A.linear(x[0, 0], w, c)), f(2, 3, 5), f(4, 5), f(4))
case("addmm", lambda c, a, d, v: (A.addmm(c, a, d), A.addmm(c, a, d, beta=0.5, alpha=2.0), A.addmm_(torch.zeros(4, 6), a, d), A.addmv(v[:4], a, v)), f(6), f(4, 5), f(5, 6), f(5))
case("int mm", lambda a, c: A._int_mm(a, c), i(20, 16, dtype=torch.int8), i(16, 8, dtype=torch.int8))
case("grouped mm", lambda x, w, o: (A._grouped_mm(x, w, o), A._grouped_mm(x[:3], w, o.clamp(max=3))), f(8, 16, dtype=torch.bfloat16), f(4, 16, 8, dtype=torch.bfloat16), torch.tensor([2, 2, 7, 8], dtype=torch.int32))
case("in-place twins", lambda x, y: (A.erf_(x.clone()), A.log1p_(y.clone()), A.eq_.Scalar(x.clone(), 1), A.pow_.Tensor(y.clone(), x), A.clamp_.Tensor(x.clone(), y), A.lerp_.Scalar(x.clone(), y, 0.3), A.cumprod_(x.clone(), 1), A.atan2_(x.clone(), y)), f(3, 4), u(3, 4))
case("einsum", lambda a, c: (A.einsum("bij,bjk->bik", [a, c]), A.einsum("bij,bjk->b", [a, c]), A.einsum("...ij->...ji", [a])), f(2, 3, 4), f(2, 4, 5))
case("bilinear", lambda x, y, w, c: F.bilinear(x, y, w, c), f(3, 4), f(3, 5), f(6, 4, 5), f(6))
Q = (f(2, 4, 5, 8), f(2, 4, 7, 8), f(2, 4, 7, 8))
case("attention", lambda q, k, v: (A.scaled_dot_product_attention(q, k, v), A.scaled_dot_product_attention(q, k, v, scale=0.5), A.scaled_dot_product_attention(q, k, v, is_causal=True)), *Q)
case("attention masked", lambda q, k, v, m, w: (A.scaled_dot_product_attention(q, k, v, m), A.scaled_dot_product_attention(q, k, v, w)), *Q, torch.cat([b(4, 7), torch.zeros(1, 7, dtype=torch.bool)]), f(2, 1, 5, 7))
case("attention grouped", lambda q, k, v, m: A.scaled_dot_product_attention(q, k[:, :2], v[:, :2], m, enable_gqa=True), *Q, b(5, 7) | torch.eye(5, 7, dtype=torch.bool))
case("attention/f16", lambda q, k, v: A.scaled_dot_product_attention(q, k, v), *[t.half() for t in Q])
case("attention flash", lambda q, k, v: A._scaled_dot_product_flash_attention_for_cpu(q, k, v)[0], *Q)

# Pools.
case("max_pool2d", lambda x: (A.max_pool2d(x, [2, 2]), A.max_pool2d(x, 3, 2, 1), A.max_pool2d(x, [3, 2], [2, 1], [1, 0], [1, 2], True), A.max_pool2d_with_indices(x, [2, 2])[0]), f(1, 3, 7, 9))
case("max_pool others", lambda x, y: (A.max_pool1d(x, 2), A.max_pool3d(y, 2)), f(2, 3, 9), f(1, 2, 4, 6, 4))
case("max_pool places", lambda x, y: (A.max_pool2d_with_indices(x, [3, 2], [2, 1], [1, 1], [1, 2], True)[1], F.max_unpool2d(*F.max_pool2d(x[:, :, :6, :8], 2, return_indices=True), 2), A.max_unpool2d(x[0, :, :2, :2], torch.tensor([[[0, 3], [9, 5]]] * 3), [3, 4]), A.max_pool1d_with_indices(y, 3, 2)[1]), f(1, 3, 7, 9), f(2, 3, 9))
case("max_unpool3d", lambda x: F.max_unpool3d(*F.max_pool3d(x, 2, return_indices=True), 2), f(1, 2, 4, 6, 4))
case("avg_pool", lambda x, y, z: (A.avg_pool2d(x, [3, 3], [2, 2], [1, 1]), A.avg_pool2d(x, 3, 2, 1, True, False), A.avg_pool2d(x, 2, divisor_override=3), A.avg_pool1d(y, 3, 2, 1), A.avg_pool3d(z, 2), A.avg_pool2d(x[0], 2)), f(1, 3, 8, 9), f(2, 3, 9), f(1, 2, 4, 6, 4))
case("adaptive_avg_pool", lambda x, y, z: (A.adaptive_avg_pool2d(x, [1, 1]), A.adaptive_avg_pool2d(x, [4, 3]), A.adaptive_avg_pool2d(x, [3, 5]), A.adaptive_avg_pool1d(y, 4), A._adaptive_avg_pool2d(x, [2, 2]), A.adaptive_avg_pool3d(z, [2, 3, 1]), A._adaptive_avg_pool3d(z, [1, 1, 1])), f(1, 3, 8, 9), f(2, 3, 9), f(1, 2, 4, 6, 4))
case("adaptive_max_pool", lambda x, y: (A.adaptive_max_pool2d(x, [4, 5])[0], A.adaptive_max_pool1d(y, 4)[0]), f(1, 3, 8, 9), f(2, 3, 9))

# Reductions.
case("sum", lambda x: (A.sum(x), A.sum.dim_IntList(x, [1]), A.sum.dim_IntList(x, [0, -1], True), A.sum.dim_IntList(x, []), A.mean(x), A.mean.dim(x, [1, 2]), A.mean.dim(x, [-1], True), A.prod(x), A.prod.dim_int(x, 1)), f(2, 3, 4))
case("sum/i64", lambda x: (A.sum(x), A.sum.dim_IntList(x, [1]), A.prod.dim_int(x, 1), A.mean(x, dtype=torch.float32), A.amax(x, [1]), A.cumsum(x, 0)), i(3, 4))
case("sum/bool", lambda x: (A.sum(x), A.sum.dim_IntList(x, [1]), A.any(x), A.all.dim(x, 1), A.cumsum(x, 1)), b(3, 4))
case("sum/f16", lambda x: (A.sum(x), A.mean.dim(x, [1]), A.amax(x, [0])), f(3, 40, **HALF))
case("extremes", lambda x: (A.amax(x, [1]), A.amin(x, [0, 1], True), A.max(x), A.min(x), A.max.dim(x, 1), A.min.dim(x, 0, True), A.argmax(x), A.argmax(x, 1), A.argmin(x, 0, True), A.aminmax(x, dim=1)), f(4, 5))
case("logic", lambda x: (A._is_all_true(x > -1), A._is_any_true(x > 1), A.any(x), A.any.dim(x, 1), A.all(x), A.all.dim(x, 0, True), A.any.dims(x, [0, 1]), A.all.dims(x, [0]), A.count_nonzero(x), A.count_nonzero.dim_IntList(x, [1])), torch.relu(f(4, 5)))
case("running", lambda x: (A.cumsum(x, 1), A.cumprod(x, 0), A.cumsum_(x.clone(), 0), A.logsumexp(x, [1]), A.logsumexp(x, [0, 1], True)), f(4, 5))
case("norms", lambda x: [A.linalg_vector_norm(x, o, [1], True) for o in (0, 1, 2, 3, math.inf, -math.inf)] + [A.norm.Scalar(x), A.norm.ScalarOpt_dim(x, 2, [1]), F.normalize(x)], f(4, 5))
case("variances", lambda x: (A.var(x), A.var.dim(x, [1]), A.var.correction(x, [0], correction=0), A.std(x), A.std.dim(x, [1], False), A.std.correction(x, [1], correction=1, keepdim=True), A.var_mean.correction(x, [1], correction=0), A.std_mean.correction(x, [0, 1]), A.var_mean(x), A.std_mean(x)), f(4, 5))
case("sorted", lambda x: (A.topk(x, 3), A.topk(x, 2, 0, False), A.sort(x), A.sort(x, 0, True), A.sort.stable(x, stable=True), A.argsort(x), A.argsort.stable(x, stable=True), A.kthvalue(x, 2), A.median(x), A.median.dim(x, 1)), f(4, 5))
case("quantile", lambda x: [A.quantile.scalar(x, 0.3, d, k, interpolation=n) for d, k, n in ((None, False, "linear"), (1, True, "lower"), (0, False, "higher"), (1, False, "nearest"), (0, True, "midpoint"))] + [A.quantile(x, torch.tensor([0.25, 1.0]), 1), A.quantile(x, torch.tensor(0.5), None, True)], f(4, 5))
case("statistics", lambda x: (A.nanmean(torch.log(x), [1]), A.nanmean(torch.log(x)), A.trapz.dx(x), A.trapezoid.dx(x, dx=2, dim=0), A.cummax(x, 1)[0], A.cummin(x, 0)[0], A.histc(x, 5, -1, 2), A.histc(x.round(), 4, -2, 2)), f(4, 5))
case("distances", lambda x, y: [A.cdist(x, y, p) for p in (0, 1, 2, 3, math.inf)] + [A.cdist(x, y[0]), A._cdist_forward(x, y, 2, None), A.pairwise_distance(x[:, :3], y), A.pairwise_distance(x[:, :3], y, 1, 1e-3, True)], f(2, 4, 5), f(2, 3, 5))
case("losses", lambda x, y: [A.mse_loss(x, y, r) for r in (0, 1, 2)] + [A.l1_loss(x, y), A.smooth_l1_loss(x, y), A.smooth_l1_loss(x, y, 0, 0.5), A.huber_loss(x, y, 2, 0.7)], f(4, 5), f(4, 5))
case("special functions", lambda x, y: (A.erfinv(y), A.special_entr(x), A.special_ndtr(x), A.logaddexp2(x, x + y), A.ldexp.Tensor(x, A.floor(y * 4)), A.float_power.Tensor_Scalar(y, 2.5).float(), A.float_power.Tensor_Tensor(y, x).float(), A.isclose(x, x * (1 + y * 2e-5)), A.isclose(A.log(x), A.log(x), equal_nan=True), A.rrelu(x)), f(4, 5), u(4, 5))
case("windows", lambda x: (x * A.bartlett_window(9), x * A.blackman_window(9), x * A.kaiser_window(9), x * A.kaiser_window.beta(9, False, 8.5), x * A.bartlett_window.periodic(9, False), x * A.blackman_window.periodic(9, False), x * A.kaiser_window.periodic(9, False)), f(9))

# Normalisations.
case("batch_norm", lambda x, w, c, m, v: (A.batch_norm(x, w, c, m, v, False, 0.1, 1e-5, True), A.batch_norm(x, None, None, m, v, False, 0.1, 1e-3, True), A._native_batch_norm_legit_no_training(x, w, c, m, v, 0.1, 1e-5)[0]), f(2, 3, 4, 5), f(3), f(3), f(3), u(3))
case("batch_norm by the input's statistics", lambda x, w: A.batch_norm(x, w, None, None, None, True, 0.0, 1e-5, True), f(1, 3, 20), f(3))
case("layer_norm", lambda x, w, c: (A.layer_norm(x, [5], w, c), A.layer_norm(x, [5]), A.layer_norm(x, [4, 5]), A.native_layer_norm(x, [5], w, c, 1e-5), A.rms_norm(x, [5], w, 1e-6), A.rms_norm(x, [5])), f(3, 4, 5), f(5), f(5))
case("layer_norm/f16", lambda x, w: A.layer_norm(x, [5], w), f(3, 4, 5, **HALF), f(5, **HALF))
case("group_norm", lambda x, w, c: (A.group_norm(x, 3, w, c), A.group_norm(x, 2), A.native_group_norm(x, w, c, 2, 6, 20, 3, 1e-5)[0], A.instance_norm(x, w, c, None, None, True, 0.1, 1e-5, True)), f(2, 6, 4, 5), f(6), f(6))
case("instance_norm tracked", lambda x, m, v: A.instance_norm(x, None, None, m, v, False, 0.1, 1e-5, True), f(2, 6, 4), f(6), u(6))
case("cosine_similarity", lambda x, y: A.cosine_similarity(x, y, 1), f(3, 4), f(3, 4))
case("weight_norm", lambda v, g: (A._weight_norm(v, g[:, :1, :1]), A._weight_norm(v, g[:1, :, :1], 1), A._weight_norm_interface(v, g[:1, :1], 2)[0]), f(4, 3, 5), f(4, 3, 5))


def product_with_turned(x):
    """An elementwise product is computed in the place of `size`, which is as long as no vector."""
    x = x.view(1, 5, 5, 2).transpose(1, 2)
    size, state, steps = (x * x).sum(-1).sqrt(), 0, []
    for at in range(5):
        state = torch.tanh(size[:, :, at] + state * 0.5)
        steps.append(state)
    product = size * torch.stack(steps, 1).transpose(1, 2)
    return torch.stack([product * x[..., 0].cos(), product * x[..., 0].sin()], -1)


case("a product in place with what is turned", product_with_turned, f(1, 50))

# Indices.
case("embedding", lambda w, x: A.embedding(w, x), f(10, 4), i(2, 3, low=0, high=10))
case("gathers", lambda x, n, j: (A.gather(x, 1, n), A.index_select(x, 0, j), A.take_along_dim(x, n, 1), A.take(x, n)), f(4, 5), i(4, 3, low=0, high=5), i(6, low=0, high=4))
case("index", lambda x, a, c: (x[a], x[:, a], x[a, c], x[a, :, c], x[:, a, c], x[a[:, None], c], x[..., c], A._unsafe_index.Tensor(x, [a])), f(4, 5, 6), i(3, low=-4, high=4), i(3, low=0, high=4))
case("index by a known mask", lambda x: x[:, torch.tensor([True, False, True])], f(4, 3))
case("index_put", lambda x, a, c, y: (A.index_put(x, [a], y[:, :5]), A.index_put(x, [a, c], y[:, 0]), A.index_put(x, [None, c], y[0, :3]), A.index_put(x, [a], y[:, :5], True), A.index_put_(x.clone(), [a, c], y[0, 0]), A._unsafe_index_put(x, [a], y[:, :5])), f(4, 5), torch.tensor([2, 0, 3]), torch.tensor([1, 4, 2]), f(3, 6))
case("index_put by a mask", lambda x, m: (A.index_put(x, [m], torch.tensor(3.0)), A.index_put(x, [m[:, 0]], torch.tensor(1.0))), f(4, 5), b(4, 5))
case("index slices", lambda x, n, y: (A.index_copy(x, 0, n, y), A.index_add(x, 0, n, y, alpha=2), A.index_fill.int_Scalar(x, 1, n, 7), A.index_copy_(x.clone(), 0, n, y), A.index_add_(x.clone(), 0, n, y), A.index_fill.int_Tensor(x, 0, n, torch.tensor(2.0)), A.index_fill_.int_Scalar(x.clone(), 0, n, 3)), f(5, 6), torch.tensor([4, 0, 2]), f(3, 6))
case("scatters", lambda x, n, y: (A.scatter.src(x, 1, n, y), A.scatter.value(x, 1, n, 5.0), A.scatter_add(x, 1, n, y), A.scatter.reduce(x, 1, n, y, reduce="add"), A.scatter.value_reduce(x, 1, n, 2.0, reduce="multiply"), A.scatter_.src(x.clone(), 1, n, y), A.scatter_.value(x.clone(), 1, n, 1), A.scatter_add_(x.clone(), 1, n, y)), f(3, 6), torch.tensor([[0, 3, 5], [1, 2, 4], [5, 0, 1]]), f(3, 4))
case("scatter_reduce", lambda x, n, y: [A.scatter_reduce.two(x, 0, n, y, r, include_self=s) for r in ("sum", "prod", "amax", "amin", "mean") for s in (True, False)] + [A.scatter_reduce_.two(x.clone(), 0, n, y, "sum")], f(3, 6), i(5, 6, low=0, high=3), f(5, 6))
case("one_hot", lambda x: A.one_hot(x, 5), i(2, 3, low=0, high=5))
case("masked_scatter", lambda x, m, y: (A.masked_scatter(x, m, y), A.masked_scatter(x, m[0], y.flatten()), A.masked_scatter_(x.clone(), m, y)), f(4, 5), b(4, 5), f(5, 4))
case("triangle indices", lambda x: (x[tuple(A.tril_indices(4, 5))], x[tuple(A.triu_indices(4, 5, 1))], A.tril_indices(3, 4, -1, dtype=torch.int32) + x[0, 0].int()), f(4, 5))
case("embedding_bag", lambda w, x, o, s: [A.embedding_bag.padding_idx(w, x, o, False, m, False, None, False, p)[0] for m in (0, 1, 2) for p in (None, 2)] + [A._embedding_bag(w, x, torch.tensor([0, 3, 6]), False, m)[0] for m in (0, 1, 2)] + [A.embedding_bag(w, x, o, per_sample_weights=s)[0], A._embedding_bag_forward_only(w, x, o, include_last_offset=True)[0]], f(10, 4), i(9, low=0, high=4), torch.tensor([0, 2, 2, 7]), f(9))
case("bucketize", lambda x, c: (A.bucketize.Tensor(x, c), A.bucketize.Tensor(x, c, right=True), A.searchsorted.Tensor(c, x), A.searchsorted.Scalar(c, 0.3), A.bucketize.Scalar(0.3, c, out_int32=True)), f(3, 4), torch.tensor([-1.0, 0.0, 0.5, 1.0]))

# Resampling.
case("nearest", lambda x, y, z: (A.upsample_nearest2d.vec(x, [7, 9], None), A.upsample_nearest2d.vec(x, None, [2.0, 1.5]), A.upsample_nearest2d(x, [8, 10]), A.upsample_nearest1d(y, [11]), A.upsample_nearest1d.vec(y, None, [2.0]), A.upsample_nearest3d(z, [4, 6, 5]), A.upsample_nearest3d.vec(z, None, [2.0, 2.0, 2.0])), f(1, 2, 4, 5), f(1, 2, 5), f(1, 2, 2, 3, 4))
case("nearest exact", lambda x, y: (A._upsample_nearest_exact2d.vec(x, [7, 9], None), A._upsample_nearest_exact2d(x, [3, 2]), A._upsample_nearest_exact1d(y, [8]), A._upsample_nearest_exact1d.vec(y, [3], None)), f(1, 2, 4, 5), f(1, 2, 5))
case("linear resize", lambda x, y, z: (A.upsample_bilinear2d.vec(x, [7, 9], False, None), A.upsample_bilinear2d.vec(x, None, True, [2.0, 1.5]), A.upsample_bilinear2d(x, [3, 2], False), A.upsample_linear1d(y, [8], True), A.upsample_linear1d.vec(y, None, False, [1.7]), A.upsample_trilinear3d(z, [4, 5, 6], False), A.upsample_trilinear3d.vec(z, [3, 3, 3], True, None)), f(1, 2, 4, 5), f(1, 2, 5), f(1, 2, 2, 3, 4))
case("bicubic", lambda x: (A.upsample_bicubic2d.vec(x, [7, 9], False, None), A.upsample_bicubic2d(x, [9, 11], True), A._upsample_bicubic2d_aa.vec(x, [3, 2], False, None), A._upsample_bicubic2d_aa(x, [7, 9], False), A._upsample_bilinear2d_aa(x, [3, 2], False), A._upsample_bilinear2d_aa.vec(x, [2, 7], False, None)), f(1, 2, 4, 5))
case("grid_sampler", lambda x, g: [A.grid_sampler_2d(x, g, m, p, a) for m in (0, 1, 2) for p in (0, 1, 2) for a in (False, True)] + [A.grid_sampler(x, g, 0, 0, False)], f(1, 2, 5, 6), f(1, 3, 4, 2, low=-1.2, high=1.2))
case("grid_sampler_3d", lambda x, g: A.grid_sampler_3d(x, g, 0, 0, False), f(1, 2, 3, 4, 5), f(1, 2, 2, 3, 3, low=-1.1, high=1.1))
case("affine_grid", lambda t, v: (A.affine_grid_generator(t, [2, 3, 4, 5], False), A.affine_grid_generator(v, [1, 2, 3, 4, 5], False)), f(2, 2, 3), f(1, 3, 4))

# Fourier transforms.
case("stft", lambda x: [torch.stft(x, 16, 4, window=torch.hann_window(16), center=c, return_complex=True).abs() ** 2 for c in (True, False)], f(2, 50))
case("stft parts", lambda x: (lambda s: (torch.view_as_real(s), s.real[:-1], s[:, 1:].imag, s.transpose(0, 1).unsqueeze(0).abs()))(torch.stft(x, 12, 3, 10, torch.hamming_window(10), normalized=True, return_complex=True)), f(40))
case("rfft", lambda x: (torch.fft.rfft(x).abs(), torch.view_as_real(torch.fft.rfft(x, 7, 0, "ortho")), torch.fft.irfft(torch.fft.rfft(x)), torch.fft.irfft(torch.fft.rfft(x, n=9), n=9, norm="forward")), f(5, 10))
case("fft", lambda x, y: [torch.view_as_real(g(x)) for g in (torch.fft.fft, lambda x: torch.fft.fft(x, 6, 0), torch.fft.fft2, torch.fft.rfft2, lambda x: torch.fft.rfft2(x, (4, 9), norm="ortho"), lambda x: torch.fft.fftn(x, dim=(0, 1)))]
     + [torch.view_as_real(g(torch.complex(x, y))) for g in (torch.fft.fft, torch.fft.ifft, lambda x: torch.fft.ifft2(x, norm="forward"), torch.fft.ifftn)], f(2, 5, 8), f(2, 5, 8))
case("irfft2", lambda x: (torch.fft.irfft2(torch.fft.rfft2(x)), torch.fft.irfft2(torch.fft.rfft2(x, norm="ortho"), (5, 9), norm="ortho"), torch.fft.irfftn(torch.fft.rfftn(x, dim=(0, 2)), dim=(0, 2)).sum(-1)), f(4, 5, 9))
case("istft", lambda x: (lambda w: [torch.istft(torch.stft(x, 16, 4, window=w, return_complex=True, **o) * 0.5, 16, 4, window=w, length=n, **o) for o, n in (({}, None), ({"normalized": True}, 47), ({"onesided": False}, 60))])(torch.hann_window(16) + 0.1), f(2, 50))
case("istft of a narrower window", lambda x: torch.istft(torch.stft(x, 12, 3, 10, torch.hamming_window(10), return_complex=True), 12, 3, 10, torch.hamming_window(10)), f(39))

# Complex numbers.
C = torch.complex(f(4, 5), f(4, 5))
case("complex", lambda x, y: (lambda z, w: [torch.view_as_real(v) for v in (z * w, z + w, z - w, z / w, z * x, x * z, z + x, z - y, x - z, z / y, y / z, z * 2, z / 4, z + 3, -z, z.conj() * w, z.sub(w, alpha=2), z.clone().mul_(w))])(torch.complex(x, y), torch.complex(y, x[0] + 3)), f(4, 5, low=0.5), f(4, 5, low=0.5))
case("complex parts", lambda x, y: (torch.angle(torch.complex(x, y)), torch.angle(x), torch.polar(x, y).real, torch.complex(x, y).conj().imag, torch.conj_physical(torch.complex(x, y)).imag), f(4, 5), f(4, 5))
case("complex arrangements", lambda x, y, n: (lambda z, w: [torch.view_as_real(v) for v in (torch.cat([z, w]), torch.cat([z, x.cfloat()], -1), torch.stack([z, w], -1), z.flip(-1), z.roll(2, 1), z[n], z[:, n], z.index_select(1, n), z.sum(), z.sum(-1), z.mean(0, True), torch.where(x > 0, z, w), F.pad(z, (1, 2)), z.repeat(2, 1), z.gather(1, n.expand(4, 3)), torch.zeros_like(z) + w, torch.exp(z))])(torch.complex(x, y), torch.complex(y, x)), f(4, 5), f(4, 5), torch.tensor([2, 0, 3]))
case("complex products", lambda x, y, v: (lambda z, w: [torch.view_as_real(v) for v in (z @ w, torch.einsum("ij,jk->ik", z, w), torch.einsum("ij,jk->ki", z, v.cfloat()), torch.bmm(z[None], w[None]), z.mm(w))])(torch.complex(x, y), torch.complex(y.T, x.T)), f(4, 5), f(4, 5), f(5, 3))


def fourier_layer(x, w):
    y = torch.fft.rfft2(x)
    z = torch.zeros(1, 4, 8, 5, dtype=torch.cfloat)
    z[:, :, :3, :2] = torch.einsum("bixy,ioxy->boxy", y[:, :, :3, :2], torch.view_as_complex(w))
    z[:, :, -3:, :2] = y[:, :1, -3:, :2] * 2
    return torch.fft.irfft2(z, s=(8, 8))


case("spectral convolution", fourier_layer, f(1, 2, 8, 8), f(2, 4, 3, 2, 2))
case("complex weights", lambda x: torch.view_as_real(torch.view_as_complex(x.view(3, 5, 2)) * C[:3] * C.T[:, 1:2].T), f(3, 10))

# Recurrent layers.
def layer(kind, **options):
    torch.manual_seed(3)
    return kind(5, 6, **options).eval()


for kind in (torch.nn.GRU, torch.nn.LSTM, torch.nn.RNN):
    name = kind.__name__
    case(name, layer(kind), f(7, 2, 5))
    case(f"{name} batch first, 2 layers, both ways", layer(kind, batch_first=True, num_layers=2, bidirectional=True), f(2, 7, 5))
    case(f"{name} without a bias", layer(kind, bias=False), f(7, 2, 5))
    case(f"{name} without a batch", layer(kind), f(7, 5))
case("RNN relu", layer(torch.nn.RNN, nonlinearity="relu"), f(7, 2, 5))
case("LSTM projected", layer(torch.nn.LSTM, proj_size=3, num_layers=2, bidirectional=True), f(7, 2, 5))
case("LSTM projected from a state", lambda x, h, c, m=layer(torch.nn.LSTM, proj_size=3, batch_first=True): torch.func.functional_call(m, {k: v.detach() for k, v in m.named_parameters()}, (x, (h, c))), f(2, 7, 5), f(1, 2, 3), f(1, 2, 6))
case("cells", lambda x, h, c, w, r, p, q: (A.gru_cell(x, h, w[:18], r[:18], p[:18], q[:18]), A.lstm_cell(x, [h, c], w, r, p, q), A.rnn_tanh_cell(x, h, w[:6], r[:6], p[:6], q[:6]), A.rnn_relu_cell(x, h, w[:6], r[:6])), f(2, 5), f(2, 6), f(2, 6), f(24, 5), f(24, 6), f(24), f(24))

# Control flow and numbers.
def loops(x):
    def more(i, x):
        return i < 4

    def step(i, x):
        return i + 1, x * 1.5 + i

    return torch.ops.higher_order.while_loop(more, step, (torch.tensor(0), x), ())


case("cond", lambda x: torch.cond(x.sum() > 0, lambda x: x.sin(), lambda x: x.cos() + 1, (x,)), f(3, 4))
case("while_loop", loops, f(3))

def carried(c, x):
    y = c * 0.5 + x
    return y, y * 2


case("scan", lambda c, x: torch._higher_order_ops.scan(carried, c, x, dim=0), f(3), f(5, 3))
case("map", lambda x, y: torch._higher_order_ops.map(lambda x, y: x.sin() + y, x, y), f(4, 3), f(3))


def without_autocast(x):
    with torch.autocast("cpu", enabled=False):
        return (x.half() @ x.half().T).float() * 2


case("autocast", without_autocast, f(3, 4))
case("item", lambda x, y: (x * y.sum().item(), torch.full((2,), y.max().item())), f(3), f(4))
case("fake_quantize", lambda x, s, z: (A.fake_quantize_per_tensor_affine(x, 0.1, 3, -10, 10), A.fake_quantize_per_channel_affine(x, s, z, 1, -128, 127)), f(3, 4), u(4), torch.tensor([0, 1, -2, 5], dtype=torch.int32))


def quantized(x, s, z):
    q = torch.ops.quantized_decomposed
    y = q.quantize_per_tensor(x, 0.05, 3, -128, 127, torch.int8)
    w = q.quantize_per_channel(x, s, z, 1, -127, 127, torch.int8)
    t = q.quantize_per_tensor.tensor(x, torch.tensor(0.02), torch.tensor(100), 0, 255, torch.uint8)
    return (y, q.dequantize_per_tensor(y, 0.05, 3, -128, 127, torch.int8), w, q.dequantize_per_channel(w, s, z, 1, -127, 127, torch.int8), t,
            q.dequantize_per_tensor.tensor(t, torch.tensor(0.02), torch.tensor(100), 0, 255, torch.uint8))  # fmt: skip


case("quantized_decomposed", quantized, f(3, 4), u(4) / 10, torch.tensor([0, 1, -2, 5]))


def by_token(x):
    q = torch.ops.quantized_decomposed
    s, z = q.choose_qparams_per_token_asymmetric(x, torch.int8)
    y = q.quantize_per_token(x, s, z, -128, 127, torch.int8)
    return s, z, y, q.dequantize_per_token(y, s, z, -128, 127, torch.int8, torch.float32)


def by_token_evenly(x):
    q = torch.ops.quantized_decomposed
    s, z = q.choose_qparams_per_token(x, torch.int8)  # of other types than the export says: not compared
    y = q.quantize_per_token(x, s, z, -128, 127, torch.int8)
    return y, q.dequantize_per_token(y, s, z, -128, 127, torch.int8, torch.float32)


def by_group(x, s, z):
    q = torch.ops.quantized_decomposed
    y = q.quantize_per_channel_group(x, s, z, -8, 7, torch.int8, 4)
    return y, q.dequantize_per_channel_group(y, s, z, -8, 7, torch.int8, 4, torch.float32)


case("quantized per token", by_token, f(2, 3, 8))
case("quantized per token evenly", by_token_evenly, f(2, 3, 8))
case("quantized per group", by_group, f(3, 8), u(3, 2) / 4 + 0.1, torch.tensor([[0, 1], [-2, 3], [0, 0]], dtype=torch.int32))
case("fake_quant_per_channel", lambda x, s, z: torch.ops.quantized_decomposed.fake_quant_per_channel(x, s, z, 1, -128, 127), f(3, 4), u(4) / 10, torch.tensor([0, 1, -2, 5], dtype=torch.int32))
case("convert_element_type", lambda x: torch.ops.quantized_decomposed.convert_element_type.no_fuse(x, torch.float16), f(3, 4))


def by_block(block, mapping="ASYMMETRIC", low=-128, high=127, to=torch.int8, eps=None, scale=None, zero=torch.int8, keep=False):
    def function(x):
        q = torch.ops.torchao
        s, z = q.choose_qparams_affine(x, mapping, block, to, low, high, eps, scale, zero, keep)
        y = q.quantize_affine(x, block, s, z, to, low, high)
        return s, z, y, q.dequantize_affine(y, block, s, z, to, low, high)

    return function


case("torchao per token", by_block([1, 1, 8]), f(2, 3, 8))
case("torchao per token kept", by_block([1, 8], "SYMMETRIC", eps=1e-7, scale=torch.float32, keep=True), f(3, 8))
case("torchao per tensor", by_block([3, 8], to=torch.uint8, low=None, high=None, zero=None), f(3, 8))
case("torchao per group", by_block([1, 4], "SYMMETRIC", -8, 7), f(3, 8))
case("torchao no clipping", by_block([2, 4], "SYMMETRIC_NO_CLIPPING_ERR", -8, 7, keep=True), f(4, 8))
case("torchao no type", by_block([1, 8], "SYMMETRIC", zero=None), f(3, 8))
case("torchao int16", by_block([3, 8], to=torch.int16, low=None, high=None, zero=torch.int16), f(3, 8))
case("torchao of ones", by_block([1, 1, 4], keep=True), f(1, 3, 4))
case("torchao known", lambda x, s=torch.tensor([[0.1], [0.2], [0.3]]): torch.ops.torchao.quantize_affine(x, [1, 4], s, torch.tensor([0, 3, -1]), torch.int8, -8, 7), f(3, 4))
case("torchao no zero", lambda x, s: torch.ops.torchao.dequantize_affine(x, [1, 2], s, None, torch.int8, -8, 7), i(3, 4, low=-8, high=8, dtype=torch.int8), u(3, 2))
case("torchao half", lambda x, s: torch.ops.torchao.dequantize_affine(x, [1, 2], s, None, torch.int8, output_dtype=torch.bfloat16), i(3, 4, low=-8, high=8, dtype=torch.int8), u(3, 2))
