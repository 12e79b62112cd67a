#!/usr/bin/env python3
"""The polynomials of this folder: fits them anew and prints them. Needs mpmath and numpy.

Each is the minimax polynomial of a function under a weight, found by Remez exchange on a grid of values that mpmath computes to
40 digits. The weight makes an error of the polynomial one of the whole function, relative to it. The coefficients are rounded to
f32 either all at once, or one after the other, each time fitting the rest anew; what errs less is printed.
"""

import mpmath as mp
import numpy as np

mp.mp.dps = 40


def remez(x, f, w, powers):
    """Coefficients c that minimise max |w (sum c_k x^powers_k - f)| over the grid, and that maximum."""
    n = len(powers)
    basis = np.stack([x**p for p in powers], axis=1)
    at = np.round((1 - np.cos(np.pi * np.arange(n + 1) / n)) / 2 * (len(x) - 1)).astype(int)
    for _ in range(60):
        signs = (-1.0) ** np.arange(n + 1)
        solution = np.linalg.solve(np.concatenate([basis[at], (signs / w[at])[:, None]], axis=1), f[at])
        error = w * (basis @ solution[:n] - f)
        # One extremum for each run of one sign.
        runs = np.split(np.arange(len(x)), np.flatnonzero(np.diff(np.sign(error)) != 0) + 1)
        peaks = np.array([run[np.argmax(np.abs(error[run]))] for run in runs])
        while len(peaks) > n + 1:
            peaks = peaks[1:] if abs(error[peaks[0]]) < abs(error[peaks[-1]]) else peaks[:-1]
        if len(peaks) < n + 1 or np.array_equal(peaks, at):
            break
        at = peaks
    return solution[:n], np.abs(error).max()


def fit(name, function, weight, low, high, count):
    """Prints the f32 coefficients of x^0 to x^(count - 1) for `function` on [low, high]."""
    steps = [(1 - mp.cos(mp.pi * (k + mp.mpf(1) / 2) / 1500)) / 2 for k in range(1500)]
    points = [mp.mpf(low) + (mp.mpf(high) - low) * step for step in steps]
    x = np.array([float(p) for p in points])
    f = np.array([float(function(p)) for p in points])
    w = np.array([abs(float(weight(p))) for p in points])
    powers = range(count)
    exact, least = remez(x, f, w, powers)
    done = []
    for k in powers:
        c, _ = remez(x, f - sum(c * x**p for c, p in zip(done, powers)), w, powers[k:])
        done.append(float(np.float32(c[0])))
    error, done = min(
        (np.abs(w * (sum(c * x**p for c, p in zip(candidate, powers)) - f)).max(), candidate)
        for candidate in (done, [float(np.float32(c)) for c in exact])
    )
    print(f"{name}: error 2^{np.log2(error):.2f}, unrounded 2^{np.log2(least):.2f}")
    print("   ", ", ".join(f"{np.float32(c):.9g}f" for c in done))


def odd(name, function, high, count):
    """P in function(x) = x + x^3 P(x^2) for x up to `high`."""

    def ratio(z):
        return function(mp.sqrt(z)) / mp.sqrt(z)

    fit(name, lambda z: (ratio(z) - 1) / z, lambda z: z / ratio(z), 0, mp.mpf(high) ** 2, count)


def main():
    half = mp.log(2) / 2 * mp.mpf("1.0001")  # a little more than a rounded argument can reach
    fit("exp, tail", lambda x: (mp.expm1(x) - x) / x**2, lambda x: x**2 / mp.exp(x), -half, half, 5)
    fit("exp of 2x, tail", lambda x: (mp.expm1(2 * x) - 2 * x) / x**2, lambda x: x**2 / mp.exp(2 * x), -half / 2, half / 2, 5)
    fit("exp2, from x on", lambda x: mp.expm1(x * mp.log(2)) / x, lambda x: x / mp.mpf(2) ** x, -0.505, 0.505, 6)

    third = mp.mpf(1) / 3
    fit("log, tail", lambda x: (mp.log1p(x) - x + x**2 / 2) / x**3, lambda x: x**3 / mp.log1p(x), -third, third, 8)
    # The same tail, less its first term, from root 1/2 to root 2.
    least, most = mp.sqrt(0.5) - 1 - mp.mpf("1e-6"), mp.sqrt(2) - 1 + mp.mpf("1e-6")
    for base in (2, 10):
        scale = mp.log(base)
        fit(
            f"log{base}, tail",
            lambda x: (mp.log1p(x) - x) / scale / x**2,
            lambda x: x**2 * scale / mp.log1p(x),
            least,
            most,
            9,
        )
    fit(
        "pow, tail of atanh",
        lambda z: ((mp.atanh(mp.sqrt(z)) / mp.sqrt(z) - 1) / z - third) / z,
        lambda z: z**2,
        0,
        mp.mpf("0.02944"),
        3,
    )

    most = mp.mpf("0.88")
    odd("sin", mp.sin, most, 3)
    fit("cos", lambda z: (mp.cos(mp.sqrt(z)) - 1 + z / 2) / z**2, lambda z: z**2 / mp.cos(mp.sqrt(z)), 0, most**2, 3)
    odd("tan", mp.tan, most, 7)
    odd("asin", mp.asin, "0.5", 5)
    odd("atan", mp.atan, 1, 8)
    odd("sinh", mp.sinh, 1, 3)
    odd("atanh", mp.atanh, "0.5", 6)
    odd("tanh", mp.tanh, "0.5494", 5)
    fit(
        "erf, tail",
        lambda z: mp.erf(mp.sqrt(z)) / mp.sqrt(z) - 1,
        lambda z: mp.sqrt(z) / mp.erf(mp.sqrt(z)),
        0,
        mp.mpf("1.1") ** 2,
        7,
    )
    fit(
        "erf, root",
        lambda x: mp.erfc(x) ** (mp.mpf(1) / 8),
        lambda x: 8 * mp.erfc(x) ** (mp.mpf(7) / 8) / mp.erf(x),
        mp.mpf("1.1"),
        mp.mpf("3.93"),
        7,
    )


if __name__ == "__main__":
    main()
