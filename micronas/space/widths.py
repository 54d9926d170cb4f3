"""Steps between allowed widths, shared by the spaces."""

from __future__ import annotations

from collections.abc import Sequence

_FACTORS = (0.5, 0.75, 1.25, 1.5, 2.0)


def near_widths(width: int, allowed: Sequence[int]) -> tuple[int, ...]:
    """The next widths down and up, and some between half and twice as large."""
    wished = {width - 4, width + 4, *(4 * round(width * f / 4) for f in _FACTORS)}
    return tuple(w for w in allowed if w in wished and w != width)


def nearest_width(width: float, allowed: Sequence[int]) -> int:
    """The allowed width nearest to ``width``."""
    return min(allowed, key=lambda w: abs(w - width))
