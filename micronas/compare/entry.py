"""Who competes: a strategy, with another estimator of accuracy if one is named, or no search at all."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

from micronas.config import EstimatorConfig, SearchConfig
from micronas.errors import ConfigError
from micronas.strategy import STRATEGIES, check_estimator, check_prefilter, check_strategy

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

    Raises ``ConfigError`` for whatever `micronas search` would refuse, and for an empty or a double name.
    """
    words = [word.strip() for word in text.split(",")]
    if not all(words):
        raise ConfigError(
            f"--strategies {text!r}: item {words.index('') + 1} of {len(words)} names nobody",
            remedy=f"for example --strategies random,{config.strategy.name}",
        )
    named = tuple(_contender(word) for word in words)
    _refuse_doubles(named, config)
    contenders = with_baselines(named)
    for contender in contenders:
        _check(contender, config)
    return contenders


def _refuse_doubles(named: Sequence[Contender], config: SearchConfig) -> None:
    """The baselines take part in any case, so only a second name for one of them is a double."""
    implied = [c for c in (Contender(HAND_MADE), Contender(BASELINE)) if c not in named]
    first: dict[tuple[str, str], Contender] = {}
    for contender in (*implied, *named):
        same = first.setdefault((contender.strategy, contender.estimator or config.estimator.name), contender)
        if same is contender:
            continue
        if same.name == contender.name:
            raise ConfigError(
                f"--strategies names {contender.name} more than once", remedy="name it once; --seeds repeats"
            )
        raise ConfigError(
            f"--strategies: {same.name} and {contender.name} are the same search, because the "
            f"configuration's own estimator is {config.estimator.name}",
            remedy="leave one of them out" if same in named else f"leave out {contender.name}",
        )


def _check(contender: Contender, config: SearchConfig) -> None:
    """What `micronas search` checks of a strategy, an estimator and a space."""
    if not contender.searches:
        return
    estimator = contender.estimator or config.estimator.name
    check_strategy(config.strategy.model_copy(update={"name": contender.strategy}), config.space.name)
    check_estimator(estimator, contender.strategy, config.space.name)
    if config.estimator.prefilter is not None:
        check_prefilter(estimator, contender.strategy)


def with_baselines(contenders: Sequence[Contender]) -> tuple[Contender, ...]:
    """The hand-made network and random search first, then the others in their order."""
    baselines = (Contender(HAND_MADE), Contender(BASELINE))
    return (*baselines, *(c for c in contenders if c not in baselines))


def _contender(text: str) -> Contender:
    strategy, plus, estimator = text.partition("+")
    if strategy == HAND_MADE:
        if plus:
            raise ConfigError(
                f"--strategies {text!r}: {HAND_MADE} searches nothing, so it takes no estimator",
                remedy=f"leave it out: {HAND_MADE} takes part in any case",
            )
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
