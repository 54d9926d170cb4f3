"""The equal budget: ``10min`` of wall clock, ``40trials`` or ``6cpu-min``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from micronas.config import SearchBudget
from micronas.errors import ConfigError, plural


class Unit(Enum):
    """The unit of a budget; the value is its notation."""

    WALL = "min"
    TRIALS = "trials"
    CPU = "cpu-min"


_KEYS = {Unit.WALL: "minutes", Unit.TRIALS: "trials", Unit.CPU: "cpu_minutes"}
_NOUNS = {Unit.WALL: "minute", Unit.TRIALS: "trial", Unit.CPU: "CPU minute"}
_AXES = {Unit.WALL: "minutes", Unit.TRIALS: "trials", Unit.CPU: "CPU minutes"}


@dataclass(frozen=True)
class ComparisonBudget:
    """The search budget of every entry.

    Minutes of wall clock and CPU minutes include the final training. Trials do not; the final training then
    has the same epochs for all.
    """

    amount: float
    unit: Unit

    def __str__(self) -> str:
        return f"{self.amount:g}{self.unit.value}"

    @property
    def words(self) -> str:
        """As text: ``3 trials``, ``10 minutes``, ``6 CPU minutes``."""
        return plural(self.amount, _NOUNS[self.unit])

    @property
    def config_key(self) -> str:
        """The key in section ``budget`` of a search configuration."""
        return _KEYS[self.unit]

    @property
    def axis(self) -> str:
        """The unit as an axis label."""
        return _AXES[self.unit]


def parse_budget(text: str) -> ComparisonBudget:
    """``6cpu-min`` -> ``ComparisonBudget(6.0, Unit.CPU)``; raises ``ConfigError`` for anything else."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(min|trials|cpu-min)\s*", text)
    if match is None:
        raise ConfigError(
            f"--budget {text!r} is not a number with a unit",
            remedy="for example 10min (wall clock), 40trials or 6cpu-min (CPU time of all processes)",
        )
    amount, unit = float(match[1]), Unit(match[2])
    if amount <= 0 or (unit is Unit.TRIALS and amount != int(amount)):
        kind = "a whole number above 0" if unit is Unit.TRIALS else "above 0"
        raise ConfigError(f"--budget {text!r}: must be {kind}", remedy="for example 10min or 40trials")
    return ComparisonBudget(amount, unit)


def budget_of(budget: SearchBudget) -> ComparisonBudget:
    """The budget of a configuration; raises ``ConfigError`` if it has several limits."""
    amounts = [(getattr(budget, key), unit) for unit, key in _KEYS.items()]
    given = [(amount, unit) for amount, unit in amounts if amount is not None]
    if len(given) > 1:
        raise ConfigError(
            "the configuration limits the search in several ways; a comparison needs one budget",
            remedy="give one: --budget 10min, 40trials or 6cpu-min",
        )
    amount, unit = given[0]
    return ComparisonBudget(float(amount), unit)
