#!/usr/bin/env python3
"""Fails on an #include that looks up or sideways in the tree (docs/architecture.md).

    python test/includes.py            # the whole repository
    python test/includes.py --selftest # that the rules catch what they should

tools → compiler → frontends, targets → passes → dialects, and the runtime depends on nothing.
"""

from __future__ import annotations

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
LAYERS = ("tools", "compiler", "frontends", "targets", "passes", "dialects", "runtime")
# Layer → layers that it may include besides itself.
ALLOWED = {
    "tools": {"compiler", "frontends", "targets", "passes", "dialects"},
    "compiler": {"frontends", "targets", "passes", "dialects"},
    "frontends": {"dialects"},
    "targets": {"passes", "dialects"},
    "passes": {"dialects"},
    "dialects": set(),
    "runtime": set(),
}
# The compiler writes the layout of a compiled model, and nothing else of the runtime is its business; tools run models.
RUNTIME_HEADERS = {"compiler": {"edgec/model.h"}}
INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)', re.MULTILINE)


def unit(path: str) -> str:
    """What may not see its neighbours: one frontend, one target, one dialect."""
    parts = path.split("/")
    if parts[0] in ("frontends", "targets", "dialects") and len(parts) > 2:
        return parts[1]
    return ""


def complaint(file: str, include: str) -> str | None:
    """Why `file` may not include `include`, both relative to the root; None where it may."""
    layer = file.split("/")[0]
    if include.startswith("edgec/"):
        if layer in ("runtime", "tools") or include in RUNTIME_HEADERS.get(layer, set()):
            return None
        return f"{layer}/ must not see the runtime's {include}"
    other = include.split("/")[0]
    if layer == "runtime":
        system = "/" not in include
        return None if system or include.startswith("runtime/") else "the runtime depends on nothing"
    if other not in LAYERS or "/" not in include:
        return None  # a library, or a file beside this one
    if other != layer and other not in ALLOWED[layer]:
        return f"{layer}/ must not see {other}/"
    if layer == "passes" or other != layer:
        if layer == "targets" and other == "passes" and not include.startswith("passes/lower/"):
            return "of passes/, a target sees passes/lower/ only"
        return None
    mine, its = unit(file), unit(include)
    if mine == its or not its:
        return None
    if layer == "frontends":
        return f"frontend {mine or 'table'} must not see frontend {its}"
    if layer == "targets" and its != "emit":
        return f"target {mine or 'table'} must not see target {its}"
    if layer == "dialects" and (mine, its) != ("Edge", "Kernel"):
        return f"dialect {mine} must not see dialect {its}"
    return None


def selftest() -> int:
    bad = [
        ("dialects/Edge/Edge.h", "passes/lower/Passes.h"),
        ("dialects/Kernel/Kernel.h", "dialects/Edge/Edge.h"),
        ("passes/tile/Window.cpp", "targets/Target.h"),
        ("passes/tile/Window.cpp", "frontends/Frontend.h"),
        ("frontends/onnx/Model.cpp", "passes/lower/Passes.h"),
        ("frontends/onnx/Model.cpp", "frontends/tflite/Model.h"),
        ("frontends/onnx/Model.cpp", "compiler/Compiler.h"),
        ("targets/x86/Target.cpp", "targets/neon/Target.h"),
        ("targets/emit/Object.cpp", "targets/x86/Target.h"),
        ("targets/emit/Object.cpp", "frontends/Frontend.h"),
        ("targets/emit/Object.cpp", "passes/legalize/Passes.h"),
        ("compiler/Pipeline.cpp", "tools/edgec/Npy.h"),
        ("compiler/JIT.cpp", "edgec/parallel.h"),
        ("passes/tile/Window.cpp", "edgec/model.h"),
        ("runtime/src/model.c", "compiler/Compiler.h"),
        ("runtime/src/model.c", "llvm/ADT/StringRef.h"),
    ]
    good = [
        ("dialects/Edge/Edge.h", "dialects/Kernel/Kernel.h"),
        ("dialects/Edge/Conv.cpp", "dialects/Edge/Edge.h"),
        ("passes/tile/Window.cpp", "passes/memory/ArenaPlanner.h"),
        ("targets/x86/Target.cpp", "targets/emit/ObjectTarget.h"),
        ("targets/emit/Object.cpp", "passes/lower/Passes.h"),
        ("targets/x86/Target.cpp", "targets/Target.h"),
        ("frontends/onnx/ops/Conv.cpp", "frontends/onnx/Importer.h"),
        ("frontends/onnx/Frontend.cpp", "frontends/Frontend.h"),
        ("frontends/onnx/Model.cpp", "onnx/checker.h"),
        ("compiler/JIT.cpp", "edgec/model.h"),
        ("tools/edgec/Run.cpp", "edgec/pthread_pool.h"),
        ("runtime/src/model.c", "edgec/model.h"),
        ("runtime/src/model.c", "stdint.h"),
    ]
    wrong = [f"{f} → {i}: accepted" for f, i in bad if not complaint(f, i)]
    wrong += [f"{f} → {i}: {complaint(f, i)}" for f, i in good if complaint(f, i)]
    print("\n".join(wrong) or f"{len(bad) + len(good)} rules hold")
    return 1 if wrong else 0


def main() -> int:
    failed = selftest()
    if "--selftest" in sys.argv:
        return failed
    files = [
        path
        for layer in LAYERS
        for path in sorted((ROOT / layer).rglob("*"))
        if path.suffix in (".h", ".cpp", ".c", ".inc", ".def")
    ]
    edges = 0
    for path in files:
        text = path.read_text()
        for match in INCLUDE.finditer(text):
            edges += 1
            file = path.relative_to(ROOT).as_posix()
            why = complaint(file, match[1] or match[2])
            if why:
                line = text.count("\n", 0, match.start()) + 1
                print(f"{file}:{line}: error: {why}")
                failed = 1
    print(f"{len(files)} files, {edges} includes")
    return failed or not files


if __name__ == "__main__":
    sys.exit(main())
