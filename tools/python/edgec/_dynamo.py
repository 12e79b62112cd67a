"""The backend of torch.compile: a graph of Dynamo's is exported, compiled and called."""

from __future__ import annotations

import dataclasses
import threading
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch.export import ExportedProgram

from ._compile import compile
from ._errors import CompileError, EdgecError
from ._model import Model

# Compilations of one graph, for other shapes or changed weights, before it is left to PyTorch.
_MOST_COMPILATIONS = 8


class FallbackWarning(UserWarning):
    """A graph is left to PyTorch."""


@dataclasses.dataclass(frozen=True)
class Options:
    """What torch.compile's `options` may have."""

    fallback: bool = True  #: leave to PyTorch what edgec can't compile; False: raise
    options: Sequence[str] = ()  #: more of what `edgec compile` takes: ["--fast-conv"]

    @staticmethod
    def read(given: Mapping[str, Any] | None) -> Options:
        known = {field.name for field in dataclasses.fields(Options)}
        for name in given or {}:
            if name not in known:
                raise ValueError(f"backend edgec has no option '{name}'; it has {', '.join(sorted(known))}")
        return Options(**(given or {}))


def edgec_backend(
    graph: torch.fx.GraphModule,
    example_inputs: Sequence[Any],
    *,
    options: Mapping[str, Any] | None = None,
    mode: str | None = None,
) -> Callable[..., Any]:
    """The backend as torch.compile calls it. The graph is compiled when it is called: its inputs are known then."""
    if mode not in (None, "default"):
        raise ValueError(f"backend edgec has no mode '{mode}'; leave it out")
    return _CompiledGraph(graph, Options.read(options))


class _Refusal(Exception):
    """Why a graph is left to PyTorch."""


class _Bound(torch.nn.Module):
    """A graph of tensors: its weights are buffers, and its numbers constants."""

    def __init__(self, graph: torch.fx.GraphModule, names: Sequence[str], args: Sequence[Any], free: Sequence[int]):
        super().__init__()
        self.graph = graph
        self.names = list(names)
        self.free = list(free)
        self.numbers: dict[int, Any] = {}
        self.report: Callable[[Sequence[Any]], None] = lambda results: None  # called with what the graph returns
        for position, arg in enumerate(args):
            if position in self.free:
                continue
            if isinstance(arg, torch.Tensor):
                self.register_buffer(self.names[position], arg.detach())
            else:
                self.numbers[position] = arg

    def forward(self, *inputs: torch.Tensor) -> tuple[torch.Tensor, ...]:
        given = dict(zip(self.free, inputs))
        args = []
        for position, name in enumerate(self.names):
            if position in given:
                args.append(given[position])
            elif position in self.numbers:
                args.append(self.numbers[position])
            else:
                args.append(getattr(self, name))
        results = self.graph(*args)
        self.report(results)
        return tuple(result for result in results if isinstance(result, torch.Tensor))


class _Specialization:
    """A graph compiled for some shapes, and for its weights as they are."""

    def __init__(self, bound: _Bound, args: Sequence[Any], options: Sequence[str]):
        self.free = bound.free
        self.weights = [
            (position, arg, _version(arg))
            for position, arg in enumerate(args)
            if position not in self.free and isinstance(arg, torch.Tensor)
        ]
        inputs = tuple(args[position] for position in self.free)
        # What the graph returns, each in a tuple; None for a tensor, which is computed at each call.
        self.results: list[tuple[Any] | None] = []
        bound.report = self._keep_results
        program = _export(bound, inputs)
        self.model: Model = compile(program, name="graph", options=options).load()
        if len(self.model.outputs) != self.results.count(None) or len(self.model.inputs) != len(inputs):
            raise _Refusal("the compiled model has other inputs or outputs than the graph")

    def _keep_results(self, results: Sequence[Any]) -> None:
        for result in results:
            if not isinstance(result, (torch.Tensor, int, float, str, type(None))):
                raise _Refusal("it returns a number that depends on what a tensor contains")
        self.results = [None if isinstance(result, torch.Tensor) else (result,) for result in results]

    def fits(self, args: Sequence[Any]) -> bool:
        """Whether the weights are still what they were."""
        return all(args[position] is arg and _version(arg) == version for position, arg, version in self.weights)

    def __call__(self, args: Sequence[Any]) -> tuple[Any, ...]:
        computed = self.model(*(args[position] for position in self.free))
        tensors = iter(computed if isinstance(computed, tuple) else (computed,))
        return tuple(next(tensors) if result is None else result[0] for result in self.results)


