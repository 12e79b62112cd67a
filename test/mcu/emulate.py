#!/usr/bin/env python3
# Part of the edgec project, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs a compiled model on an emulated processor, and returns what it computed.

    outputs = emulate.run("cortex-m4", "out/libkws.a", "out", "kws", [features])

The model is linked with a small harness (support/), which declares the arena as
a program would, guards it and the outputs against writes outside, fills all of
them with garbage first, paints the stack, and calls NAME_model.invoke.
"""

import argparse
import dataclasses
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile
from typing import Optional, Sequence, Union

import numpy as np

SUPPORT = pathlib.Path(__file__).resolve().parent / "support"
RUNTIME_INCLUDE = SUPPORT.parents[2] / "runtime" / "include"

STACK_BYTES = 64 * 1024


class EmulationError(Exception):
    """The model could not be linked or run, or did something forbidden."""


@dataclasses.dataclass(frozen=True)
class Memory:
    """Where a board has room; code and data in bytes from each start."""

    vectors: int
    code: int
    code_bytes: int
    ram: int
    ram_bytes: int
    load_in_place: bool = False  # the loader writes .data to its own address


@dataclasses.dataclass(frozen=True)
class Target:
    compiler: str
    flags: tuple  # the ABI that the model's object must have as well
    emulator: tuple  # the image comes last; empty: runs on this machine
    memory: Optional[Memory] = None  # None: a Linux program
    start: str = ""
    libraries: tuple = ()
    lld: bool = False  # where GNU ld refuses what LLVM writes
    clang: tuple = ()  # flags for clang to make an object with the same ABI


def _cortex_m(cpu, fpu, board, memory, extra=()):
    flags = ["-mcpu=" + cpu, "-mthumb"]
    if fpu:
        flags += ["-mfloat-abi=hard"] + (["-mfpu=" + fpu] if fpu != "mve" else [])
    else:
        flags += ["-mfloat-abi=soft"]
    emulator = ["qemu-system-arm", "-M", board, *extra, "-display", "none"]
    emulator += ["-monitor", "none", "-serial", "null", "-no-reboot"]
    emulator += ["-semihosting-config", "enable=on,target=native", "-kernel"]
    return Target(
        "arm-none-eabi-gcc",
        tuple(flags),
        tuple(emulator),
        memory,
        "start_arm.c",
        ("--specs=nano.specs", "--specs=nosys.specs", "-lm"),
        clang=("--target=arm-none-eabi", *flags),
    )


def _rv32(march, mabi, cpu):
    flags = ("-march=" + march, "-mabi=" + mabi)
    emulator = ["qemu-system-riscv32", "-M", "virt", "-cpu", cpu, "-m", "32M"]
    emulator += ["-bios", "none", "-display", "none", "-monitor", "none"]
    emulator += ["-serial", "null", "-no-reboot"]
    emulator += ["-semihosting-config", "enable=on,target=native", "-kernel"]
    return Target(
        "riscv64-unknown-elf-gcc",
        flags + ("-mcmodel=medany",),
        tuple(emulator),
        Memory(0x80000000, 0x80000400, 0xFFFC00, 0x81000000, 0x1000000, True),
        "start_riscv.c",
        ("--specs=picolibc.specs",),  # its libm is in its libc
        lld=True,
        clang=("--target=riscv32-unknown-elf", *flags, "-mcmodel=medany"),
    )


def _linux(arch, emulator, flags=(), clang=(), lld=False):
    return Target(
        arch + "-linux-gnu-gcc",
        tuple(flags),
        tuple(emulator),
        libraries=("-static", "-lm"),
        lld=lld,
        clang=(f"--target={arch}-linux-gnu", *flags, *clang),
    )


def _rv64(march, cpu):
    # The harness is plain rv64gc: GCC need not know the model's extensions.
    return _linux(
        "riscv64",
        ("qemu-riscv64", "-cpu", cpu),
        ("-mabi=lp64d",),
        ("-march=" + march,),
        lld=True,
    )




def _mps2(psram):
    return Memory(0, 0x400, 0x3FFC00, psram, 0x1000000)



TARGETS = {
    # microbit alone refuses instructions that ARMv6-M lacks; given more memory
    # than the chip has, it takes every model.
    "cortex-m0": _cortex_m(
        "cortex-m0",
        None,
        "microbit",
        Memory(0, 0x400, 0x3FFC00, 0x20000000, 0x1000000),
        (
            "-global",
            "nrf51-soc.flash-size=0x400000",
            "-global",
            "nrf51-soc.sram-size=0x1000000",
        ),
    ),
    "cortex-m3": _cortex_m("cortex-m3", None, "mps2-an385", _mps2(0x21000000)),
    "cortex-m4": _cortex_m("cortex-m4", "fpv4-sp-d16", "mps2-an386", _mps2(0x21000000)),
    "cortex-m7": _cortex_m("cortex-m7", "fpv5-sp-d16", "mps2-an500", _mps2(0x60000000)),
    # Secure aliases of the code memories, as instruction fetch needs; the data
    # memories answer secure code at either address.
    "cortex-m33": _cortex_m(
        "cortex-m33",
        "fpv5-sp-d16",
        "mps2-an505",
        Memory(0x10000000, 0x10000400, 0x3FFC00, 0x80000000, 0x1000000),
    ),
    "cortex-m55": _cortex_m(
        "cortex-m55",
        "mve",
        "mps3-an547",
        Memory(0x10000000, 0x11000000, 0x200000, 0x60000000, 0x1000000),
    ),
    "rv32imc": _rv32(
        "rv32imc", "ilp32", "rv32,g=false,a=false,f=false,d=false"
    ),
    "rv32imac": _rv32("rv32imac", "ilp32", "rv32,g=false,f=false,d=false"),
    "rv32imafc": _rv32("rv32imafc", "ilp32f", "rv32,g=false,d=false"),
    "cortex-a53": _linux("aarch64", ("qemu-aarch64", "-cpu", "cortex-a53")),
    "cortex-a76": _linux(
        "aarch64",
        ("qemu-aarch64", "-cpu", "cortex-a76"),
        clang=("-mcpu=cortex-a76",),
    ),
    "aarch64-max": _linux("aarch64", ("qemu-aarch64", "-cpu", "max")),
    "rv64gc": _rv64("rv64gc", "rv64,v=false"),
    **{
        "rv64gcv" + ("" if vlen == 128 else f"-vlen{vlen}"): _rv64(
            "rv64gcv", f"rv64,v=true,vlen={vlen},elen=64,vext_spec=v1.0"
        )
        for vlen in (128, 256, 512, 1024)
    },
    "host": Target("cc", (), (), libraries=("-static", "-lm")),
}

# edgec_dtype: numpy type, and bits of an element. The types that numpy has not
# are given and returned in an integer of their size.
_DTYPES = {
    1: ("float32", 32),
    2: ("float64", 64),
    3: ("float16", 16),
    4: ("uint16", 16),  # bfloat16
    5: ("int8", 8),
    6: ("uint8", 8),
    7: ("int16", 16),
    8: ("uint16", 16),
    9: ("int32", 32),
    10: ("uint32", 32),
    11: ("int64", 64),
    12: ("uint64", 64),
    13: ("bool", 8),
    14: ("int8", 4),
    15: ("uint8", 4),
}
# uint8 may also be packed 4-bit, uint16 bfloat16: only the size is checked.
_INPUT_CODES = {
    name: 0 if name in ("uint8", "uint16") else code
    for code, (name, bits) in sorted(_DTYPES.items(), reverse=True)
    if bits >= 8
}

_FAULTS = {
    1: "wrote outside the arena",
    2: "wrote outside an output",
    3: f"used all {STACK_BYTES} bytes of stack or more",
}


@dataclasses.dataclass
class Result:
    calls: list  # for each call a list of arrays
    statuses: list  # for each call what invoke returned
    stack_bytes: int  # the deepest of all calls, measured


Paths = Union[str, os.PathLike, Sequence[Union[str, os.PathLike]]]


def missing(target: str) -> Optional[str]:
    """The first program that `target` needs and this machine has not."""
    info = TARGETS[target]
    needed = [info.compiler, *info.emulator[:1]]
    if info.lld:
        needed.append(_lld() or "ld.lld")
    for program in needed:
        if not shutil.which(program):
            return program
    return None


def optional(target: str) -> Optional[str]:
    """The same, but None where the environment variable EDGEC_REQUIRE_TARGETS
    lists the target ("all", or names with commas): running it then says what
    is missing."""
    required = os.environ.get("EDGEC_REQUIRE_TARGETS", "").split(",")
    return None if target in required or "all" in required else missing(target)


def _lld():
    return next((n for n in ("ld.lld", "ld.lld-22") if shutil.which(n)), None)


def _execute(command, what, cwd, timeout):
    try:
        done = subprocess.run(
            [str(word) for word in command],
            cwd=cwd,
            timeout=timeout,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            errors="replace",
        )
    except subprocess.TimeoutExpired:
        raise EmulationError(f"{what} took more than {timeout} s") from None
    if done.returncode != 0:
        line = " ".join(map(str, command))
        raise EmulationError(
            f"{what} failed ({done.returncode}): {line}\n{done.stdout}"
        )


def compile_object(target, source, output, flags=(), clang="clang-22"):
    """Compiles C with clang for `target`: what a test has for a model before
    there is a compiler."""
    command = [shutil.which(clang) or "clang", *TARGETS[target].clang]
    command += ["-O2", "-I", RUNTIME_INCLUDE, *flags, "-c", source, "-o", output]
    _execute(command, "compiling " + str(source), None, 120)
    return output


def _write_case(work, header_dir, name, calls, io_align):
    """case.h: the model's names, and the inputs as data."""
    prefix = name.upper()
    width = max(1, len(calls[0]))
    lines = [
        f'#include "{name}.h"',
        '#include "edgec/model.h"',
        f"#define CASE_MODEL {name}_model",
        f"#define CASE_ARENA_BYTES {prefix}_ARENA_BYTES",
        f"#define CASE_ARENA_ALIGN {prefix}_ARENA_ALIGN",
        f"#define CASE_CALLS {len(calls)}",
        f"#define CASE_INPUTS {len(calls[0])}",
        "#define CASE_MAX_OUTPUTS 64",
        f"#define CASE_IO_ALIGN {io_align or 0}",
    ]
    assembly, externs, pointers, sizes, codes = [], [], [], [], []
    for i, call in enumerate(calls):
        for j, array in enumerate(call):
            array = np.ascontiguousarray(array)
            if array.dtype.name not in _INPUT_CODES:
                raise EmulationError(f"inputs of type {array.dtype} do not exist")
            (work / f"in{i}_{j}").write_bytes(array.tobytes())
            # Aligned as the contract promises and not more.
            skip = (io_align or array.dtype.itemsize) % 64
            assembly.append(f".balign 64\\n .skip {skip}\\n")
            assembly.append(f'case_{i}_{j}: .incbin \\"in{i}_{j}\\"\\n')
            externs.append(f"extern const unsigned char case_{i}_{j}[];")
        row = range(len(call))
        pointers.append(", ".join(f"case_{i}_{j}" for j in row) or "0")
        sizes.append(", ".join(f"{np.asarray(a).nbytes}u" for a in call) or "0")
        codes.append(
            ", ".join(str(_INPUT_CODES[np.asarray(a).dtype.name]) for a in call)
            or "0"
        )
    lines.append('__asm__(".pushsection .rodata.case,\\"a\\"\\n"')
    lines += [f'"{line}"' for line in assembly]
    lines.append('".balign 4\\n.popsection\\n");')
    lines += externs

    def table(kind, what, rows):
        body = ",\n".join(f"  {{{row}}}" for row in rows)
        return f"static {kind} {what}[{len(rows)}][{width}] = {{\n{body}}};"

    lines.append(table("const void *const", "case_inputs", pointers))
    lines.append(table("const size_t", "case_input_bytes", sizes))
    lines.append(table("const int32_t", "case_input_dtypes", codes))
    (work / "case.h").write_text("\n".join(lines) + "\n")


