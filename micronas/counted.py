"""A number and its noun: ``1 trial``, ``2 trials``, ``0 trials``."""

from __future__ import annotations


def counted(number: float, one: str, many: str | None = None) -> str:
    """``counted(1, "class", "classes")`` -> ``1 class``; without ``many`` the plural is ``one`` and an s."""
    digits = f"{number:,}" if number != int(number) else f"{int(number):,}"
    return f"{digits} {one if number == 1 else many or one + 's'}"
