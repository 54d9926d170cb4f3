"""Who competes: a strategy, with another estimator of accuracy if one is named, or no search at all."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

from micronas.config import EstimatorConfig, SearchConfig
from micronas.errors import ConfigError
from micronas.strategy import STRATEGIES, check_strategy

HAND_MADE = "hand_made"
"""The row without a search: candidate 0 alone, trained like every winner."""

BASELINE = "random"


@dataclass(frozen=True)
class Contender:
    """``strategy`` or ``strategy+estimator``; without an estimator the configuration's own."""

    strategy: str
    estimator: str | None = None

    @property
    def name(self) -> str:
        """As it is written; also the beginning of its run folders' names."""
        return f"{self.strategy}+{self.estimator}" if self.estimator else self.strategy

    @property
    def searches(self) -> bool:
        """Whether this is a search and not the hand-made network."""
        return self.strategy != HAND_MADE


def parse_contenders(text: str, config: SearchConfig) -> tuple[Contender, ...]:
    """``random,aging_evolution+halving`` -> contenders, the hand-made network and random search included.

    Raises ``ConfigError`` for an unknown strategy or estimator, a pair that does not work, or a double one.
    """
    named = tuple(_contender(word.strip()) for word in text.split(",") if word.strip())
    if not named:
        raise ConfigError(
            "--strategies names nobody", remedy=f"for example --strategies random,{config.strategy.name}"
        )
    if twice := {c.name for c in named if named.count(c) > 1}:
        raise ConfigError(f"--strategies names {', '.join(sorted(twice))} more than once")
    for contender in named:
        if contender.searches:
            check_strategy(config.strategy.model_copy(update={"name": contender.strategy}), config.space.name)
    return with_baselines(named)


def with_baselines(contenders: Sequence[Contender]) -> tuple[Contender, ...]:
    """The hand-made network and random search first, then the others in their order."""
    baselines = (Contender(HAND_MADE), Contender(BASELINE))
    return (*baselines, *(c for c in contenders if c not in baselines))


def _contender(text: str) -> Contender:
    strategy, plus, estimator = text.partition("+")
    if strategy == HAND_MADE and not plus:
        return Contender(HAND_MADE)
    _require("strategy", strategy, tuple(STRATEGIES), text)
    if not plus:
        return Contender(strategy)
    _require("estimator", estimator, estimators(), text)
    return Contender(strategy, estimator)


def estimators() -> tuple[str, ...]:
    """The names that ``estimator.name`` may have."""
    return tuple(get_args(EstimatorConfig.model_fields["name"].annotation))


def _require(what: str, name: str, known: Sequence[str], text: str) -> None:
    if name in known:
        return
    near = difflib.get_close_matches(name, known, n=1)
    raise ConfigError(
        f"--strategies {text!r}: unknown {what} {name!r}",
        remedy=f"did you mean {near[0]!r}?" if near else f"known ones: {', '.join(known)}",
    )
