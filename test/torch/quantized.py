#!/usr/bin/env python3
"""Networks that torchao quantized, through edgec and beside torch.

    python test/torch/quantized.py --filter 'mlp.*'

Weights of `quantize_`, unwrapped before the export, and programs of PT2E (`prepare_pt2e`, `convert_pt2e`). Outputs are
within 1e-4 of torch's range; where roundings of activations stand between two layers, within one step of 8 bits, as a
sum in another order may round to the neighbour. Constants have to be stored as the integers that they are: each network
says how large a part of the float network's they may be, and, where its layers have to work on integers, of its arena.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import pathlib
import re
import sys
import tempfile
import time
import typing
import warnings

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

import torch  # noqa: E402
import torchao.quantization as ao  # noqa: E402
import torchao.quantization.pt2e.quantizer.arm_inductor_quantizer as arm  # noqa: E402
import torchao.quantization.pt2e.quantizer.x86_inductor_quantizer as x86  # noqa: E402
from common import edgec, tensors  # noqa: E402
from torch import nn  # noqa: E402
from torchao.quantization import pt2e  # noqa: E402
from torchao.quantization.pt2e import quantize_pt2e  # noqa: E402
from torchao.testing.pt2e import _xnnpack_quantizer as xnnpack  # noqa: E402
from torchao.utils import unwrap_tensor_subclass  # noqa: E402
import reference  # noqa: E402

STEP = 1 / 127 / reference.TOLERANCE  # of 8 bits, as a part of what is allowed else


class Dense(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(128, 256), nn.Linear(256, 64, bias=False)

    def forward(self, x):
        return self.second(torch.relu(self.first(x)))


class Block(nn.Module):
    """One of Llama, without its rotations."""

    def __init__(self, width=128, heads=4):
        super().__init__()
        self.heads = heads
        self.before, self.between = nn.RMSNorm(width), nn.RMSNorm(width)
        self.q, self.k, self.v, self.o = (nn.Linear(width, width, bias=False) for _ in range(4))
        self.gate, self.up = nn.Linear(width, 2 * width, bias=False), nn.Linear(width, 2 * width, bias=False)
        self.down = nn.Linear(2 * width, width, bias=False)

    def forward(self, x):
        y = self.before(x)
        q, k, v = (part(y).unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in (self.q, self.k, self.v))
        y = nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.o(y.transpose(1, 2).flatten(2))
        y = self.between(x)
        return x + self.down(nn.functional.silu(self.gate(y)) * self.up(y))


class Words(nn.Module):
    def __init__(self):
        super().__init__()
        self.words, self.out = nn.Embedding(100, 128), nn.Linear(128, 100)

    def forward(self, x):
        return self.out(self.words(x))


class Convolutional(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU())
        self.depthwise = nn.Sequential(nn.Conv2d(16, 16, 3, padding=1, groups=16, bias=False), nn.BatchNorm2d(16), nn.ReLU6())
        self.pointwise = nn.Sequential(nn.Conv2d(16, 16, 1), nn.BatchNorm2d(16))
        self.out = nn.Linear(32, 10)

    def forward(self, x):
        x = self.stem(x)
        y = self.pointwise(self.depthwise(x))
        x = torch.relu(x + y)
        x = torch.cat([nn.functional.max_pool2d(x, 2), nn.functional.avg_pool2d(y, 2)], 1)
        return self.out(nn.functional.adaptive_avg_pool2d(x, 1).flatten(1))


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer, self.out = nn.LSTM(32, 48, batch_first=True), nn.Linear(48, 8)

    def forward(self, x):
        return self.out(self.layer(x)[0])


NETWORKS = {
    "dense": (Dense, lambda: torch.randn(4, 128)),
    "block": (Block, lambda: torch.randn(1, 8, 128)),
    "encoder": (lambda: nn.TransformerEncoderLayer(128, 4, 256, batch_first=True), lambda: torch.randn(1, 8, 128)),
    "words": (Words, lambda: torch.randint(0, 100, (1, 6))),
    "convolutional": (Convolutional, lambda: torch.randn(2, 3, 16, 16)),
    "recurrent": (Recurrent, lambda: torch.randn(1, 6, 32)),
}  # fmt: skip


def make(name: str) -> nn.Module:
    torch.manual_seed(3)
    module = NETWORKS[name][0]().eval()
    for part in module.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.running_mean.normal_(0, 0.1)
            part.running_var.uniform_(0.5, 1.5)
    return module


def weights(config: typing.Callable, unwrapped: bool = True):
    """`quantize_` by a configuration, which also takes embeddings where they are."""

    def quantize(name: str, x: torch.Tensor) -> nn.Module:
        kinds = (nn.Linear, nn.Embedding) if name == "words" else (nn.Linear,)
        module = make(name)
        ao.quantize_(module, config(), lambda part, _: type(part) in kinds)
        return unwrap_tensor_subclass(module) if unwrapped else module

    return quantize


def program(quantizer: typing.Callable, trained: bool = False):
    """PT2E, with ranges from four random inputs."""

    def quantize(name: str, x: torch.Tensor) -> nn.Module:
        module = torch.export.export(make(name), (x,)).module()
        prepare = quantize_pt2e.prepare_qat_pt2e if trained else quantize_pt2e.prepare_pt2e
        module = prepare(module, quantizer())
        for _ in range(4):
            module(NETWORKS[name][1]())
        if trained:
            pt2e.move_exported_model_to_eval(module)
        return quantize_pt2e.convert_pt2e(module)

    return quantize


def xnn(**options):
    return lambda: xnnpack.XNNPACKQuantizer().set_global(xnnpack.get_symmetric_quantization_config(**options))


def inductor(module, kind: str, **options):
    config = getattr(module, f"get_default_{kind}_inductor_quantization_config")(**options)
    return lambda: getattr(module, f"{kind.capitalize()}InductorQuantizer")().set_global(config)


def intx(bits: int, granularity, **options):
    return lambda: ao.IntxWeightOnlyConfig(getattr(torch, f"int{bits}"), granularity, **options)


def dynamic(bits: int, granularity, **options):
    return lambda: ao.Int8DynamicActivationIntxWeightConfig(getattr(torch, f"int{bits}"), granularity, **options)


GROUP, AXIS, Mapping = ao.PerGroup(32), ao.PerAxis(0), ao.MappingType
BOTH = (False, True)


@dataclasses.dataclass
class Case:
    network: str
    kind: str
    quantize: typing.Callable
    constants: float  # the largest part of the float network's
    arena: float = 2.0  # the same
    allowed: float = 1.0  # of reference.TOLERANCE
    dialects: tuple[bool, ...] = (False,)  # whether after run_decompositions()


CASES = [
    Case("dense", "int8 weights", weights(ao.Int8WeightOnlyConfig), 0.28, dialects=BOTH),
    Case("dense", "int8 weights in groups", weights(lambda: ao.Int8WeightOnlyConfig(granularity=GROUP)), 0.40, dialects=BOTH),
    Case("dense", "int8 dynamic", weights(ao.Int8DynamicActivationInt8WeightConfig), 0.28, 1.3, dialects=BOTH),
    Case("dense", "int8 dynamic, asymmetric", weights(lambda: ao.Int8DynamicActivationInt8WeightConfig(act_mapping_type=Mapping.ASYMMETRIC)), 0.28),
    Case("dense", "int8 dynamic, per tensor", weights(lambda: ao.Int8DynamicActivationInt8WeightConfig(granularity=ao.PerTensor())), 0.28),
    Case("dense", "int4 weights in groups", weights(intx(4, GROUP)), 0.17, dialects=BOTH),
    Case("dense", "int4 weights, short scales", weights(intx(4, GROUP, scale_dtype=torch.bfloat16)), 0.15),
    Case("dense", "int4 weights with zero points", weights(intx(4, GROUP, mapping_type=Mapping.ASYMMETRIC)), 0.40, dialects=BOTH),
    Case("dense", "int4 weights per row", weights(intx(4, AXIS, mapping_type=Mapping.SYMMETRIC_NO_CLIPPING_ERR)), 0.15, dialects=BOTH),
    Case("dense", "int2 weights in groups", weights(intx(2, GROUP)), 0.17),
    Case("dense", "int8 weights per row", weights(intx(8, AXIS)), 0.28, dialects=BOTH),
    Case("dense", "dynamic, int4 weights in groups", weights(dynamic(4, GROUP)), 0.17, dialects=BOTH),
    Case("block", "int8 weights", weights(ao.Int8WeightOnlyConfig), 0.28),
    Case("block", "int8 dynamic", weights(ao.Int8DynamicActivationInt8WeightConfig), 0.28, allowed=STEP),
    Case("block", "int4 weights in groups", weights(intx(4, GROUP)), 0.17),
    Case("block", "dynamic, int4 weights in groups", weights(dynamic(4, GROUP)), 0.17, allowed=STEP, dialects=BOTH),
    Case("encoder", "int8 weights", weights(ao.Int8WeightOnlyConfig), 0.64),
    Case("encoder", "int4 weights in groups", weights(intx(4, GROUP)), 0.59),
    Case("words", "int4 weights in groups", weights(intx(4, GROUP)), 0.65),
    Case("dense", "XNNPACK", program(xnn(is_per_channel=True)), 0.28, 0.5, STEP, BOTH),
    Case("dense", "XNNPACK dynamic", program(xnn(is_per_channel=True, is_dynamic=True)), 0.28, allowed=STEP, dialects=BOTH),
    Case("convolutional", "XNNPACK", program(xnn(is_per_channel=True)), 0.6, 0.55, STEP, BOTH),
    Case("convolutional", "XNNPACK per tensor", program(xnn()), 0.6, 0.55, STEP),
    Case("convolutional", "XNNPACK trained", program(xnn(is_per_channel=True, is_qat=True), True), 0.6, 0.55, STEP),
    Case("encoder", "XNNPACK", program(xnn(is_per_channel=True)), 0.5, allowed=STEP),
    Case("recurrent", "XNNPACK", program(xnn(is_per_channel=True)), 1.0, allowed=STEP),
    Case("dense", "x86", program(inductor(x86, "x86")), 0.28, 0.5, STEP),
    Case("convolutional", "x86", program(inductor(x86, "x86")), 0.6, allowed=STEP),
    Case("dense", "Arm dynamic", program(inductor(arm, "arm", is_dynamic=True)), 0.28, allowed=STEP),
]  # fmt: skip


def export(module: nn.Module, x: torch.Tensor, core: bool, path: pathlib.Path) -> torch.export.ExportedProgram:
    exported = torch.export.export(module, (x,))
    exported = exported.run_decompositions() if core else exported
    torch.export.save(exported, path)
    return exported


def sizes(binary: str, path: pathlib.Path, work: pathlib.Path, timeout: float) -> tuple[int, int]:
    """Bytes of constants and of the arena."""
    result = edgec.invoke(binary, ["compile", path, "-o", work / "out", "--name=m"], timeout=timeout)
    if result.crash or result.code:
        raise reference.Crashed(result.crash or edgec.reason(result.stderr))
    manifest = json.loads((work / "out" / "m.json").read_text())
    return manifest["constant_bytes"], manifest["ram_bytes"]


def check(case: Case, core: bool, binary: str, work: pathlib.Path, timeout: float) -> str:
    """What there is to say; an exception otherwise."""
    torch.manual_seed(5)
    x = NETWORKS[case.network][1]()
    module = case.quantize(case.network, x)
    want = torch.utils._pytree.tree_leaves(module(x))
    exported = export(module, x, core, work / "m.pt2")
    got = reference.run(binary, work / "m.pt2", reference.flat_inputs(exported), [x], 1, work / "run", timeout)
    error = reference.distance(want, got)[0]
    if not error <= case.allowed:
        raise tensors.Mismatch(f"{error:.1f} times as far as allowed, of {case.allowed:.1f}")
    export(make(case.network), x, False, work / "float.pt2")
    floats = sizes(binary, work / "float.pt2", work, timeout)
    parts = [a / b for a, b in zip(sizes(binary, work / "m.pt2", work, timeout), floats)]
    for part, most, what in zip(parts, (case.constants, case.arena), ("constants", "arena")):
        if not part <= most:
            raise tensors.Mismatch(f"{what} are {part:.3f} of the float network's, not {most}")
    return f"error {error:6.3f}, constants {parts[0]:.3f}, arena {parts[1]:.3f}"


def check_wrapped(binary: str, work: pathlib.Path, timeout: float) -> str:
    """Weights that are tensor subclasses are refused, with what to do."""
    x = NETWORKS["dense"][1]()
    export(weights(ao.Int8WeightOnlyConfig, unwrapped=False)("dense", x), x, False, work / "m.pt2")
    result = edgec.invoke(binary, ["compile", work / "m.pt2", "-o", work / "out"], timeout=timeout)
    if result.code != 1 or "unwrap_tensor_subclass" not in result.stderr:
        raise tensors.Mismatch(f"weights that aren't unwrapped: {edgec.reason(result.stderr)}")
    return "refused"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--edgec", help="the binary (default: $EDGEC, then the newest build)")
    parser.add_argument("--filter", default="", metavar="REGEX", help="only cases whose name matches")
    parser.add_argument("--timeout", type=float, default=300.0, metavar="SECONDS", help="for one run of edgec")
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    torch.set_grad_enabled(False)
    torch.set_num_threads(1)
    binary = edgec.find(options.edgec)
    todo: list[tuple[str, typing.Callable]] = [("dense: not unwrapped", check_wrapped)]
    for case in CASES:
        for core in case.dialects:
            name = f"{case.network}: {case.kind}{' (core)' if core else ''}"
            todo.append((name, lambda *rest, case=case, core=core: check(case, core, *rest)))
    counts = {"passed": 0, "failed": 0}
    for name, function in todo:
        if not re.search(options.filter, name):
            continue
        begin = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="edgec-torch-") as temporary:
            try:
                status, text = "passed", function(binary, pathlib.Path(temporary), options.timeout)
            except (reference.Refused, reference.Crashed, tensors.Mismatch) as problem:
                status, text = "failed", f"{type(problem).__name__}: {problem}"
        counts[status] += 1
        print(f"{status:8} {name:48} {time.monotonic() - begin:5.1f} s  {text}", flush=True)
    print(", ".join(f"{n} {status}" for status, n in counts.items()))
    return 0 if counts["passed"] and not counts["failed"] else 1


if __name__ == "__main__":
    sys.exit(main())
