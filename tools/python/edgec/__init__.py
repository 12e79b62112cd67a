# Part of the edgec project, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compiles trained models with edgec, and runs what it compiled, from Python.

    import edgec

    artifact = edgec.compile("kws.onnx", target="cortex-m4", out="out")   # kws.h, libkws.a, kws.json
    model = edgec.compile(torch.export.export(module, (x,))).load()       # for this machine
    y = model(x)

`import edgec.torch` adds `torch.compile(backend="edgec")`. docs/python.md has the whole story.
"""

from ._artifact import Artifact
from ._binary import find_binary
from ._compile import compile
from ._errors import CompileError, EdgecError
from ._model import Model, load
from ._tensor import Tensor

__all__ = ["Artifact", "CompileError", "EdgecError", "Model", "Tensor", "compile", "find_binary", "load"]