def _link(target, info, objects, header_dir, work, sources_flags):
    common = [*info.flags, "-O2", "-g", "-ffunction-sections", "-fdata-sections"]
    common += ["-I", work, "-I", header_dir, "-I", RUNTIME_INCLUDE]
    command = [info.compiler, *common, "-std=gnu11", "-Wall", "-Wextra"]
    command += [SUPPORT / "harness.c"]
    if info.memory:
        memory = info.memory
        script = (SUPPORT / "link.ld.in").read_text()
        for key, value in {
            "VECTORS": hex(memory.vectors),
            "CODE": hex(memory.code),
            "CODE_BYTES": hex(memory.code_bytes),
            "RAM": hex(memory.ram),
            "RAM_BYTES": hex(memory.ram_bytes),
            "DATA_LOAD": "RAM" if memory.load_in_place else "CODE",
            "STACK_BYTES": hex(STACK_BYTES),
        }.items():
            script = script.replace(f"@{key}@", value)
        (work / "link.ld").write_text(script)
        command += [SUPPORT / "semihost.c", SUPPORT / info.start]
        command += ["-nostartfiles", "-T", "link.ld", "-Wl,--gc-sections"]
        if not info.lld:
            command += ["-Wl,--no-warn-rwx-segments"]
    else:
        command += [SUPPORT / "posix.c"]
    if info.lld:
        (work / "bin").mkdir()
        (work / "bin" / "ld.lld").symlink_to(shutil.which(_lld()))
        command += ["-fuse-ld=lld", "-B", work / "bin"]

    inputs = []
    for index, path in enumerate(objects):
        path = pathlib.Path(path).resolve()
        if path.suffix in (".c", ".cpp", ".cc"):  # what --emit=cpp writes
            compiler = info.compiler
            if path.suffix != ".c":
                compiler = compiler.replace("gcc", "g++").replace("cc", "c++")
            made = work / f"model{index}.o"
            specs = [l for l in info.libraries if l.startswith("--specs")]
            _execute(
                [compiler, *common, *specs, *sources_flags, "-c", path, "-o", made],
                f"compiling {path.name} for {target}",
                work,
                600,
            )
            path = made
        inputs.append(path)
    command += [*inputs, "-o", "image", *info.libraries]
    _execute(command, f"linking for {target}", work, 600)


