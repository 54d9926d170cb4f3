"""Gives damaged bytes to everything that reads bytes from outside; `make fuzz` runs it.

    python tools/fuzz.py [--seconds 60] [--seed 0] [TARGET...]

Targets are ``model``, ``frames``, ``yaml`` and ``store``. Each gets its share of the time and begins with its
corpus as it is. What raises anything but an error of the project is written to ``fuzz-failures/`` with its
traceback, and the exit code is 1. The same seed gives the same inputs in the same order.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import time
import traceback
from collections.abc import Iterator
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.support.fuzz_targets import Target, targets

FAILURES = Path("fuzz-failures")
_INTERESTING = (0, 1, 0x7F, 0x80, 0xFF)
_MOST_EDITS = 6


def mutated(data: bytes, other: bytes, rng: np.random.Generator) -> bytes:
    """``data`` with a few bytes overwritten, cut, repeated, or taken from ``other``."""
    result = bytearray(data)
    for _ in range(int(rng.integers(1, _MOST_EDITS + 1))):
        at = int(rng.integers(len(result) + 1))
        match int(rng.integers(6)):
            case 0 if at < len(result):
                result[at] ^= 1 << int(rng.integers(8))
            case 1 if at < len(result):
                result[at] = _INTERESTING[int(rng.integers(len(_INTERESTING)))]
            case 2:  # a 32-bit number, small, negative or huge
                number = int(rng.choice([0, 1, -1, 2**31 - 1, -(2**31), int(rng.integers(300))]))
                result[at : at + 4] = number.to_bytes(4, "little", signed=True)
            case 3:
                del result[at : at + int(rng.integers(1, 65))]
            case 4:
                result[at:at] = result[at : at + int(rng.integers(1, 65))]
            case 5:
                start = int(rng.integers(len(other) + 1))
                result[at : at + 32] = other[start : start + 32]
    return bytes(result)


def inputs(target: Target, seed: int) -> Iterator[bytes]:
    """The corpus, then mutations without end."""
    yield from target.corpus
    rng = np.random.default_rng(seed)
    while True:
        data, other = (target.corpus[int(rng.integers(len(target.corpus)))] for _ in range(2))
        yield mutated(data, other, rng)


def fuzz(name: str, target: Target, seconds: float, seed: int, folder: Path = FAILURES) -> tuple[int, int]:
    """Run ``target`` for so long, its corpus at least: inputs tried, and different failures found."""
    end, tried, found = time.monotonic() + seconds, 0, set()
    for data in inputs(target, seed):
        if tried >= len(target.corpus) and time.monotonic() >= end:
            break
        tried += 1
        try:
            target.run(data)
        except Exception:
            found.add(_keep(folder, name, data))
    return tried, len(found)


def _keep(folder: Path, name: str, data: bytes) -> Path:
    """Files named by where it failed, so that one failure is kept once."""
    text = traceback.format_exc()
    where = [line for line in text.splitlines() if line.startswith("  File")][-1]
    path = folder / f"{name}-{hashlib.sha256(where.encode()).hexdigest()[:8]}.bin"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        path.with_suffix(".txt").write_text(text, encoding="utf-8")
    return path


def main() -> int:
    """0 if nothing failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seconds", type=float, default=60.0, help="for all targets together")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("targets", nargs="*", metavar="TARGET")
    arguments = parser.parse_args()
    every = targets()
    if unknown := set(arguments.targets) - set(every):
        parser.error(f"unknown target {', '.join(sorted(unknown))}; there are {', '.join(every)}")
    chosen = arguments.targets or list(every)
    failures = 0
    for name in chosen:
        tried, failed = fuzz(name, every[name], arguments.seconds / len(chosen), arguments.seed)
        print(f"{name:<8} {tried:>8,} inputs, {failed} kinds of failure")
        failures += failed
    if failures:
        print(f"the inputs and tracebacks are in {FAILURES}/")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
