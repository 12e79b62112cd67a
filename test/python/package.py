"""What the tests of the Python package share: the package of the build tree, models, and the manual's examples."""

from __future__ import annotations

import contextlib
import io
import os
import pathlib
import re
import shutil
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]


def start() -> None:
    """Makes the package importable: BUILD is the script's first argument."""
    if len(sys.argv) < 2 or sys.argv[1].startswith("-"):
        sys.exit(f"usage: {sys.argv[0]} BUILD [unittest's options]")
    sys.path.insert(0, str(pathlib.Path(sys.argv.pop(1)).resolve() / "python"))
    sys.path += [str(ROOT / "test"), str(ROOT / "test" / "onnx"), str(ROOT / "test" / "tflite")]


def write_models(folder: pathlib.Path) -> None:
    """The models that the tests and docs/python.md use."""
    import boards
    import generate

    generate.write_all(folder)
    for name, copy in (("mlp", "classifier"), ("streaming", "enhancer")):
        shutil.copy(folder / f"{name}.onnx", folder / f"{copy}.onnx")
    boards.network(folder / "kws.tflite", "int8")


def run_examples(test: unittest.TestCase, folder: pathlib.Path, torch: bool) -> str:
    """Runs the examples of docs/python.md, those from PyTorch on or those before. Returns what they print."""
    text = (ROOT / "docs" / "python.md").read_text()
    before, _, after = text.partition("## PyTorch")
    examples = re.findall(r"^```python\n(.*?)^```", after if torch else before, re.DOTALL | re.MULTILINE)
    test.assertGreaterEqual(len(examples), 2)
    names: dict[str, object] = {}
    if torch:
        exec("import edgec", names)
    printed = io.StringIO()
    with contextlib.chdir(folder), contextlib.redirect_stdout(printed):
        for example in examples:
            exec(compile(example, "docs/python.md", "exec"), names)
    return printed.getvalue()


@contextlib.contextmanager
def environment(**variables: str | None):
    """Sets environment variables for a while; None takes one away."""
    before = {name: os.environ.get(name) for name in variables}

    def change(values: dict[str, str | None]) -> None:
        for name, value in values.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value

    change(variables)
    try:
        yield
    finally:
        change(before)
