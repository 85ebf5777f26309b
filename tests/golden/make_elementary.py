"""Make elementary.csv, the reference for exp, log and log_gamma, and the coefficients of csrc/base/elementary.c.

    python tests/golden/make_elementary.py > tests/golden/elementary.csv
    python tests/golden/make_elementary.py --coefficients

Each row of the table is `function,x,value,rest`: three hexadecimal doubles, where value + rest is f(x) to about 100 bits and
value is f(x) rounded, so that a test can measure errors in fractions of a unit in the last place. Needs mpmath.
"""

from __future__ import annotations

import random
import struct
import sys
from collections.abc import Callable

from mpmath import mp, mpf

mp.prec = 400

Function = Callable[[mpf], mpf]


def from_bits(bits: int) -> float:
    """Return the double with this bit pattern."""
    return float(struct.unpack("<d", struct.pack("<Q", bits))[0])


def interpolate(f: Function, low: mpf, high: mpf, degree: int) -> list[mpf]:
    """Return the monomial coefficients of the polynomial through f at the Chebyshev nodes of [low, high]."""
    n = degree + 1
    nodes = [mp.cos(mp.pi * (2 * i + 1) / (2 * n)) * (high - low) / 2 + (high + low) / 2 for i in range(n)]
    divided = [f(x) for x in nodes]
    for order in range(1, n):
        for i in range(n - 1, order - 1, -1):
            divided[i] = (divided[i] - divided[i - 1]) / (nodes[i] - nodes[i - order])
    coefficients = [divided[-1]]
    for i in range(n - 2, -1, -1):  # Newton's form, multiplied out from the inside
        shifted = [mpf(0), *coefficients]
        for j, c in enumerate(coefficients):
            shifted[j] -= c * nodes[i]
        shifted[0] += divided[i]
        coefficients = shifted
    return coefficients


def show(name: str, f: Function, low: mpf, high: mpf, degree: int) -> None:
    """Print a C table and the largest error of the polynomial with rounded coefficients."""
    rounded = [float(c) for c in interpolate(f, low, high, degree)]
    worst = mpf(0)
    for i in range(401):
        x = low + (high - low) * i / 400
        if x != 0:
            worst = max(worst, abs(mp.polyval([mpf(c) for c in reversed(rounded)], x) - f(x)))
    print(f"/* {name}: error {mp.nstr(worst, 3)} */")
    print(",\n".join(c.hex() for c in rounded))


def stirling_rest(y: mpf) -> mpf:
    """Return the rest of Stirling's formula for log_gamma(x) times x, at y = 1 / x^2."""
    x = 1 / mp.sqrt(y)
    return (mp.loggamma(x) - (x - mpf(1) / 2) * (mp.log(x) - 1) - (mp.log(2 * mp.pi) - 1) / 2) * x


def coefficients() -> None:
    """Print the tables of csrc/base/elementary.c."""
    half = mp.log(2) / 2 * (1 + mpf(2) ** -20)
    show("exp", lambda r: (mp.exp(r) - 1 - r) / r**2 if abs(r) > mpf(2) ** -90 else mpf(1) / 2, -half, half, 10)
    s = (mp.sqrt(2) - 1) / (mp.sqrt(2) + 1) * (1 + mpf(2) ** -20)
    show(
        "log",
        lambda z: (mp.log((1 + mp.sqrt(z)) / (1 - mp.sqrt(z))) / mp.sqrt(z) - 2) / z,
        mpf(2) ** -200,
        s**2,
        6,
    )
    show("log_gamma", lambda t: mp.loggamma(2 + t) / t if t != 0 else mp.psi(0, 2), mpf(-1) / 2, mpf(1) / 2, 19)
    show("stirling", stirling_rest, mpf(2) ** -40, 1 / mpf(8.5) ** 2, 5)
    high = mpf(int(mp.floor(mp.log(2) * mpf(2) ** 42))) / mpf(2) ** 42
    print("ln2 high, low", float(high).hex(), float(mp.log(2) - high).hex())
    print("log2 e", float(1 / mp.log(2)).hex())
    print("stirling constant", float((mp.log(2 * mp.pi) - 1) / 2).hex())
    print("sqrt(1/2)", float(mp.sqrt(mpf(1) / 2)).hex())


def points(name: str, rng: random.Random) -> list[float]:
    """Return where the function is tested: its hard places, then at random over the whole range."""
    chosen: list[float] = []
    if name == "exp":
        chosen += [0.0, -0.0, 1.0, -1.0, 5e-324, -5e-324, 2.0**-60, -(2.0**-54), 709.782712893384, -708.3964185322641]
        chosen += [-745.1332191019411, -745.0, -744.4400719213812, -740.5, -720.25]
        chosen += [(k + 0.5) * 0.6931471805599453 for k in range(-1070, 1023, 61)]
        chosen += [rng.uniform(-745.0, 709.7) for _ in range(200)] + [rng.uniform(-1.0, 1.0) for _ in range(100)]
        chosen += [rng.choice((-1.0, 1.0)) * 2.0 ** rng.uniform(-60.0, 0.0) for _ in range(60)]
    elif name == "log":
        chosen += [1.0, 2.0, 0.5, 5e-324, 2.2250738585072014e-308, 2.225073858507201e-308, 1.7976931348623157e308]
        chosen += [from_bits(0x3FE6A09E667F3BCD + d) for d in (-2, -1, 0, 1, 2)]
        chosen += [from_bits(0x3FF6A09E667F3BCD + d) for d in (-2, -1, 0, 1, 2)]
        chosen += [1.0 + s * 2.0**-e for e in range(1, 53) for s in (1.0, -0.5)]
        chosen += [rng.uniform(0.4, 3.0) for _ in range(150)] + [from_bits(rng.randrange(1, 1 << 52)) for _ in range(40)]
        chosen += [from_bits(rng.randrange(1, 0x7FF0 << 48)) for _ in range(150)]
    else:
        chosen += [1.0, 2.0, 3.0, 0.5, 1.5, 2.5, 8.5, 5e-324, 1e-310, 1e-300, 1e-20, 1e300, 1e305, 2.55e305]
        chosen += [b + s * 2.0**-e for b in (1.0, 2.0) for e in range(2, 52, 3) for s in (1.0, -1.0)]
        chosen += [from_bits(struct.unpack("<Q", struct.pack("<d", k + 0.5))[0] + d) for k in range(9) for d in (-1, 1)]
        chosen += [rng.uniform(0.0, 12.0) for _ in range(250)] + [10.0 ** rng.uniform(-308.0, 305.4) for _ in range(100)]
        chosen += [10.0 ** rng.uniform(0.0, 9.0) for _ in range(100)]
    return chosen


def main() -> None:
    """Write the table to standard output."""
    if sys.argv[1:] == ["--coefficients"]:
        coefficients()
        return
    functions: dict[str, Function] = {"exp": mp.exp, "log": mp.log, "log_gamma": mp.loggamma}
    rng = random.Random(20240601)
    print("function,x,value,rest")
    for name, f in functions.items():
        for x in points(name, rng):
            exact = f(mpf(x)).real
            value = float(exact)
            print(f"{name},{x.hex()},{value.hex()},{float(exact - mpf(value)).hex()}")


if __name__ == "__main__":
    main()
