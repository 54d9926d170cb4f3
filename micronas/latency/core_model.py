"""Class counts -> cycles on a core, as a range.

The weights are data, each with its source (``core_models.yaml``), and so are the flash accelerators
(``flash_accelerators.yaml``). A board is modelled if both files cover it.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

from micronas.board import Board, Core
from micronas.errors import BoardError
from micronas.latency.counts.classes import CLASSES, ClassCounts
from micronas.latency.counts.flash_cache import CacheShape

_MODELS = Path(__file__).with_name("core_models.yaml")
_ACCELERATORS = Path(__file__).with_name("flash_accelerators.yaml")


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Reference(_Frozen):
    """A core on a chip to whose cycles those of another core are proportional."""

    core: Core
    accelerator: str
    wait_states: int


class CoreModel(_Frozen):
    """Cycles of a core: ``weights`` of the classes, or ``factor`` times the cycles of ``of``."""

    weights: dict[str, float] = {}
    miss_cycles_per_wait_state: float = Field(default=0.0, ge=0)
    factor: float | None = Field(default=None, gt=0)
    of: Reference | None = None
    error: float = Field(gt=0, lt=1)
    error_per_wait_state: float = Field(default=0.0, ge=0)
    source: str

    @model_validator(mode="after")
    def _one_of_two(self) -> CoreModel:
        unknown = set(self.weights) - set(CLASSES)
        if unknown:
            raise ValueError(f"unknown class: {', '.join(sorted(unknown))}")
        if bool(self.weights) == (self.of is not None) or (self.of is None) != (self.factor is None):
            raise ValueError("give either weights, or factor and of")
        return self


class Accelerator(_Frozen):
    """The caches in front of a chip family's flash."""

    instructions: CacheShape
    data: CacheShape
    source: str


@dataclass(frozen=True)
class Cycles:
    """Modelled cycles with their range, from ``low`` to ``high``."""

    value: float
    error: float

    @property
    def low(self) -> float:
        """Lower end of the range."""
        return self.value * (1.0 - self.error)

    @property
    def high(self) -> float:
        """Upper end of the range."""
        return self.value * (1.0 + self.error)


@dataclass(frozen=True)
class Parts:
    """The cycles of an op by cause. ``memory`` is the time of loads and stores without flash."""

    arithmetic: float
    memory: float
    branches: float
    flash: float

    @property
    def bound(self) -> str:
        """The largest part."""
        parts = {
            "arithmetic": self.arithmetic,
            "loads": self.memory,
            "branches": self.branches,
            "flash": self.flash,
        }
        return max(parts, key=lambda name: parts[name])


@dataclass(frozen=True)
class TimingModel:
    """A core on a chip: weights, what a missed line costs, and the caches whose misses are to be counted.

    ``shapes_scale`` is there on a calibrated board: what the per-op model's cycles, which are those of the
    core's uncalibrated model, are multiplied by. ``access_cycles`` are what a load or store takes besides,
    because of the memory that the arena lies in.
    """

    core: Core
    weights: dict[str, float]
    miss_cycles: float
    scale: float
    error: float
    wait_states: int
    accelerator: Accelerator
    shapes_scale: float | None = None
    access_cycles: float = 0.0

    def cycles(self, counts: ClassCounts) -> Cycles:
        """Cycles of the counted instructions."""
        return Cycles(self.core_cycles(counts) + self.miss_cycles * self.scale * misses(counts), self.error)

    def core_cycles(self, counts: ClassCounts) -> float:
        """Cycles without waiting for flash."""
        core = sum(w * getattr(counts, name) for name, w in self.weights.items())
        return float(self.scale * core + self.access_cycles * accesses(counts))

    def parts(self, counts: ClassCounts) -> Parts:
        """The same cycles by cause."""
        names = {
            "memory": (
                "ldr",
                "ldr_paired",
                "str_regoffset",
                "ldm_words",
                "stm_words",
                "ldrd",
                "strd",
                "store",
            ),
            "branches": ("taken", "wide_unaligned_target"),
        }
        sums = {
            part: self.scale * sum(self.weights.get(n, 0.0) * getattr(counts, n) for n in classes)
            for part, classes in names.items()
        }
        singles = counts.ldr + counts.store + counts.ldrd + counts.strd
        jumps = counts.taken + counts.not_taken
        each = self.scale * self.weights.get("insn", 1.0)
        memory = sums["memory"] + each * singles + self.access_cycles * accesses(counts)
        branches = sums["branches"] + each * jumps
        arithmetic = self.core_cycles(counts) - memory - branches
        return Parts(arithmetic, memory, branches, self.miss_cycles * self.scale * misses(counts))


def accesses(counts: ClassCounts) -> float:
    """Words, halves and bytes that are loaded and stored."""
    return counts.ldr + counts.store + counts.ldm_words + counts.stm_words + 2 * (counts.ldrd + counts.strd)


def misses(counts: ClassCounts) -> float:
    """Reads of flash for which the core waited."""
    return counts.flash_insn + counts.flash_data


def timing_model(board: Board, memory: str = "") -> TimingModel:
    """The model of ``board`` at its clock; raises ``BoardError`` if core or chip family is not modelled.

    ``memory`` is where the arena lies (``str`` of an ``ArenaLocation``): a calibrated board may know that.
    """
    wait_states = board.region("flash").wait_states
    model = model_of(board.core, board.family, wait_states)
    measured = board.calibration
    if measured is None:
        return model
    there = measured.memories.get(memory)
    return replace(
        model,
        weights=measured.weights,
        miss_cycles=measured.miss_cycles_per_wait_state * wait_states,
        scale=1.0,
        error=measured.error,
        shapes_scale=model.scale * measured.core_factor * (there.factor if there else 1.0),
        access_cycles=there.cycles_per_access if there else 0.0,
    )


def is_modelled(board: Board) -> bool:
    """Whether ``timing_model`` covers the board."""
    try:
        timing_model(board)
    except BoardError:
        return False
    return True


def model_of(core: Core, family: str, wait_states: int) -> TimingModel:
    """The model of a core in a chip of ``family`` whose flash needs ``wait_states``."""
    model = core_models().get(core)
    if model is None:
        known = ", ".join(c.value for c in core_models())
        raise BoardError(f"there is no timing model of a {core.value}", remedy=f"use one of {known}")
    if model.of is not None and model.factor is not None:
        reference = model_of(model.of.core, model.of.accelerator, model.of.wait_states)
        return TimingModel(
            core,
            reference.weights,
            reference.miss_cycles,
            model.factor * reference.scale,
            model.error,
            wait_states,
            reference.accelerator,
        )
    accelerator = accelerators().get(family)
    if accelerator is None:
        known = ", ".join(accelerators())
        raise BoardError(f"there is no model of the flash of {family}", remedy=f"use one of {known}")
    error = model.error + model.error_per_wait_state * wait_states
    miss = model.miss_cycles_per_wait_state * wait_states
    return TimingModel(core, model.weights, miss, 1.0, error, wait_states, accelerator)


@functools.cache
def core_models() -> dict[Core, CoreModel]:
    """Every core of ``core_models.yaml``."""
    return {Core(name): CoreModel.model_validate(raw) for name, raw in _read(_MODELS).items()}


@functools.cache
def accelerators() -> dict[str, Accelerator]:
    """Every chip family of ``flash_accelerators.yaml``."""
    return {name: Accelerator.model_validate(raw) for name, raw in _read(_ACCELERATORS).items()}


def _read(path: Path) -> dict[str, Any]:
    raw: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return raw
