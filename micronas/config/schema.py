"""The configuration of a search: one class per section, with every key, its meaning and its default.

A YAML file of ``search_configs/`` holds only what differs from the defaults. Sizes are KB of 1,024 bytes;
the key of a time ends in its unit.

``tools/write_reference.py`` writes docs/reference/configuration.md from the docstrings and descriptions here.

``constraints`` limits what the network may cost on the board (flash, SRAM, latency); ``budget`` limits what
the search may cost on this machine (trials, minutes of wall clock, CPU minutes).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from micronas.space.space_config import SpaceConfig as SpaceConfig

NonNegative: TypeAlias = Annotated[int, Field(ge=0)]

Option: TypeAlias = bool | int | float | str | list[str]
"""The value of an option of a data source."""


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class DataConfig(_Section):
    """The data set and its split. The split is stratified and does not depend on the search's ``seed``."""

    name: str = Field(default="mnist5k", description="data source, or your own as `module:function`")
    path: Path | None = Field(default=None, description="file or folder of the source, if it needs one")
    validation_share: float = Field(default=0.15, gt=0, lt=0.5, description="share of the samples")
    test_share: float = Field(default=0.15, gt=0, lt=0.5, description="share of the samples, sealed")
    split_seed: int = Field(
        default=0, ge=0, description="seed of the split; picks the fold of prepared folds"
    )
    metric: str | None = Field(
        default=None,
        description="balanced_accuracy, macro_f1, recall@0.01 (recall at 1 % false alarms), "
        "known_recall@0.05 or known_recall@1/h (recall of the known classes while at most 5 % of the samples "
        "of `unknown`, or one per hour, are accepted), or your own as `module:function`; absent: the task's",
    )
    unknown: list[str] = Field(
        default=[],
        description="classes that a detector should ignore (background, silence, other words): their false "
        "accepts are reported, per hour where the rate is known",
    )
    mirror: bool | None = Field(
        default=None,
        description="whether a mirrored picture keeps its class; absent: colour pictures do. "
        "false for signs, letters and left against right",
    )
    triads: tuple[tuple[NonNegative, NonNegative, NonNegative], ...] = Field(
        default=(),
        description="streams: channels that are the x, y and z axes of one sensor, for example [[0, 1, 2]]; "
        "declare them if the sensor is worn or mounted in any direction: training then rotates them",
    )
    options: dict[str, Option] = Field(
        default={}, description="options of the source; each source checks its own"
    )


class StrategyConfig(_Section):
    """The search strategy and its parameters."""

    name: str = Field(default="aging_evolution", description="search strategy, or your own as `module:Name`")
    population: int | None = Field(
        default=None,
        ge=2,
        description="aging_evolution, nsga2: size of the population; absent: a quarter of budget.trials, "
        "8 to 24, or 12 without that budget",
    )
    sample: int = Field(default=4, ge=1, description="aging_evolution: tournament size (Real et al. 2019)")
    sized: bool = Field(
        default=True,
        description="aging_evolution: start from networks of every size up to the flash budget",
    )
    guided: bool = Field(
        default=True,
        description="aging_evolution and nsga2: a predictor chooses which of eight children is tried",
    )
    pool: int = Field(default=32, ge=2, description="predictor_*: candidates compared for each trial")
    supernet_length: float = Field(
        default=1.0, gt=0, description="dnas, darts: length of one supernet training; 1 is about a minute"
    )
    draws: int = Field(default=16, ge=1, description="dnas, darts: networks tried from one supernet")
    order: Literal[1, 2] = Field(default=1, description="darts: first- or second-order gradient")
    partial_channels: Literal[1, 2, 4] = Field(
        default=2, description="darts: one in this many channels is mixed; 1 is plain DARTS"
    )
    early_stop: bool = Field(
        default=True, description="darts: stop before the cells collapse; false is plain DARTS"
    )

    @model_validator(mode="after")
    def _tournament_fits(self) -> StrategyConfig:
        if self.population is not None and self.sample > self.population:
            raise ValueError(f"sample {self.sample} is more than population {self.population}")
        return self


class SupernetConfig(_Section):
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


