"""The configuration of a search: one class per section, with every key, its meaning and its default.

The top level is here. Each section is in a module of its own, and is imported from here.

A YAML file of ``search_configs/`` holds only what differs from the defaults. Sizes are KB of 1,024 bytes;
the key of a time ends in its unit.

``tools/write_reference.py`` writes docs/reference/configuration.md from these docstrings and descriptions.

``constraints`` limits what the network may cost on the board (flash, SRAM, latency); ``budget`` limits what
the search may cost on this machine (trials, minutes of wall clock, CPU minutes).
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from micronas.config.budget import SearchBudget
from micronas.config.constraints import ConstraintsConfig, RewardConfig
from micronas.config.data import DataConfig, Option
from micronas.config.estimator import EstimatorConfig, PrefilterConfig, SupernetConfig
from micronas.config.final_fit import FinalFitConfig, TrainingConfig
from micronas.config.latency import LatencyConfig
from micronas.config.pool import MOST_WORKERS, PoolConfig
from micronas.config.section import ConfigSection
from micronas.config.strategy import StrategyConfig
from micronas.space.space_config import SpaceConfig

__all__ = [
    "MOST_WORKERS",
    "ConstraintsConfig",
    "DataConfig",
    "EstimatorConfig",
    "FinalFitConfig",
    "LatencyConfig",
    "Option",
    "PoolConfig",
    "PrefilterConfig",
    "RewardConfig",
    "SearchBudget",
    "SearchConfig",
    "SpaceConfig",
    "StrategyConfig",
    "SupernetConfig",
    "TrainingConfig",
]


class SearchConfig(ConfigSection):
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
                f"device serial is a single board, so workers must be 1, not {self.workers}: set "
                "workers to 1, or name several boards in pool.boards"
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
