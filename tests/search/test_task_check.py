"""Settings of classes are refused in a regression before the first trial, and its loss elsewhere."""

from __future__ import annotations

import pytest

from micronas.config import DataConfig, parse_config
from micronas.data import Dataset, load
from micronas.errors import ConfigError
from micronas.search.task_check import check_task


@pytest.fixture(scope="module")
def walking() -> Dataset:
    return load(DataConfig(name="walking_speed"))


@pytest.mark.parametrize(
    ("settings", "said", "remedy"),
    [
        ({"strategy": {"name": "dnas"}}, "strategy dnas works with classes only", "aging_evolution"),
        ({"strategy": {"name": "darts"}}, "strategy darts works with classes only", "aging_evolution"),
        ({"estimator": {"class_weights": True}}, "estimator.class_weights works with classes", "false"),
        ({"training": {"distill": "finalists"}}, "training.distill works with classes only", "off"),
        (
            {"space": {"name": "autoencoder"}},
            "reconstructs its input, and .* is a regression",
            "mlp",
        ),
    ],
    ids=str,
)
def test_settings_of_classes_are_refused(
    walking: Dataset, settings: dict[str, object], said: str, remedy: str
) -> None:
    config = parse_config({"data": {"name": "walking_speed"}, **settings})
    with pytest.raises(ConfigError, match=said) as refused:
        check_task(config, walking)
    assert remedy in (refused.value.remedy or "")


@pytest.mark.parametrize("loss", [None, "mse", "mae", "huber"])
def test_a_regression_may_choose_its_loss(walking: Dataset, loss: str | None) -> None:
    check_task(parse_config({"data": {"name": "walking_speed"}, "estimator": {"loss": loss}}), walking)


def test_classes_have_no_choice_of_loss() -> None:
    config = parse_config({"data": {"name": "digits"}, "estimator": {"loss": "mae"}})
    with pytest.raises(ConfigError, match=r"estimator.loss is for a regression, and data set digits"):
        check_task(config, load(config.data))


def test_mixup_needs_labels_or_targets(walking: Dataset) -> None:
    mixup = {"training": {"mixup": 0.2}}
    check_task(parse_config({"data": {"name": "walking_speed"}, **mixup}), walking)
    vibration = load(DataConfig(name="vibration"))
    config = parse_config({"data": {"name": "vibration"}, "space": {"name": "autoencoder"}, **mixup})
    with pytest.raises(ConfigError, match=r"training.mixup needs labels or targets") as refused:
        check_task(config, vibration)
    assert "training.mixup: 0" in (refused.value.remedy or "")
