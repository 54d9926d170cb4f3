"""Quality of a network: the estimators, training and the final fit, and the quality of the int8 file.

An estimator decides how much a search spends on a candidate. It does not depend on the strategies: a strategy
states what it can use as a ``Searcher``.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from micronas.errors import ConfigError
from micronas.host.plugin import Part, is_plugged_in
from micronas.supernet import SUPERNET_SPACES

__all__ = ["ESTIMATORS", "Searcher", "check_estimator", "check_prefilter", "estimators_of"]

ESTIMATORS = {
    "train": "every candidate is trained to the end",
    "short": "stopped when earlier learning curves predict that it will not rank among the best",
    "halving": "the worse half stops at the second and fourth epoch (ASHA, Li et al. 2020)",
    "supernet": "shared weights choose what is trained (Yu and Huang 2019; Cai et al. 2020)",
}
"""Name -> one-line description."""

SHARES_WEIGHTS = "supernet"
"""The estimator that scores candidates without training each of them."""


@dataclass(frozen=True)
class Searcher:
    """A strategy as an estimator sees it: its name, the spaces it works on, and what it cannot use.

    The two reasons are clauses that begin with the strategy, empty if it can use the feature.
    ``on_plugged_in``: it also works on user-defined spaces.
    """

    name: str
    spaces: tuple[str, ...]
    why_no_shared_weights: str = ""
    why_no_prefilter: str = ""
    on_plugged_in: bool = False

    def works_on(self, space: str) -> bool:
        """Whether it works on ``space``, one of micronas' own or one that a user plugs in."""
        return space in self.spaces or (self.on_plugged_in and is_plugged_in(space, Part.SPACE))


def estimators_of(searcher: Searcher, space: str) -> tuple[str, ...]:
    """The estimators that work with ``searcher`` on ``space``; empty if the pair itself does not work."""
    if not searcher.works_on(space):
        return ()
    shared = not searcher.why_no_shared_weights and space in SUPERNET_SPACES
    return tuple(name for name in ESTIMATORS if name != SHARES_WEIGHTS or shared)


def check_estimator(estimator: str, searcher: Searcher, space: str) -> None:
    """Raise ``ConfigError`` unless ``estimator`` exists and works with ``searcher`` on ``space``, one of its
    spaces. A user-defined estimator works with all of them.
    """
    if estimator not in ESTIMATORS:
        if is_plugged_in(estimator, Part.ESTIMATOR):
            return
        raise _unknown(estimator)
    if estimator in estimators_of(searcher, space):
        return
    why = searcher.why_no_shared_weights or (
        f"space {space} has no weight-sharing network; spaces with one: {', '.join(SUPERNET_SPACES)}"
    )
    raise ConfigError(
        f"estimator {estimator} does not work with strategy {searcher.name} on space {space}: {why}",
        remedy=f"estimators here: {', '.join(estimators_of(searcher, space))}",
    )


def _unknown(name: str) -> ConfigError:
    near = difflib.get_close_matches(name, ESTIMATORS, n=1) or [n for n in ESTIMATORS if name and name in n]
    return ConfigError(
        f"estimator.name: unknown estimator {name!r}",
        remedy=f"did you mean {near[0]!r}?" if near else f"known ones: {', '.join(ESTIMATORS)}",
    )


def check_prefilter(estimator: str, searcher: Searcher) -> None:
    """Raise ``ConfigError`` if proxies have no proposals to choose from."""
    shares = f"estimator {estimator} already ranks candidates by shared weights"
    why = searcher.why_no_prefilter or (shares if estimator == SHARES_WEIGHTS else "")
    if why:
        raise ConfigError(
            f"estimator.prefilter has no proposals to choose from: {why}",
            remedy="remove estimator.prefilter",
        )
