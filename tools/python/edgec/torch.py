# Part of the edgec project, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""torch.compile(backend="edgec"): graphs run as edgec compiles them for this machine.

    import edgec.torch

    model = torch.compile(model.eval(), backend="edgec")
    with torch.no_grad():
        y = model(x)

A graph that edgec can't compile runs as PyTorch runs it, after a FallbackWarning that names the reason.
`torch.compile(..., options={"fallback": False})` makes that an EdgecError.
"""

from torch._dynamo.backends.registry import lookup_backend, register_backend
from torch._dynamo.exc import InvalidBackend

from ._dynamo import FallbackWarning, Options, edgec_backend

__all__ = ["FallbackWarning", "Options", "edgec_backend"]

try:
    lookup_backend("edgec")  # an installed package has registered it by its entry point
except InvalidBackend:
    register_backend(edgec_backend, name="edgec")