def _read_record(path):
    data = memoryview(path.read_bytes())
    position = 0

    def take(layout):
        nonlocal position
        size = struct.calcsize(layout)
        if position + size > len(data):
            raise EmulationError("the record is cut short")
        values = struct.unpack_from(layout, data, position)
        position += size
        return values

    magic, n_calls, n_outputs = take("<3I")
    if magic != 0x31434445:
        raise EmulationError("the record is damaged")
    tensors = []
    for _ in range(n_outputs):
        code, rank = take("<2i")
        shape = take(f"<{rank}i")
        (size,) = take("<I")
        tensors.append((code, shape, size))
    result = Result([], [], 0)
    faults = []
    for _ in range(n_calls):
        status, stack, fault = take("<iIi")
        result.statuses.append(status)
        result.stack_bytes = max(result.stack_bytes, stack)
        faults.append(fault)
        arrays = []
        for code, shape, size in tensors:
            raw = np.frombuffer(bytes(take(f"<{size}s")[0]), np.uint8)
            arrays.append(_decode(raw, code, shape))
        result.calls.append(arrays)
    return result, faults


def _decode(raw, code, shape):
    name, bits = _DTYPES[code]
    if bits == 4:
        raw = np.stack([raw & 15, raw >> 4], -1).reshape(-1)
        raw = raw[: int(np.prod(shape, dtype=np.int64))]
        if name == "int8":
            return (raw.astype(np.int8) ^ 8).reshape(shape) - np.int8(8)
        return raw.reshape(shape)
    return raw.view(name).reshape(shape).copy()


