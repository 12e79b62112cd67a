"""Ways to damage any file, by its bytes."""

from __future__ import annotations

# Each takes (rng, bytes) and returns the damaged ones.
ON_BYTES = {}


def on_bytes(function):
    ON_BYTES[function.__name__] = function
    return function


@on_bytes
def truncated(rng, data):
    return data[: rng.randrange(1, len(data))]


@on_bytes
def bits_flipped(rng, data):
    data = bytearray(data)
    for _ in range(rng.choice([1, 1, 2, 8, 64])):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return bytes(data)


@on_bytes
def bits_flipped_in_head(rng, data):
    """Names and structure are mostly in front of the weights."""
    data = bytearray(data)
    for _ in range(rng.choice([1, 2, 4])):
        data[rng.randrange(min(len(data), 400))] ^= 1 << rng.randrange(8)
    return bytes(data)


@on_bytes
def random_bytes(rng, data):
    return rng.randbytes(rng.choice([1, 2, 16, 300, 5000]))


@on_bytes
def empty(rng, data):
    return b""


@on_bytes
def piece_removed(rng, data):
    low = rng.randrange(len(data))
    return data[:low] + data[low + rng.randrange(1, 64) :]


@on_bytes
def piece_repeated(rng, data):
    low = rng.randrange(len(data))
    return data[:low] + data[low : low + rng.randrange(1, 200)] + data[low:]


@on_bytes
def other_magic(rng, data):
    """The beginning of another format, then this one."""
    magic = rng.choice(
        [
            b"PK\x03\x04",
            b"GGUF\x03\x00\x00\x00",
            b"\x1c\x00\x00\x00TFL3",
            b"ML\xefR",
            b"\x7fELF",
            b"module {\n",
        ]
    )
    return magic + data[len(magic) :]
