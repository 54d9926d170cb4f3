"""How good a network is: the estimators, training and the final fit, and the quality of the int8 file.

An estimator says what a search spends on a candidate. It stands below the strategies and knows none of them:
a strategy says as a ``Searcher`` what it can use.
"""

from __future__ import annotations

from dataclasses import dataclass

from micronas.errors import ConfigError
from micronas.supernet import SUPERNET_SPACES

__all__ = ["ESTIMATORS", "Searcher", "check_estimator", "check_prefilter", "estimators_of"]

ESTIMATORS = {
    "train": "every candidate is trained to the end",
    "short": "stopped when earlier learning curves say that it will not be among the best",
    "halving": "the worse half stops at the second and fourth epoch (ASHA, Li et al. 2020)",
    "supernet": "shared weights choose what is trained (Yu and Huang 2019; Cai et al. 2020)",
}
"""Name -> one line of what it does."""

SHARES_WEIGHTS = "supernet"
"""The estimator that scores candidates without training each of them."""


@dataclass(frozen=True)
class Searcher:
    """A strategy as an estimator sees it: its name, the spaces it works on, and what it cannot use.

    The two reasons are clauses that begin with the strategy; empty where it can use the thing.
    """

    name: str
    spaces: tuple[str, ...]
    why_no_shared_weights: str = ""
    why_no_prefilter: str = ""


def estimators_of(searcher: Searcher, space: str) -> tuple[str, ...]:
    """The estimators that work with ``searcher`` on ``space``; none where the pair itself does not work."""
    if space not in searcher.spaces:
        return ()
    shared = not searcher.why_no_shared_weights and space in SUPERNET_SPACES
    return tuple(name for name in ESTIMATORS if name != SHARES_WEIGHTS or shared)


def check_estimator(estimator: str, searcher: Searcher, space: str) -> None:
    """Raise ``ConfigError`` unless ``estimator`` works with ``searcher`` on ``space``, one of its spaces."""
    if estimator in estimators_of(searcher, space):
        return
    why = searcher.why_no_shared_weights or (
        f"space {space} has no weight-sharing network; the spaces that have: {', '.join(SUPERNET_SPACES)}"
    )
    raise ConfigError(
        f"estimator {estimator} does not work with strategy {searcher.name} on space {space}: {why}",
        remedy=f"estimators here: {', '.join(estimators_of(searcher, space))}",
    )


def check_prefilter(estimator: str, searcher: Searcher) -> None:
    """Raise ``ConfigError`` where proxies have nothing to choose from."""
    shares = f"estimator {estimator} judges candidates by shared weights already"
    why = searcher.why_no_prefilter or (shares if estimator == SHARES_WEIGHTS else "")
    if why:
        raise ConfigError(
            f"estimator.prefilter has no proposals to choose from: {why}",
            remedy="leave estimator.prefilter out",
        )
