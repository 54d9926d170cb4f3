"""The configuration of a search: every key, its meaning and its default, one section each.

A YAML of ``search_configs/`` holds the differences only. Sizes are KB of 1,024 bytes; times carry their
unit in the key.

``constraints`` limits what the network may cost on the board (flash, SRAM, latency); ``budget`` limits what
the search may cost here (trials, minutes of wall clock, CPU minutes).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class DataConfig(_Section):
    """Which samples, and how they are split. The split is stratified and does not depend on ``seed``."""

    name: str = "mnist5k"
    path: Path | None = None
    validation_share: float = Field(default=0.15, gt=0, lt=0.5)
    test_share: float = Field(default=0.15, gt=0, lt=0.5)
    split_seed: int = Field(default=0, ge=0)
    options: dict[str, bool | int | str] = Field(default={}, description="of the source; each checks its own")


class SpaceConfig(_Section):
    """Which networks may be proposed."""

    name: str = "layerwise"
    min_blocks: int = Field(default=2, ge=1)
    max_blocks: int = Field(default=6, ge=1, le=24)
    min_width: int = Field(default=4, ge=4, multiple_of=4)
    max_width: int = Field(default=64, ge=4, le=512, multiple_of=4)
    kernels: tuple[Literal[3, 5, 7], ...] = Field(default=(3, 5, 7), min_length=1)
    expansions: tuple[int, ...] = Field(default=(2, 3, 4, 6), min_length=1)
    hard_swish: bool = Field(default=False, description="layerwise: hard-swish in place of ReLU, as a gene")
    squeeze_excite: bool = Field(default=False, description="layerwise: channel gates, as a gene")
    shrink: bool = Field(default=False, description="layerwise: resolution by 2 or 4, as a gene")
    backbone: Literal["ds_cnn", "mobilenet_v2"] = Field(default="ds_cnn", description="micronets: its blocks")

    @model_validator(mode="after")
    def _ranges_are_not_empty(self) -> SpaceConfig:
        if self.min_blocks > self.max_blocks:
            raise ValueError(f"min_blocks {self.min_blocks} is more than max_blocks {self.max_blocks}")
        if self.min_width > self.max_width:
            raise ValueError(f"min_width {self.min_width} is more than max_width {self.max_width}")
        return self


class StrategyConfig(_Section):
    """Who proposes the next architecture. ``population`` and ``sample`` as in Real et al. 2019."""

    name: str = "aging_evolution"
    population: int = Field(default=12, ge=2)
    sample: int = Field(default=4, ge=1)
    pool: int = Field(default=32, ge=2, description="predictor_*: candidates weighed for each trial")
    supernet_length: float = Field(
        default=1.0, gt=0, description="dnas, darts: training of one supernet; 1 is about a minute"
    )
    draws: int = Field(default=16, ge=1, description="dnas, darts: networks tried from one supernet")
    order: Literal[1, 2] = Field(default=1, description="darts: 2 looks one step of the weights ahead")

    @model_validator(mode="after")
    def _tournament_fits(self) -> StrategyConfig:
        if self.sample > self.population:
            raise ValueError(f"sample {self.sample} is more than population {self.population}")
        return self


class SupernetConfig(_Section):
    """Of ``estimator.name: supernet``: one weight-sharing network, trained before the trials."""

    epochs: int = Field(default=20, ge=1, description="of the shared weights; fewer if the budget is short")
    subnets: int = Field(default=200, ge=1, description="scored with shared weights before any is trained")
    sample: int = Field(default=6, ge=0, description="of all ranks, trained alone to measure Kendall's tau")


class PrefilterConfig(_Section):
    """Zero-cost proxies: of 1 / ``keep`` proposals within the budgets the most promising is trained."""

    proxy: Literal["naswot", "synflow", "combined"] = "combined"
    keep: float = Field(default=0.5, gt=0, le=0.5, description="of the proposals; 0.25 takes one of four")


class EstimatorConfig(_Section):
    """How a candidate's accuracy is found.

    ``train`` trains each to the end, ``short`` stops what earlier trials' learning curves say will not be
    among the best, ``halving`` stops the worse half at the second and the fourth epoch (ASHA). ``supernet``
    lets the strategy search with shared weights first and trains the best of what it found.
    """

    name: Literal["train", "short", "halving", "supernet"] = "train"
    supernet: SupernetConfig = SupernetConfig()
    prefilter: PrefilterConfig | None = Field(default=None, description="by zero-cost proxies; absent: none")
    epochs: int = Field(default=8, ge=1, description="at most; early stopping may end before")
    patience: int = Field(default=4, ge=1, description="epochs without a better validation loss")
    batch_size: int = Field(default=32, ge=1)
    learning_rate: float = Field(default=0.02, gt=0, le=1, description="at the peak of one cycle")
    augment: bool = True
    calibration_samples: int = Field(default=100, ge=1)
    trial_deadline_s: float = Field(default=120.0, gt=0)


class FinalFitConfig(_Section):
    """The winner's proper training: augmentation, cosine schedule, inside the time budget."""

    share: float = Field(default=0.35, gt=0, lt=1, description="of a budget in minutes")
    epochs: int = Field(default=120, ge=1, description="at most")
    finalists: int = Field(default=1, ge=1, le=8)