def measure(
    target: str,
    objects: Paths,
    header_dir: Union[str, os.PathLike],
    name: str,
    inputs: Sequence,
    *,
    io_align: Optional[int] = None,
    sources_flags: Sequence[str] = (),
    timeout: float = 300,
    keep: Optional[Union[str, os.PathLike]] = None,
    check: bool = True,
) -> Result:
    """run(), and what was measured on the way.

    `inputs` is a list of calls, each a list of arrays; the state part of the
    arena lives across them. Inputs and outputs are aligned to their element's
    size and not to more, or to `io_align`. `keep` names a directory that then
    holds the image for a debugger. Without `check` a negative status does not
    raise.
    """
    info = TARGETS[target]
    lack = missing(target)
    if lack:
        raise EmulationError(f"target {target} needs {lack}")
    calls = [list(call) for call in inputs]
    if not calls or any(len(call) != len(calls[0]) for call in calls):
        raise EmulationError("each call needs the same number of inputs")
    if isinstance(objects, (str, os.PathLike)):
        objects = [objects]
    header_dir = pathlib.Path(header_dir).resolve()

    with tempfile.TemporaryDirectory(prefix="edgec-emulate-") as temporary:
        work = pathlib.Path(temporary)
        if keep:
            work = pathlib.Path(keep).resolve()
            shutil.rmtree(work, ignore_errors=True)
            work.mkdir(parents=True)
        _write_case(work, header_dir, name, calls, io_align)
        _link(target, info, objects, header_dir, work, sources_flags)
        image = [*info.emulator, work / "image"]
        _execute(image, f"running on {target}", work, timeout)
        result, faults = _read_record(work / "record")
    for index, fault in enumerate(faults):
        if fault:
            raise EmulationError(f"{target}: call {index} {_FAULTS[fault]}")
    for index, status in enumerate(result.statuses):
        if check and status != 0:
            raise EmulationError(f"{target}: call {index} returned {status}")
    return result


