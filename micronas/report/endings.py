"""Trials that ended without figures, grouped by their reason."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from micronas.store import Record
from micronas.trial import Outcome

_NUMBER = re.compile(r"\d[\d,.]*")
_SHOWN = 12
"""Trials that a group names."""


@dataclass(frozen=True)
class Ending:
    """One reason: the outcome and stage, how many trials, the first of them, and the first one's reason."""

    outcome: str
    stage: str
    count: int
    numbers: tuple[int, ...]
    example: str


def endings(records: Sequence[Record]) -> list[Ending]:
    """The reasons of INFEASIBLE and FAILED trials, the most frequent first.

    Reasons that differ only in their numbers are one: ``3,000 bytes over`` and ``512 bytes over``.
    """
    groups: dict[tuple[str, str, str], list[Record]] = {}
    for record in records:
        trial = record.trial
        if trial.outcome is not Outcome.COMPLETE:
            alike = _NUMBER.sub("N", trial.reason.partition("\n")[0])
            groups.setdefault((trial.outcome.value, trial.stage, alike), []).append(record)
    found = [
        Ending(
            outcome.lower(),
            stage,
            len(group),
            tuple(record.trial.number for record in group[:_SHOWN]),
            group[0].trial.reason,
        )
        for (outcome, stage, _), group in groups.items()
    ]
    return sorted(found, key=lambda ending: -ending.count)