class ConstraintsConfig(_Section):
    """What the network may cost on the board. A missing size means the board's, less firmware and stack."""

    flash_kb: float | None = Field(default=None, gt=0)
    sram_kb: float | None = Field(default=None, gt=0)
    latency_ms: float | None = Field(default=None, gt=0)


class RewardConfig(_Section):
    """reward = accuracy x (target_ms / latency)^exponent; without a target, accuracy alone.

    ``soft`` applies the factor always, ``hard`` only to networks slower than the target.
    """

    target_ms: float | None = Field(default=None, gt=0)
    exponent: float = Field(default=0.07, ge=0, le=4)
    mode: Literal["soft", "hard"] = "soft"


class LatencyConfig(_Section):
    """When a latency may be predicted from the run's own profiles instead of building and running a network.

    The error bar of the prediction is the largest relative error of ``min_networks`` or more measured
    networks, each predicted from all the others; see ``micronas.latency``.
    """

    source: Literal["measured", "emulated"] | None = Field(
        default=None, description="measured: device serial, and nothing else will do; absent: the device's"
    )
    model: bool = False
    measure_every: int = Field(default=5, ge=1, description="every k-th trial is built and run all the same")
    max_error: float = Field(default=0.05, gt=0, lt=1, description="relative; no wider bar predicts")
    min_networks: int = Field(default=5, ge=2)


class SearchBudget(_Section):
    """What the search may cost: trials, minutes of wall clock with the final fit inside, CPU minutes.

    Of several, the search ends at whichever comes first; a run whose minutes never bind is a pure function
    of its seed.
    """

    trials: int | None = Field(default=None, ge=1)
    minutes: float | None = Field(default=None, gt=0)
    cpu_minutes: float | None = Field(
        default=None, gt=0, description="of every process of the search; the final fit comes on top"
    )

    @model_validator(mode="after")
    def _has_an_end(self) -> SearchBudget:
        if self.trials is None and self.minutes is None and self.cpu_minutes is None:
            raise ValueError("give trials, minutes or cpu_minutes, or several of them")
        return self


class SearchConfig(_Section):
    """Everything that a search depends on besides the board profile and the data themselves."""

    board: str | None = None
    clock_mhz: float | None = Field(default=None, ge=0.1, le=10_000, description="absent: the profile's")
    data: DataConfig = DataConfig()
    space: SpaceConfig = SpaceConfig()
    strategy: StrategyConfig = StrategyConfig()
    estimator: EstimatorConfig = EstimatorConfig()
    final_fit: FinalFitConfig = FinalFitConfig()
    constraints: ConstraintsConfig = ConstraintsConfig()
    reward: RewardConfig = RewardConfig()
    latency: LatencyConfig = LatencyConfig()
    budget: SearchBudget = SearchBudget(trials=50)
    seed: int = Field(default=0, ge=0, lt=2**32)
    workers: int = Field(default=1, ge=1, le=64)
    device: Literal["qemu", "renode", "serial", "none"] = "qemu"
    probe: str | None = Field(default=None, description="serial number, for device serial")
    port: str | None = Field(default=None, description="serial port, for device serial")
    runtime: Literal["micronas", "tflm"] = "micronas"
    on_board_failure: Literal["continue", "stop"] = Field(
        default="continue", description="device serial: after a trial whose board was given up"
    )
    max_equal_failures: int = Field(default=5, ge=1, description="in a row, then the search stops")

    @model_validator(mode="before")
    @classmethod
    def _measured_means_a_board(cls, raw: Any) -> Any:
        """``latency.source: measured`` without a device means the serial port."""
        match raw:
            case {"latency": {"source": "measured"}} if raw.get("device") is None:
                return {**raw, "device": "serial"}
        return raw

    @model_validator(mode="after")
    def _device_is_of_the_source(self) -> SearchConfig:
        wanted = {"measured": ("serial",), "emulated": ("qemu", "renode"), None: (self.device,)}
        devices = wanted[self.latency.source]
        if self.device not in devices:
            raise ValueError(
                f"latency.source {self.latency.source} needs device {' or '.join(devices)}, not {self.device}"
            )
        return self

    @model_validator(mode="after")
    def _one_worker_per_board(self) -> SearchConfig:
        if self.device == "serial" and self.workers > 1:
            raise ValueError(f"device serial is one board, so workers must be 1, not {self.workers}")
        return self

    @model_validator(mode="after")
    def _a_model_needs_profiles(self) -> SearchConfig:
        if self.latency.model and (self.device == "none" or self.runtime != "micronas"):
            raise ValueError("latency.model learns from profiles, so it needs a device and runtime micronas")
        return self