class PrefilterConfig(_Section):
    """Zero-cost proxies: the best of 1 / ``keep`` proposals is trained."""

    proxy: Literal["naswot", "synflow", "combined", "parameters"] = Field(
        default="combined",
        description="ranks the proposals; combined is the mean rank by naswot and synflow, parameters the "
        "number of weights",
    )
    keep: float = Field(default=0.5, gt=0, le=0.5, description="share of proposals kept; 0.25 is one in four")


class EstimatorConfig(_Section):
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


class FinalFitConfig(_Section):
    """The final training of the winner: augmentation and a cosine schedule, inside the time budget.

    Before it, the best trials and the best baseline network are trained again with other seeds, and rank by
    the mean: the best of many single trainings is mostly the luckiest. A quarter of the trials at most.
    """

    share: float | None = Field(
        default=None,
        gt=0,
        lt=1,
        description="share of a budget in minutes or CPU minutes that trials leave for it; absent: what its "
        "epochs would take by the speed of the best trial, 0.1 to 0.5, or up to 0.75 for its first 40 epochs",
    )
    epochs: int = Field(default=120, ge=1, description="maximum epochs")
    finalists: int = Field(default=1, ge=1, le=8, description="number of best networks to train this way")
    candidates: int = Field(
        default=5, ge=1, le=16, description="number of best trials to train again before that; 1: none"
    )
    seeds: int = Field(default=2, ge=1, le=10, description="further trainings of each, as the budget allows")


class TrainingConfig(_Section):
    """Options of the final training of the finalists; both are off by default."""

    qat: Literal["off", "finalists"] = Field(
        default="off",
        description="quantization-aware training after the final training: a tenth of its epochs with int8 "
        "rounding in the loop; kept if the int8 network is better on validation data",
    )
    distill: Literal["off", "finalists"] = Field(
        default="off", description="finalists also learn the outputs of a better float network"
    )
    teacher: Path | None = Field(
        default=None, description="distill: a .keras file; absent: the trial with the best float network"
    )

    @field_validator("qat", "distill", mode="before")
    @classmethod
    def _yaml_reads_off_as_false(cls, value: Any) -> Any:
        return "off" if value is False else value

    @model_validator(mode="after")
    def _teacher_has_pupils(self) -> TrainingConfig:
        if self.teacher is not None and self.distill == "off":
            raise ValueError("teacher is given, but distill is off")
        return self


class ConstraintsConfig(_Section):
    """Limits of the network on the board. A missing size means the board's, minus firmware and stack."""

    flash_kb: float | None = Field(default=None, gt=0, description="maximum flash, KB; absent: the board's")
    sram_kb: float | None = Field(default=None, gt=0, description="maximum SRAM, KB; absent: the board's")
    latency_ms: float | None = Field(
        default=None, gt=0, description="maximum time of one inference; absent: no limit"
    )
    macs: int | None = Field(
        default=None, ge=1, description="maximum multiply-accumulates of one inference; absent: no limit"
    )


class RewardConfig(_Section):
    """The reward is accuracy x (target_ms / latency)^exponent; without a target, accuracy alone.

    ``soft`` applies the factor to every network, ``hard`` only to those slower than the target.
    """

    target_ms: float | None = Field(default=None, gt=0, description="target latency; absent: none")
    exponent: float = Field(default=0.07, ge=0, le=4, description="weight of the latency; 0 ignores it")
    mode: Literal["soft", "hard"] = Field(default="soft", description="when the latency factor applies")
    function: str | None = Field(
        default=None, description="reward of your own as `module:function`, in place of the formula"
    )


class LatencyConfig(_Section):
    """Where latencies come from (docs/background/latency_model.md).

    ``modelled``: the timing model of the board's core, from shapes; no board is needed. ``measured``: cycles
    of the board. ``emulated``: instructions times one constant. With ``model``, a run predicts measured or
    emulated latencies from those of its own networks, and does not build and run a network if the prediction
    is good enough.

    The error bar of a prediction is the largest relative error over ``min_networks`` or more profiled
    networks, each predicted from all the others; see ``micronas.latency``.
    """

    source: Literal["measured", "emulated", "modelled"] | None = Field(
        default=None,
        description="absent: measured with device serial, emulated with latency.model, otherwise modelled",
    )
    model: bool = Field(default=False, description="predict latencies from the run's own profiles")
    measure_every: int = Field(default=5, ge=1, description="every k-th trial is always built and run")
    max_error: float = Field(default=0.05, gt=0, lt=1, description="maximum error bar, relative")
    min_networks: int = Field(default=5, ge=2, description="profiled networks before the first prediction")
    rank_tolerance: float | None = Field(
        default=None,
        gt=0,
        lt=1,
        description="measure too if a larger share of the run's networks lies within the error bar; try 0.1",
    )


