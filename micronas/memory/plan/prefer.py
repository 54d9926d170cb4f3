"""What a memory plan prefers where time and SRAM conflict."""

from __future__ import annotations

from enum import StrEnum

from micronas.errors import ConfigError


class Prefer(StrEnum):
    """``AUTO``: the fastest that fits the limits: ``LATENCY``, or, where the fastest kernels do not fit op by
    op, the faster of slower kernels and ``ROWS``. ``LATENCY``: the arena may grow within the SRAM limit where
    larger steps of its ops are modelled to be faster, and kernels run from RAM where the board has memory
    for code and that is modelled to pay. ``SRAM``: the smallest arena op by op; ops use what it leaves free.
    ``AUTO`` leaves all code in flash. ``ROWS``: the first ops also run row by row where that takes a smaller
    arena, which is mostly slower (``micronas.memory.plan.rows``).
    """

    AUTO = "auto"
    LATENCY = "latency"
    SRAM = "sram"
    ROWS = "rows"

    @property
    def may_grow(self) -> bool:
        """Whether an arena op by op may grow where that is faster."""
        return self in (Prefer.AUTO, Prefer.LATENCY)


DEFAULT_PREFER = Prefer.AUTO
"""What users get who do not choose."""


def prefer_of_search(name: str) -> Prefer:
    """What ``prefer: name`` of a search means: ``auto`` is ``LATENCY``.

    To look for a plan by rows takes longer than all else in the gate, so networks that fit only so are
    accepted only with ``rows``.
    """
    return Prefer.LATENCY if name == Prefer.AUTO else Prefer(name)


def prefer_named(name: str, option: str = "prefer") -> Prefer:
    """The preference called ``name``; raises ``ConfigError``, which begins with ``option``, for another."""
    try:
        return Prefer(name)
    except ValueError:
        raise ConfigError(f"{option} {name}: unknown", remedy=f"one of {', '.join(Prefer)}") from None
