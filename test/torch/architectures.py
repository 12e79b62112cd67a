"""Networks of networks.py that torchvision doesn't have."""

from __future__ import annotations

import math

import torch
from torch import nn
from torch.nn import functional as F


# A detector with YOLOv8's parts: CSP blocks, pyramid pooling, a neck that goes up and down, decoupled heads on three
# strides, boxes as distributions over distances from anchor points.


class ConvUnit(nn.Sequential):
    def __init__(self, inside, outside, kernel=1, stride=1):
        super().__init__(
            nn.Conv2d(inside, outside, kernel, stride, kernel // 2, bias=False),
            nn.BatchNorm2d(outside, eps=1e-3),
            nn.SiLU(inplace=True),
        )


class CrossStage(nn.Module):
    """Half of the channels goes through residual pairs; each of their results is seen by the last layer."""

    def __init__(self, inside, outside, depth, residual):
        super().__init__()
        half = outside // 2
        self.residual = residual
        self.first, self.last = ConvUnit(inside, outside), ConvUnit((2 + depth) * half, outside)
        pairs = (nn.Sequential(ConvUnit(half, half, 3), ConvUnit(half, half, 3)) for _ in range(depth))
        self.pairs = nn.ModuleList(pairs)

    def forward(self, x):
        parts = list(self.first(x).chunk(2, 1))
        for pair in self.pairs:
            parts.append(parts[-1] + pair(parts[-1]) if self.residual else pair(parts[-1]))
        return self.last(torch.cat(parts, 1))


class Pyramid(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.first, self.last = ConvUnit(channels, channels // 2), ConvUnit(channels * 2, channels)

    def forward(self, x):
        parts = [self.first(x)]
        for _ in range(3):
            parts.append(F.max_pool2d(parts[-1], 5, 1, 2))
        return self.last(torch.cat(parts, 1))


class Detector(nn.Module):
    STRIDES, BINS = (8, 16, 32), 16

    def __init__(self, width=16, classes=20):
        super().__init__()
        w, self.classes = width, classes
        self.stem = nn.Sequential(
            ConvUnit(3, w, 3, 2), ConvUnit(w, 2 * w, 3, 2), CrossStage(2 * w, 2 * w, 1, True),
            ConvUnit(2 * w, 4 * w, 3, 2), CrossStage(4 * w, 4 * w, 2, True),
        )  # fmt: skip
        self.middle = nn.Sequential(ConvUnit(4 * w, 8 * w, 3, 2), CrossStage(8 * w, 8 * w, 2, True))
        self.deep = nn.Sequential(ConvUnit(8 * w, 16 * w, 3, 2), CrossStage(16 * w, 16 * w, 1, True), Pyramid(16 * w))
        self.up = nn.Upsample(scale_factor=2, mode="nearest")
        self.up_middle, self.up_stem = CrossStage(24 * w, 8 * w, 1, False), CrossStage(12 * w, 4 * w, 1, False)
        self.to_middle, self.down_middle = ConvUnit(4 * w, 4 * w, 3, 2), CrossStage(12 * w, 8 * w, 1, False)
        self.to_deep, self.down_deep = ConvUnit(8 * w, 8 * w, 3, 2), CrossStage(24 * w, 16 * w, 1, False)
        self.boxes, self.scores = nn.ModuleList(), nn.ModuleList()
        for channels in (4 * w, 8 * w, 16 * w):
            self.boxes.append(nn.Sequential(ConvUnit(channels, 4 * w, 3), nn.Conv2d(4 * w, 4 * self.BINS, 1)))
            self.scores.append(nn.Sequential(ConvUnit(channels, 4 * w, 3), nn.Conv2d(4 * w, classes, 1)))
        self.register_buffer("bins", torch.arange(self.BINS, dtype=torch.float32))

    def forward(self, x):
        fine = self.stem(x)
        middle = self.middle(fine)
        deep = self.deep(middle)
        up = self.up_middle(torch.cat([self.up(deep), middle], 1))
        fine = self.up_stem(torch.cat([self.up(up), fine], 1))
        middle = self.down_middle(torch.cat([self.to_middle(fine), up], 1))
        deep = self.down_deep(torch.cat([self.to_deep(middle), deep], 1))
        found = []
        for level, stride, boxes, scores in zip((fine, middle, deep), self.STRIDES, self.boxes, self.scores):
            height, width = level.shape[-2:]
            y, x = torch.meshgrid(torch.arange(height) + 0.5, torch.arange(width) + 0.5, indexing="ij")
            points = torch.stack([x, y]).view(1, 2, -1)
            spread = boxes(level).view(1, 4, self.BINS, -1).softmax(2)
            low, high = torch.einsum("bkna,n->bka", spread, self.bins).chunk(2, 1)
            corners = torch.cat([points - low, points + high], 1) * stride
            found.append(torch.cat([corners, scores(level).flatten(2).sigmoid()], 1))
        return torch.cat(found, 2).transpose(1, 2)


# Llama: RMS norms, rotated halves, fewer heads of keys than of queries, gated SiLU.


def rotate(x, cosines, sines):
    low, high = x.chunk(2, -1)
    return x * cosines + torch.cat([-high, low], -1) * sines


class LlamaLayer(nn.Module):
    def __init__(self, size, heads, key_heads, hidden, write):
        super().__init__()
        self.heads, self.key_heads, self.width, self.write = heads, key_heads, size // heads, write
        self.before, self.between = nn.RMSNorm(size, eps=1e-5), nn.RMSNorm(size, eps=1e-5)
        self.query = nn.Linear(size, size, bias=False)
        self.key, self.value = (nn.Linear(size, key_heads * self.width, bias=False) for _ in range(2))
        self.out = nn.Linear(size, size, bias=False)
        self.gate, self.rise = (nn.Linear(size, hidden, bias=False) for _ in range(2))
        self.fall = nn.Linear(hidden, size, bias=False)

    def split(self, x, heads):
        return x.view(1, -1, heads, self.width).transpose(1, 2)

    def forward(self, x, position, angles, mask, keys, values):
        y = self.before(x)
        query = rotate(self.split(self.query(y), self.heads), *angles)
        key = rotate(self.split(self.key(y), self.key_heads), *angles)
        value = self.split(self.value(y), self.key_heads)
        keys, values = self.write(keys, position, key), self.write(values, position, value)
        seen = F.scaled_dot_product_attention(query, keys, values, attn_mask=mask, enable_gqa=True)
        x = x + self.out(seen.transpose(1, 2).flatten(2))
        y = self.between(x)
        return x + self.fall(F.silu(self.gate(y)) * self.rise(y)), keys, values


def written_by_index(cache, position, value):
    return cache.index_copy_(2, position, value)


def written_by_slice(cache, position, value):
    cache[:, :, position] = value
    return cache


def copied(cache, position, value):
    return cache.index_copy(2, position, value)


class Llama(nn.Module):
    """One token of a sequence and its place. Caches are buffers, written in place, or, `copied`, given and returned."""

    def __init__(self, write, layers=2, size=64, heads=4, key_heads=2, hidden=160, words=97, context=16):
        super().__init__()
        self.caches = [] if write is copied else [f"{n}{i}" for i in range(layers) for n in ("keys", "values")]
        self.shape = (1, key_heads, context, size // heads)
        for name in self.caches:
            self.register_buffer(name, torch.zeros(self.shape))
        frequencies = 10000.0 ** -(torch.arange(0, size // heads, 2) / (size // heads))
        angles = torch.outer(torch.arange(context), frequencies).repeat(1, 2)
        self.register_buffer("cosines", angles.cos())
        self.register_buffer("sines", angles.sin())
        self.words = nn.Embedding(words, size)
        self.layers = nn.ModuleList(LlamaLayer(size, heads, key_heads, hidden, write) for _ in range(layers))
        self.norm, self.out = nn.RMSNorm(size, eps=1e-5), nn.Linear(size, words, bias=False)

    def forward(self, token, position, *given):
        caches = [getattr(self, name) for name in self.caches] or list(given)
        x = self.words(token)
        angles = self.cosines[position], self.sines[position]
        mask = torch.arange(self.shape[2]) <= position[:, None]
        after = []
        for at, layer in enumerate(self.layers):
            x, keys, values = layer(x, position, angles, mask, *caches[2 * at : 2 * at + 2])
            after += [keys, values]
        logits = self.out(self.norm(x))
        return logits if self.caches else (logits, *after)


# Whisper: convolutions of a spectrogram, sinusoidal places, then a decoder that looks back and across.


class Attention(nn.Module):
    def __init__(self, size, heads):
        super().__init__()
        self.heads = heads
        self.query, self.key = nn.Linear(size, size), nn.Linear(size, size, bias=False)
        self.value, self.out = nn.Linear(size, size), nn.Linear(size, size)

    def forward(self, x, other=None, causal=False):
        def split(y):
            return y.view(*y.shape[:2], self.heads, -1).transpose(1, 2)

        source = x if other is None else other
        query, key, value = split(self.query(x)), split(self.key(source)), split(self.value(source))
        return self.out(F.scaled_dot_product_attention(query, key, value, is_causal=causal).transpose(1, 2).flatten(2))


class WhisperLayer(nn.Module):
    def __init__(self, size, heads, cross):
        super().__init__()
        self.attention, self.norm = Attention(size, heads), nn.LayerNorm(size)
        if cross:
            self.cross, self.cross_norm = Attention(size, heads), nn.LayerNorm(size)
        self.mlp = nn.Sequential(nn.LayerNorm(size), nn.Linear(size, 4 * size), nn.GELU(), nn.Linear(4 * size, size))

    def forward(self, x, audio=None):
        x = x + self.attention(self.norm(x), causal=audio is not None)
        if audio is not None:
            x = x + self.cross(self.cross_norm(x), audio)
        return x + self.mlp(x)


def sinusoids(length, size):
    scales = torch.exp(-math.log(10000) / (size // 2 - 1) * torch.arange(size // 2))
    angles = torch.arange(length)[:, None] * scales[None]
    return torch.cat([angles.sin(), angles.cos()], 1)


class WhisperEncoder(nn.Module):
    def __init__(self, frames, mels=80, size=384, heads=6, layers=4):
        super().__init__()
        self.first, self.second = nn.Conv1d(mels, size, 3, padding=1), nn.Conv1d(size, size, 3, stride=2, padding=1)
        self.register_buffer("places", sinusoids(frames // 2, size))
        self.layers = nn.ModuleList(WhisperLayer(size, heads, False) for _ in range(layers))
        self.norm = nn.LayerNorm(size)

    def forward(self, mel):
        x = F.gelu(self.second(F.gelu(self.first(mel)))).permute(0, 2, 1)
        x = x + self.places
        for layer in self.layers:
            x = layer(x)
        return self.norm(x)


class WhisperDecoder(nn.Module):
    def __init__(self, words=1000, context=64, size=384, heads=6, layers=4):
        super().__init__()
        self.words, self.places = nn.Embedding(words, size), nn.Parameter(torch.randn(context, size) * 0.02)
        self.layers = nn.ModuleList(WhisperLayer(size, heads, True) for _ in range(layers))
        self.norm = nn.LayerNorm(size)

    def forward(self, tokens, audio):
        x = self.words(tokens) + self.places[: tokens.shape[-1]]
        for layer in self.layers:
            x = layer(x, audio)
        return self.norm(x) @ self.words.weight.T
