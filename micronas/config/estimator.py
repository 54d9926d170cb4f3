"""The section ``estimator``: how trials are trained and scored."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from micronas.config.section import ConfigSection


class SupernetConfig(ConfigSection):
    """Used by ``estimator.name: supernet``: one weight-sharing network, trained before the trials."""

    epochs: int = Field(
        default=20, ge=1, description="epochs of shared training; fewer if the budget is short"
    )
    subnets: int = Field(
        default=200, ge=1, description="networks scored with shared weights before any is trained"
    )
    sample: int = Field(
        default=6, ge=0, description="networks of all ranks, trained separately to measure Kendall's tau"
    )


class PrefilterConfig(ConfigSection):
    """Zero-cost proxies: the best of 1 / ``keep`` proposals is trained."""

    proxy: Literal["naswot", "synflow", "combined", "parameters"] = Field(
        default="combined",
        description="ranks the proposals; combined is the mean rank by naswot and synflow, parameters the "
        "number of weights",
    )
    keep: float = Field(default=0.5, gt=0, le=0.5, description="share of proposals kept; 0.25 is one in four")


class EstimatorConfig(ConfigSection):
    """How a candidate's accuracy is estimated.

    ``train`` trains every candidate to the end. ``short`` stops a training when the learning curves of
    earlier trials predict that it will not rank among the best. ``halving`` stops the worse half after the
    second and the fourth epoch (ASHA). ``supernet`` searches with shared weights first and then trains the
    best networks.
    """

    name: str = Field(default="train", description="estimator, or your own as `module:name`")
    supernet: SupernetConfig = SupernetConfig()
    prefilter: PrefilterConfig | None = Field(
        default=None, description="filter proposals by zero-cost proxies; absent: no filter"
    )
    epochs: int = Field(
        default=8, ge=1, description="maximum epochs of a trial; early stopping may end it sooner"
    )
    warm_epochs: int | None = Field(
        default=None,
        ge=1,
        description="epochs of a trial that inherits most of its weights from a similar trial; absent: every "
        "trial starts from random weights. Estimator train only",
    )
    patience: int = Field(
        default=4, ge=1, description="epochs without a better validation loss before a training stops"
    )
    batch_size: int = Field(default=32, ge=1, description="samples per training step")
    learning_rate: float = Field(default=0.02, gt=0, le=1, description="peak of the one-cycle schedule")
    augment: bool = Field(default=True, description="augment the training samples")
    class_weights: bool = Field(
        default=False,
        description="weigh the loss so that every class counts equally",
    )
    loss: Literal["mse", "mae", "huber"] | None = Field(
        default=None,
        description="loss of a regression, also in the final training: squared, absolute or Huber's error "
        "of the standardised target; absent: mse. Classes have cross-entropy",
    )
    calibration_samples: int = Field(default=100, ge=1, description="training samples for int8 calibration")
    trial_deadline_s: float = Field(
        default=120.0,
        gt=0,
        description="maximum CPU time of a trial's training, seconds; a training that it cuts is marked",
    )

    @model_validator(mode="after")
    def _warm_starts_are_of_one_length(self) -> EstimatorConfig:
        if self.warm_epochs is not None and self.name != "train":
            raise ValueError(
                f"warm_epochs does not work with estimator {self.name}, which compares learning curves or "
                "shares weights: use estimator train, or leave warm_epochs out"
            )
        return self
