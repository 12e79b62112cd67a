"""FileCheck tests of edgec's IR and command line. The folders mirror the sources."""

import fcntl
import os
import subprocess

import lit.formats

config.name = "edgec"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = config.edgec_exec_root

config.environment["PATH"] = os.pathsep.join(
    [config.edgec_tools, os.path.dirname(config.filecheck), config.llvm_tools, os.environ["PATH"]]
)
config.environment["PYTHONDONTWRITEBYTECODE"] = "1"

# The small models of test/onnx/generate.py, written once before the tests.
models = os.path.join(config.edgec_exec_root, "models")
generate = os.path.join(config.edgec_source_root, "test", "onnx", "generate.py")
stamp = os.path.join(models, "stamp")
os.makedirs(models, exist_ok=True)
with open(os.path.join(models, "lock"), "w") as lock:
    fcntl.flock(lock, fcntl.LOCK_EX)  # CTest may run several folders at a time
    if not os.path.exists(stamp) or os.path.getmtime(stamp) < os.path.getmtime(generate):
        command = [config.test_python, generate, models]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            lit_config.fatal(f"{generate} failed:\n{done.stderr}")
        with open(stamp, "w"):
            pass

config.substitutions += [
    ("%models", models),
    ("%python", config.test_python),
    ("%root", config.edgec_source_root),
]
