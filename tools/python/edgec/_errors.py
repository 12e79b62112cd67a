"""What can go wrong."""

from __future__ import annotations

from collections.abc import Sequence


class EdgecError(RuntimeError):
    """A model can't be compiled, loaded or run."""


class CompileError(EdgecError):
    """edgec has refused a model or a request. Its text is what edgec has said."""

    def __init__(self, diagnostics: str, code: int, command: Sequence[str]):
        super().__init__(diagnostics)
        self.diagnostics = diagnostics
        #: edgec's exit code: 1 the model or the request can't be compiled, 2 wrong usage, negative a signal.
        self.code = code
        self.command = list(command)

    @property
    def reason(self) -> str:
        """The first error in one line."""
        lines = [line.strip() for line in self.diagnostics.splitlines() if line.strip()]
        return next((line for line in lines if "error:" in line), lines[0] if lines else "no reason given")

    def __reduce__(self) -> tuple[type[CompileError], tuple[str, int, list[str]]]:
        return CompileError, (self.diagnostics, self.code, self.command)
