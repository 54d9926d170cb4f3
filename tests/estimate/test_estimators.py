"""The registry of estimators: a strategy that it has never heard of says itself what it can use."""

from __future__ import annotations

import pytest

from micronas.config.schema import EstimatorConfig
from micronas.errors import ConfigError
from micronas.estimate import ESTIMATORS, Searcher, check_estimator, check_prefilter, estimators_of

FREE = Searcher("tabu", ("cell", "layerwise"))
OWN = Searcher(
    "tabu",
    ("cell",),
    why_no_shared_weights="strategy tabu has weights of its own",
    why_no_prefilter="strategy tabu proposes nothing",
)


def test_a_strategy_gets_what_it_can_use() -> None:
    assert estimators_of(FREE, "cell") == ("train", "short", "halving", "supernet")
    assert estimators_of(OWN, "cell") == ("train", "short", "halving")
    assert estimators_of(FREE, "mlp") == (), "a pair that does not work has no estimator"


def test_its_own_reason_is_the_one_given() -> None:
    with pytest.raises(ConfigError, match=r"supernet does not work.*: strategy tabu has weights") as caught:
        check_estimator("supernet", OWN, "cell")
    assert caught.value.remedy == "estimators here: train, short, halving"
    with pytest.raises(ConfigError, match="to choose from: strategy tabu proposes nothing"):
        check_prefilter("train", OWN)


def test_a_space_without_shared_weights_is_the_reason_otherwise() -> None:
    with pytest.raises(ConfigError, match="space loops has no weight-sharing network"):
        check_estimator("supernet", Searcher("tabu", ("loops",)), "loops")


def test_shared_weights_leave_a_prefilter_nothing() -> None:
    check_prefilter("train", FREE)
    with pytest.raises(ConfigError, match="supernet already ranks candidates by shared weights"):
        check_prefilter("supernet", FREE)


def test_the_configuration_takes_these_names_and_no_other() -> None:
    for name in ESTIMATORS:
        assert EstimatorConfig.model_validate({"name": name}).name == name
    with pytest.raises(ConfigError, match=r"estimator\.name: unknown estimator 'halvin'") as caught:
        check_estimator("halvin", FREE, "cell")
    assert caught.value.remedy == "did you mean 'halving'?"
