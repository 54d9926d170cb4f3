"""What a search says of its finalists: their intervals, and which of them cannot be distinguished."""

from __future__ import annotations

from collections.abc import Sequence

from micronas.config import RewardConfig
from micronas.errors import percent, plural
from micronas.search.final.order import Finalist, Held, interval, seed_error


def selection_text(ordered: Sequence[Finalist], equal: Sequence[Finalist], validation: Held) -> str:
    """The finalists with their intervals, and which of them cannot be distinguished."""
    error, times = seed_error(ordered), len(ordered[0].qualities)
    figures = []
    for finalist in ordered:
        low, high = interval(finalist, error, validation)
        name = f"trial {finalist.number}{_baseline(finalist)}"
        figures.append(f"{name} {percent(finalist.mean)} ({percent(low)} to {percent(high)})")
    split = "other validation groups each time" if validation.grouped else "validation data"
    text = f"finalists trained {plural(times, 'more time')}, mean on {split}: {', '.join(figures)}"
    if len(equal) < 2:
        return text
    named = ", ".join(str(finalist.number) for finalist in sorted(equal, key=lambda f: f.number))
    taken = f"the cheapest of them, {equal[0].number}, is taken"
    return f"{text}; trials {named} cannot be distinguished, so {taken}"


def by_loss(ordered: Sequence[Finalist], equal: Sequence[Finalist], rewards: RewardConfig) -> str:
    """Of a finalist that is first because of its loss: what was compared."""
    first, *others = ordered
    if len(equal) > 1 or all(f.mean_reward(rewards) < first.mean_reward(rewards) for f in others):
        return ""
    return f"; of those that this does not distinguish, trial {first.number} has the lowest validation loss"


def _baseline(finalist: Finalist) -> str:
    return " (baseline)" if finalist.record.trial.origin == "baseline" else ""
