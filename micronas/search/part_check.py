"""The space, strategy and estimator of a search, and what the user plugs in: whether they work together."""

from __future__ import annotations

from micronas.config import SearchConfig
from micronas.data.metrics import is_metric
from micronas.errors import ConfigError
from micronas.estimate import ESTIMATORS, check_estimator, check_prefilter
from micronas.host.plugin import Part, find
from micronas.space import SPACES, check_space
from micronas.strategy import STRATEGIES, check_strategy, searcher


def check_parts(config: SearchConfig) -> None:
    """Raise ``ConfigError`` for a part that does not exist, or that does not work with the other parts."""
    check_space(config.space.name)
    check_strategy(config.strategy, config.space.name)
    check_estimator(config.estimator.name, searcher(config.strategy.name), config.space.name)
    _check_plugged_in(config)
    if config.estimator.prefilter is not None:
        check_prefilter(config.estimator.name, searcher(config.strategy.name))


def _check_plugged_in(config: SearchConfig) -> None:
    named = (
        (None if is_metric(config.data.metric) else config.data.metric, Part.METRIC),
        (config.reward.function, Part.REWARD),
        (config.space.name if config.space.name not in SPACES else None, Part.SPACE),
        (config.strategy.name if config.strategy.name not in STRATEGIES else None, Part.STRATEGY),
        (config.estimator.name if config.estimator.name not in ESTIMATORS else None, Part.ESTIMATOR),
    )
    for name, part in named:
        if name is not None:
            find(name, part)
    if config.reward.function is not None and config.strategy.name == "predictor_reward":
        raise ConfigError(
            "strategy predictor_reward uses the formula of the reward, which reward.function replaces",
            remedy="use another strategy, for example predictor_front",
        )
