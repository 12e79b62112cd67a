"""What a compilation has written."""

from __future__ import annotations

import functools
import json
import pathlib
from typing import Any

from ._errors import EdgecError
from ._model import Model, load


class Artifact:
    """The files of a compiled model. Those that were written to a temporary folder vanish with it."""

    def __init__(self, directory: pathlib.Path, name: str, diagnostics: str = ""):
        self.directory = directory
        self.name = name  #: the prefix of files and C symbols
        self.diagnostics = diagnostics  #: what edgec has said while it compiled, often nothing

    @property
    def header(self) -> pathlib.Path:
        return self._file(f"{self.name}.h")

    @property
    def library(self) -> pathlib.Path:
        """The static library."""
        return self._file(f"lib{self.name}.a", "library")

    @property
    def shared_library(self) -> pathlib.Path:
        return self._file(f"lib{self.name}.so", "shared")

    @property
    def manifest_file(self) -> pathlib.Path:
        return self._file(f"{self.name}.json")

    @property
    def files(self) -> list[pathlib.Path]:
        """All files in the folder that are of this model."""
        stems = (self.name, f"lib{self.name}")
        return sorted(path for path in self.directory.iterdir() if path.stem in stems)

    @functools.cached_property
    def manifest(self) -> dict[str, Any]:
        """Tensors, sizes, memory map, operators: what NAME.json says."""
        content: dict[str, Any] = json.loads(self.manifest_file.read_text())
        return content

    def load(self) -> Model:
        """The model as a function, on this machine."""
        return load(self.shared_library)

    def _file(self, name: str, kind: str = "") -> pathlib.Path:
        path = self.directory / name
        if not path.exists():
            remedy = f": compile with emit=['{kind}']" if kind else ""
            raise EdgecError(f"'{path}' was not written{remedy}")
        return path

    def __repr__(self) -> str:
        return f"<edgec.Artifact {self.name} in {self.directory}>"