class _CompiledGraph:
    """One graph, with a specialization for each combination of shapes that it is called with."""

    def __init__(self, graph: torch.fx.GraphModule, options: Options):
        self.graph = graph
        self.options = options
        self.lock = threading.RLock()
        self.known: dict[Any, _Specialization] = {}
        self.compilations = 0
        self.refused = False
        placeholders = [node for node in graph.graph.nodes if node.op == "placeholder"]
        self.names = [node.name for node in placeholders]
        self.is_weight = [_is_weight(node) for node in placeholders]

    def __call__(self, *args: Any) -> Any:
        if not self.refused:
            try:
                return self._specialize(args)(args)
            except (_Refusal, CompileError) as problem:
                self._refuse(problem)
        return self.graph(*args)

    def _specialize(self, args: Sequence[Any]) -> _Specialization:
        free = [
            position
            for position, arg in enumerate(args)
            if isinstance(arg, torch.Tensor) and not self.is_weight[position]
        ]
        key = tuple(
            tuple(arg.shape) if position in free else None if isinstance(arg, torch.Tensor) else arg
            for position, arg in enumerate(args)
        )
        with self.lock:
            found = self.known.get(key)
            if found is not None and found.fits(args):
                return found
            _check_inputs(self.names, args)
            if self.compilations == _MOST_COMPILATIONS:
                raise _Refusal(f"it has been compiled {_MOST_COMPILATIONS} times, for other shapes or changed weights")
            self.compilations += 1
            bound = _Bound(self.graph, self.names, args, free)
            self.known[key] = _Specialization(bound, args, self.options.options)
            return self.known[key]

    def _refuse(self, problem: Exception) -> None:
        if not self.options.fallback:
            raise problem if isinstance(problem, EdgecError) else EdgecError(f"edgec: a graph is refused: {problem}")
        self.refused = True
        reason = problem.reason if isinstance(problem, CompileError) else str(problem)
        warnings.warn(f"edgec leaves a graph to PyTorch: {reason}", FallbackWarning, stacklevel=2)


def _is_weight(node: torch.fx.Node) -> bool:
    """Whether an input of a graph is a parameter or a buffer: Dynamo marks those, as they stay where they are."""
    return "_dynamo_static_input_type" in node.meta.get("tensor_dict", {})


def _version(weight: torch.Tensor) -> int:
    """Each change in place counts it up. Tensors of inference mode have none."""
    return 0 if weight.is_inference() else weight._version


def _check_inputs(names: Sequence[str], args: Sequence[Any]) -> None:
    for name, arg in zip(names, args):
        if not isinstance(arg, torch.Tensor):
            continue
        if arg.device.type != "cpu" or arg.layout != torch.strided:
            raise _Refusal(f"'{name}' is on '{arg.device}', {arg.layout}: edgec takes dense tensors on the CPU")
        if arg.requires_grad and torch.is_grad_enabled():
            raise _Refusal(f"'{name}' wants a gradient, and edgec computes none: call the model under torch.no_grad()")


def _export(module: torch.nn.Module, inputs: tuple[torch.Tensor, ...]) -> ExportedProgram:
    """The module's program, if it is a function without side effects."""
    try:
        with torch.inference_mode(False), torch.no_grad():
            program = torch.export.export(module, inputs, strict=False)
            signature = program.run_decompositions({}).graph_signature
    except _Refusal:
        raise
    except Exception as problem:  # there is no one type that it raises
        text = str(problem).strip() or type(problem).__name__
        raise _Refusal(f"torch.export refuses it: {text.splitlines()[0]}") from problem
    for written in (signature.buffers_to_mutate, signature.user_inputs_to_mutate, signature.parameters_to_mutate):
        for name in written.values():
            raise _Refusal(f"it writes to '{name}' in place")
    return program
