"""What the kernels for one input channel loop over (``mn_dsp_lines.h``)."""

from __future__ import annotations

import re
from collections.abc import Mapping

_FORM = re.compile(r"_(\d+)x(\d+)_")


def lines_work(kernel: str, p: Mapping[str, int]) -> tuple[int, ...]:
    """Steps of lines, lines and quads, each for every pair of output channels, and chains and words filled.

    A line whose last quad is not full runs that from an earlier output. With windows one input apart and
    words of neighbours on the line, every second output makes a line of its own.
    """
    chains, taps = _form(kernel)
    along, across = ("h", "w") if p["is_vertical"] else ("w", "h")
    outputs, lines, pairs = p[f"out_{along}"], p[f"out_{across}"], -(-p["out_c"] // 2)
    every = 2 if p[f"stride_{along}"] == 1 and not p["pairs_across"] else 1
    parts = [-(-(outputs - first) // every) for first in range(every)]
    quads, words = sum(-(-n // 4) for n in parts), sum(n + taps - 1 for n in parts)
    steps = every * -(-lines // p["lines"])
    return (
        *(steps * pairs, every * lines * pairs, lines * quads * pairs),
        *(every * lines * chains, lines * words * chains),
    )


def lines_taps(kernel: str) -> int:
    """Taps of all chains of a kernel."""
    chains, taps = _form(kernel)
    return chains * taps


def _form(kernel: str) -> tuple[int, int]:
    found = _FORM.search(kernel)
    assert found, kernel
    return int(found[1]), int(found[2])