def run(target, objects_or_archive, header_dir, model_name, inputs, **options):
    """Runs the model, and returns its outputs.

    objects_or_archive: one path or several, objects, archives, or C and C++
    sources. header_dir has NAME.h. inputs: a list of arrays for one call, then
    the outputs come as a list of arrays; or a list of such lists for several
    calls in a row, then as a list of lists. Raises EmulationError when the
    model cannot be run, returns a negative status, or writes where it must not.
    """
    inputs = list(inputs)
    several = bool(inputs) and all(
        isinstance(call, (list, tuple)) for call in inputs
    )
    calls = inputs if several else [inputs]
    result = measure(
        target, objects_or_archive, header_dir, model_name, calls, **options
    )
    return result.calls if several else result.calls[0]


def main():
    parser = argparse.ArgumentParser(
        description="Run a compiled model on an emulated processor.",
        epilog="example: emulate.py cortex-m4 kws out/libkws.a --input x.npy",
    )
    parser.add_argument("target", choices=sorted(TARGETS))
    parser.add_argument("name", help="the model's C prefix")
    parser.add_argument("objects", nargs="+", help="archive, objects or sources")
    parser.add_argument("--include", help="where NAME.h is; beside the first object")
    parser.add_argument("--input", action="append", default=[], metavar="FILE.npy")
    parser.add_argument("--output", metavar="DIR", help="write outputs as .npy")
    parser.add_argument("--keep", metavar="DIR", help="leave the image there")
    arguments = parser.parse_args()
    include = arguments.include or pathlib.Path(arguments.objects[0]).parent
    try:
        result = measure(
            arguments.target,
            arguments.objects,
            include,
            arguments.name,
            [[np.load(path) for path in arguments.input]],
            keep=arguments.keep,
        )
    except EmulationError as error:
        print(f"emulate.py: error: {error}", file=sys.stderr)
        return 1
    print(f"stack {result.stack_bytes} bytes")
    for index, array in enumerate(result.calls[0]):
        print(f"output {index}: {array.dtype}{list(array.shape)}")
        print(array)
        if arguments.output:
            os.makedirs(arguments.output, exist_ok=True)
            np.save(os.path.join(arguments.output, f"output_{index}.npy"), array)
    return 0


if __name__ == "__main__":
    sys.exit(main())
