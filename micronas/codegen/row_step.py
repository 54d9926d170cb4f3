"""A step of a chain of ops that run row by row, and its text in C."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

_MOST = (255, 255, 255, 255, 255, 255, 2**16 - 1, 2**16 - 1)


@dataclass(frozen=True)
class RowStep:
    """A turn with places: rows are counted from the start of their buffers.

    ``x`` is the first of ``in_rows`` rows of the first input, ``second`` of the second one; ``y`` receives
    ``out_rows`` rows, after the first ``drop`` rows of the buffer are given up and the others moved there.
    Without rows to read or write, that is all.
    """

    op: int
    out_rows: int
    in_rows: int
    pad_top: int
    drop: int
    second: int
    x: int
    y: int

    @property
    def fits(self) -> bool:
        """Whether an ``mn_step`` can hold it."""
        return all(0 <= value <= most for value, most in zip(self._values, _MOST, strict=True))

    @property
    def only_moves(self) -> bool:
        """Whether it runs no kernel."""
        return self.in_rows == self.out_rows == 0

    @property
    def literal(self) -> str:
        """The initialiser of an ``mn_step``."""
        return "{" + ", ".join(map(str, self._values)) + "}"

    @property
    def _values(self) -> tuple[int, ...]:
        return (
            *(self.op, self.out_rows, self.in_rows, self.pad_top),
            *(self.drop, self.second, self.x, self.y),
        )


RowSteps: TypeAlias = tuple[RowStep, ...]
