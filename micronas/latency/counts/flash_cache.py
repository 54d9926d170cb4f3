"""The cache between core and flash, or the flash interface's accelerator, as an LRU of lines and sectors."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

Touch: TypeAlias = tuple[int, int]
"""A line's number and a bit per sector of it."""


@dataclass(frozen=True)
class CacheShape:
    """``lines`` of ``line_bytes``; a miss reads ``sector_bytes`` from flash.

    ``prefetch_only``, for instructions: there is only a prefetch buffer, and every taken branch misses once.
    """

    lines: int
    line_bytes: int
    sector_bytes: int
    prefetch_only: bool = False

    def touches(self, first: int, last: int) -> list[Touch]:
        """The sectors of the bytes ``first`` to ``last``, line by line."""
        touched: dict[int, int] = {}
        for sector in range(first // self.sector_bytes, last // self.sector_bytes + 1):
            line, bit = divmod(sector * self.sector_bytes, self.line_bytes)
            touched[line] = touched.get(line, 0) | 1 << bit // self.sector_bytes
        return list(touched.items())


class FlashCache:
    """Fully associative; the least recently used line is replaced. Counts the sectors read from flash."""

    def __init__(self, shape: CacheShape) -> None:
        self._capacity = max(shape.lines, 1)
        self._lines: OrderedDict[int, int] = OrderedDict()

    def misses(self, touches: Iterable[Touch]) -> int:
        """Sectors that had to be read for ``touches``, in that order."""
        lines, missed = self._lines, 0
        for line, sectors in touches:
            had = lines.get(line)
            if had is None:
                missed += sectors.bit_count()
                lines[line] = sectors
                if len(lines) > self._capacity:
                    lines.popitem(last=False)
                continue
            lines.move_to_end(line)
            if fresh := sectors & ~had:
                missed += fresh.bit_count()
                lines[line] = had | sectors
        return missed