MOST_WORKERS = 64


class SearchBudget(_Section):
    """What the search may cost. With several limits, the search ends at the first that is reached.

    A run that ends by its number of trials is a pure function of its seed.
    """

    trials: int | None = Field(default=None, ge=1, description="number of trials")
    minutes: float | None = Field(default=None, gt=0, description="wall clock, final training included")
    cpu_minutes: float | None = Field(
        default=None, gt=0, description="CPU time of all processes, the final training included"
    )

    @model_validator(mode="after")
    def _has_an_end(self) -> SearchBudget:
        if self.trials is None and self.minutes is None and self.cpu_minutes is None:
            raise ValueError("give at least one of trials, minutes and cpu_minutes")
        return self


class PoolConfig(_Section):
    """Several boards of one profile behind one search (docs/guides/machines_and_boards.md).

    Each board measures one network at a time. A network whose measurement fails because of a board is
    measured on another one. At its beginning, a search measures the same network on every board.
    """

    boards: tuple[str, ...] = Field(
        default=(),
        description="device serial: serial numbers of probes, or ports. Absent with executor ray: every "
        "board of the profile that the cluster has",
    )
    emulated: int = Field(
        default=0, ge=0, le=MOST_WORKERS, description="device qemu or renode: emulated boards, to try a pool"
    )
    quarantine_after: int = Field(
        default=3, ge=1, description="failures in a row after which a board is not used any more"
    )
    tolerance: float = Field(
        default=0.02,
        gt=0,
        lt=1,
        description="a board is named if its latency differs by more than this share from the median of all",
    )

    @field_validator("boards")
    @classmethod
    def _each_board_once(cls, boards: tuple[str, ...]) -> tuple[str, ...]:
        twice = next((name for name in boards if boards.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"{twice} is named more than once")
        return boards


class SearchConfig(_Section):
    """Everything that a search depends on, except the board profile and the data."""

    board: str | None = Field(default=None, description="board profile; `micronas boards` lists them")
    other_boards: tuple[str, ...] = Field(
        default=(), description="more boards for the same search: each network is evaluated for every board"
    )
    clock_mhz: float | None = Field(
        default=None, ge=0.1, le=10_000, description="core clock; absent: the profile's"
    )
    data: DataConfig = DataConfig()
    space: SpaceConfig = SpaceConfig()
    strategy: StrategyConfig = StrategyConfig()
    estimator: EstimatorConfig = EstimatorConfig()
    final_fit: FinalFitConfig = FinalFitConfig()
    training: TrainingConfig = TrainingConfig()
    constraints: ConstraintsConfig = ConstraintsConfig()
    reward: RewardConfig = RewardConfig()
    latency: LatencyConfig = LatencyConfig()
    budget: SearchBudget = SearchBudget(trials=50)
    seed: int = Field(default=0, ge=0, lt=2**32, description="seed of all random choices of the search")
    workers: int = Field(
        default=0,
        ge=0,
        le=MOST_WORKERS,
        description="trials evaluated at the same time; 0: one per core, or 1 with a single board",
    )
    executor: Literal["local", "ray"] = Field(
        default="local", description="where trials run; ray: as tasks of a Ray cluster"
    )
    ray_address: str = Field(default="auto", description="executor ray: HOST:PORT; auto: this host's cluster")
    gpus_per_trial: float = Field(
        default=0.0, ge=0, le=8, description="executor ray: share of a GPU that a trial takes"
    )
    worker_memory_gb: float | None = Field(
        default=None,
        gt=0,
        description="memory limit of a worker; absent: 90 % of the machine's, divided by workers",
    )
    device: Literal["qemu", "renode", "serial", "none"] = Field(
        default="qemu", description="where candidates run; none: no firmware, no latency"
    )
    probe: str | None = Field(default=None, description="device serial: serial number of the probe")
    port: str | None = Field(default=None, description="device serial: serial port")
    pool: PoolConfig = PoolConfig()
    runtime: Literal["micronas", "tflm"] = Field(
        default="micronas", description="tflm: flash and SRAM are the .tflite file and TFLite Micro's arena"
    )
    prefer: Literal["auto", "latency", "sram", "rows"] = Field(
        default="auto",
        description="memory plan. auto: latency; latency: the fastest op by op that is modelled to fit; "
        "sram: the smallest arena op by op; rows: smaller and mostly slower, the first ops row by row",
    )
    on_board_failure: Literal["continue", "stop"] = Field(
        default="continue", description="device serial: after a trial that failed because of the board"
    )
    max_equal_failures: int = Field(
        default=5, ge=1, description="equal failures in a row that stop the search"
    )

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
        wanted = {
            "measured": ("serial",),
            "emulated": ("qemu", "renode"),
            "modelled": ("qemu", "renode", "none"),
            None: (self.device,),
        }
        devices = wanted[self.latency.source]
        if self.device not in devices:
            raise ValueError(
                f"latency.source {self.latency.source} needs device {' or '.join(devices)}, not {self.device}"
            )
        return self

    @model_validator(mode="after")
    def _one_worker_per_board(self) -> SearchConfig:
        if self.device == "serial" and self.workers > 1 and not self.has_pool:
            raise ValueError(
                f"device serial is a single board, so workers must be 1, not {self.workers}: name several "
                "boards in pool.boards"
            )
        return self

    @property
    def has_pool(self) -> bool:
        """Whether trials are measured on the boards of a pool; a cluster has its boards in one."""
        at_nodes = self.executor == "ray" and self.device == "serial"
        return at_nodes or bool(self.pool.boards) or self.pool.emulated > 0

    @model_validator(mode="after")
    def _what_a_pool_needs(self) -> SearchConfig:
        if not self.has_pool:
            return self
        if self.pool.boards and self.device != "serial":
            raise ValueError(f"pool.boards needs device serial, not {self.device}")
        if self.pool.boards and (self.probe or self.port):
            raise ValueError("probe and port name a single board: leave them out, or leave out pool.boards")
        if self.pool.emulated and self.device not in ("qemu", "renode"):
            raise ValueError(f"pool.emulated needs device qemu or renode, not {self.device}")
        if self.other_boards:
            raise ValueError("a pool holds boards of one profile: leave other_boards out")
        if self.estimator.name == "supernet":
            raise ValueError("estimator supernet measures on a single board: leave the pool out")
        return self

    @model_validator(mode="after")
    def _what_several_boards_share(self) -> SearchConfig:
        if not self.other_boards:
            return self
        if self.board is None:
            raise ValueError("other_boards needs board, the first of them")
        if self.device == "serial":
            raise ValueError("device serial is a single board: search for one board at a time")
        if self.latency.model:
            raise ValueError("latency.model learns the latencies of one board: leave other_boards out")
        if self.estimator.name == "supernet" or self.strategy.name in ("dnas", "darts"):
            raise ValueError(
                "estimator supernet and strategies dnas and darts train one supernet for one board: leave "
                "other_boards out, or choose another strategy and estimator"
            )
        return self

    @model_validator(mode="after")
    def _what_a_cluster_lacks(self) -> SearchConfig:
        if self.executor != "ray":
            return self
        if self.budget.cpu_minutes is not None:
            raise ValueError(
                "executor ray does not count the CPU time of its nodes: set budget.minutes or budget.trials "
                "in place of budget.cpu_minutes"
            )
        if self.worker_memory_gb is not None:
            raise ValueError(
                "executor ray limits memory per node, not per worker: leave worker_memory_gb out and start "
                "the nodes with the memory that trials may use"
            )
        return self

    @model_validator(mode="after")
    def _a_model_needs_profiles(self) -> SearchConfig:
        if self.latency.model and (self.device == "none" or self.runtime != "micronas"):
            raise ValueError("latency.model learns from profiles, so it needs a device and runtime micronas")
        if self.latency.model and self.latency.source == "modelled":
            raise ValueError(
                "latency.model needs networks that run on a device, but latency.source modelled runs none: "
                "set only one of the two"
            )
        return self
