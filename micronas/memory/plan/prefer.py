"""What a memory plan prefers where time and SRAM conflict."""

from __future__ import annotations

from enum import StrEnum

from micronas.errors import ConfigError


class Prefer(StrEnum):
    """``LATENCY``: the arena may grow within the SRAM limit where larger steps of its ops are modelled to be
    faster. ``SRAM``: the smallest arena op by op; ops use what it leaves free. ``ROWS``: the first ops also
    run row by row where that takes a smaller arena, which is slower (``micronas.memory.plan.rows``).
    """

    LATENCY = "latency"
    SRAM = "sram"
    ROWS = "rows"

    @property
    def other(self) -> Prefer:
        """The plan to compare with."""
        return Prefer.SRAM if self is Prefer.LATENCY else Prefer.LATENCY


DEFAULT_PREFER = Prefer.SRAM


def prefer_named(name: str, option: str = "prefer") -> Prefer:
    """The preference called ``name``; raises ``ConfigError``, which begins with ``option``, for another."""
    try:
        return Prefer(name)
    except ValueError:
        raise ConfigError(f"{option} {name}: unknown", remedy=f"one of {', '.join(Prefer)}") from None
