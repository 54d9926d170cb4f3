"""An entry of a comparison: a strategy, optionally with another estimator, or no search at all."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

from micronas.config import SearchConfig
from micronas.errors import ConfigError
from micronas.estimate import ESTIMATORS, check_estimator, check_prefilter
from micronas.strategy import STRATEGIES, check_strategy, searcher

NO_SEARCH = "no_search"
"""The entry without a search: candidate 0 alone, trained like every winner."""

BASELINE = "random"


@dataclass(frozen=True)
class Entry:
    """``strategy`` or ``strategy+estimator``; without an estimator the configuration's own."""

    strategy: str
    estimator: str | None = None

    @property
    def name(self) -> str:
        """As written by the user; also the prefix of its run folders' names."""
        return f"{self.strategy}+{self.estimator}" if self.estimator else self.strategy

    @property
    def searches(self) -> bool:
        """Whether this is a search and not the baseline network."""
        return self.strategy != NO_SEARCH


def parse_entries(text: str, config: SearchConfig) -> tuple[Entry, ...]:
    """``random,aging_evolution+halving`` -> entries, including the baseline network and random search. Raises
    ``ConfigError`` for everything that `micronas search` would refuse, and for empty or duplicate names.
    """
    words = [word.strip() for word in text.split(",")]
    if not all(words):
        raise ConfigError(
            f"--strategies {text!r}: item {words.index('') + 1} of {len(words)} is empty",
            remedy=f"for example --strategies random,{config.strategy.name}",
        )
    named = tuple(_entry(word) for word in words)
    _refuse_doubles(named, config)
    entries = with_baselines(named)
    for entry in entries:
        _check(entry, config)
    return entries


def _refuse_doubles(named: Sequence[Entry], config: SearchConfig) -> None:
    """The baselines are always included, so naming one of them once is not a duplicate."""
    implied = [c for c in (Entry(NO_SEARCH), Entry(BASELINE)) if c not in named]
    first: dict[tuple[str, str], Entry] = {}
    for entry in (*implied, *named):
        same = first.setdefault((entry.strategy, entry.estimator or config.estimator.name), entry)
        if same is entry:
            continue
        if same.name == entry.name:
            raise ConfigError(
                f"--strategies names {entry.name} more than once",
                remedy="name it once; --seeds repeats the searches",
            )
        raise ConfigError(
            f"--strategies: {same.name} and {entry.name} are the same search, because the "
            f"configuration's own estimator is {config.estimator.name}",
            remedy="remove one of them" if same in named else f"remove {entry.name}",
        )


def _check(entry: Entry, config: SearchConfig) -> None:
    """The checks of `micronas search` for a strategy, an estimator and a space."""
    if not entry.searches:
        return
    estimator = entry.estimator or config.estimator.name
    check_strategy(config.strategy.model_copy(update={"name": entry.strategy}), config.space.name)
    check_estimator(estimator, searcher(entry.strategy), config.space.name)
    if config.estimator.prefilter is not None:
        check_prefilter(estimator, searcher(entry.strategy))


def with_baselines(entries: Sequence[Entry]) -> tuple[Entry, ...]:
    """The baseline network and random search first, then the others in the given order."""
    baselines = (Entry(NO_SEARCH), Entry(BASELINE))
    return (*baselines, *(c for c in entries if c not in baselines))


def _entry(text: str) -> Entry:
    strategy, plus, estimator = text.partition("+")
    if strategy == NO_SEARCH:
        if plus:
            raise ConfigError(
                f"--strategies {text!r}: {NO_SEARCH} does not search, so it cannot have an estimator",
                remedy=f"remove it: every comparison includes {NO_SEARCH}",
            )
        return Entry(NO_SEARCH)
    _require("strategy", strategy, tuple(STRATEGIES), text)
    if not plus:
        return Entry(strategy)
    _require("estimator", estimator, tuple(ESTIMATORS), text)
    return Entry(strategy, estimator)


def _require(what: str, name: str, known: Sequence[str], text: str) -> None:
    if name in known:
        return
    near = difflib.get_close_matches(name, known, n=1)
    raise ConfigError(
        f"--strategies {text!r}: unknown {what} {name!r}",
        remedy=f"did you mean {near[0]!r}?" if near else f"known ones: {', '.join(known)}",
    )
