"""What the task of the data set asks of a configuration, checked before the first trial."""

from __future__ import annotations

from micronas.config import SearchConfig
from micronas.data import Dataset, Task
from micronas.errors import ConfigError
from micronas.space import ANOMALY_SPACES, SPACES
from micronas.strategy import DIFFERENTIABLE


def check_task(config: SearchConfig, dataset: Dataset) -> None:
    """Raise ``ConfigError`` for a space, strategy or setting that does not suit the task of ``dataset``."""
    _check_space(config.space.name, dataset)
    if config.training.mixup and dataset.task is Task.DETECT_ANOMALIES:
        raise ConfigError(
            f"training.mixup needs labels or targets, and data set {dataset.name} is for anomaly detection",
            remedy="set training.mixup: 0; a mean of two normal samples can look like an anomaly",
        )
    if dataset.task is Task.REGRESS:
        _refuse_class_settings(config, dataset)
    elif config.estimator.loss is not None:
        raise ConfigError(
            f"estimator.loss is for a regression, and data set {dataset.name} has no target",
            remedy="remove estimator.loss, or name the numbers to predict in data.options.target",
        )


def _check_space(space: str, dataset: Dataset) -> None:
    """Anomaly detection needs networks that reconstruct their input; other tasks need other networks."""
    if space not in SPACES:
        return  # a user-defined space: only its author knows
    reconstructs = space in ANOMALY_SPACES
    if reconstructs == (dataset.task is Task.DETECT_ANOMALIES):
        return
    fitting = [name for name in SPACES if (name in ANOMALY_SPACES) != reconstructs]
    labelled = "a regression" if dataset.task is Task.REGRESS else "labelled with classes"
    raise ConfigError(
        f"space {space} {'reconstructs its input' if reconstructs else 'classifies'}, and data set "
        f"{dataset.name} is {labelled if reconstructs else 'for anomaly detection'}",
        remedy=f"set space.name to {' or '.join(fitting)}",
    )


def _refuse_class_settings(config: SearchConfig, dataset: Dataset) -> None:
    """What has a meaning for classes only."""
    for given, what, remedy in (
        (
            config.strategy.name in DIFFERENTIABLE,
            f"strategy {config.strategy.name}",
            "use another strategy, for example aging_evolution",
        ),
        (
            config.estimator.class_weights,
            "estimator.class_weights",
            "set estimator.class_weights: false",
        ),
        (config.training.distill != "off", "training.distill", "set training.distill: off"),
    ):
        if given:
            raise ConfigError(
                f"{what} works with classes only, and data set {dataset.name} is a regression", remedy=remedy
            )
