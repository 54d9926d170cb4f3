"""A trial: one architecture, its outcome, and every figure with its source. Strategies learn from trials, the
store keeps them, and the report shows them.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from enum import Enum
from typing import TypeAlias, cast

from micronas.errors import plural

Json: TypeAlias = bool | int | float | str | list["Json"] | dict[str, "Json"] | None


def object_at(value: Json, *keys: str) -> dict[str, Json]:
    """The object at the path ``keys`` of ``value``; empty if there is none."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def number_of(value: Json) -> float | None:
    """``value`` if it is a number."""
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


class Outcome(Enum):
    """How a trial ended. Only COMPLETE trials rank."""

    COMPLETE = "COMPLETE"
    INFEASIBLE = "INFEASIBLE"
    FAILED = "FAILED"


class Source(Enum):
    """Where a figure comes from. Figures of different sources never share a column or a reward."""

    PREDICTED = "predicted"
    EMULATED = "emulated"
    MODELLED = "modelled"
    MEASURED = "measured"


@dataclass(frozen=True)
class Latency:
    """Time of one inference.

    ``ms`` of an EMULATED latency is ``instructions`` x the board's cycles per instruction / its clock:
    a rough estimate. That of a MODELLED one comes from a timing model of the core (``micronas.latency``),
    which says that it lies between ``low_ms`` and ``high_ms``, the flash taking ``wait_states``. Neither is
    a measurement.
    """

    ms: float
    source: Source
    instructions: int | None = None
    cycles: int | None = None
    core: str = ""
    clock_hz: int = 0
    low_ms: float | None = None
    high_ms: float | None = None
    wait_states: int | None = None

    def __str__(self) -> str:
        """For people: ``51 ms (46-59), modelled, M4, 5 wait states`` or ``51.20 ms, measured``."""
        if self.low_ms is None or self.high_ms is None:
            return f"{self.ms:.2f} ms, {self.source.value}"
        digits = max(0, 2 - int(math.log10(max(self.high_ms, 0.01)) + 1)) if self.high_ms < 100 else 0
        value, low, high = (f"{ms:.{digits}f}" for ms in (self.ms, self.low_ms, self.high_ms))
        core = self.core.removeprefix("cortex-").upper().replace("PLUS", "+")
        states = "" if self.wait_states is None else f", {plural(self.wait_states, 'wait state')}"
        return f"{value} ms ({low}-{high}), {self.source.value}, {core}{states}"


LARGE_DROP = 0.02
"""From float to int8: a larger drop is shown, because quantization then costs more than rounding does."""


@dataclass(frozen=True)
class Scores:
    """Figures of a completed trial.

    The qualities are in 0..1, on the validation split. Their meaning depends on the data set's task: for
    classification, the accuracy (share of correct predictions); for anomaly detection, the AUC (probability
    that an anomaly has a higher reconstruction error than a normal sample); for a regression, R2 (the share
    of the targets' variance that is explained; 0 if it is negative). ``quality_int8`` is the quality
    of the int8 file as the firmware computes it, ``quality_float`` that of the network before quantization.

    ``latency`` is None when no device ran the network; the reward is then the quality alone. ``cut`` says
    after how many epochs a clock ended the training; it is empty if the training ran to its own end.
    ``shortened`` says that fewer epochs than configured were planned, before the training began. ``mae`` and
    ``rmse`` are mean absolute and root mean squared error of a regression's int8 file, on the validation
    split and in the unit of the target; None for other tasks.
    """

    quality_int8: float
    quality_float: float
    flash_bytes: int
    sram_bytes: int
    macs: int
    parameters: int
    latency: Latency | None
    reward: float
    epochs: int
    train_cpu_s: float
    cut: str = ""
    shortened: str = ""
    mae: float | None = None
    rmse: float | None = None

    @property
    def int8_drop(self) -> str:
        """What quantization cost, in words, if that is more than ``LARGE_DROP``; otherwise empty."""
        drop = self.quality_float - self.quality_int8
        return f"int8 is {100 * drop:.1f} points below float" if drop > LARGE_DROP else ""

    @property
    def quality(self) -> float:
        """The quality by which a trained network ranks: that of its int8 file."""
        return self.quality_int8


BUDGET_STAGE, PREDICTION_STAGE = "budget", "prediction"
"""Stages at which a trial is refused before training: memory ledger, and predicted latency."""


@dataclass(frozen=True)
class Trial:
    """One line of a run's history; ``arch`` is the architecture's JSON, ``key`` its canonical hash."""

    number: int
    arch: Json
    key: str
    outcome: Outcome
    scores: Scores | None = None
    reason: str = ""
    stage: str = ""
    origin: str = ""

    @property
    def ending(self) -> str:
        """The outcome as shown to people; of COMPLETE trials, CUT if a clock ended the training and SHORT if
        fewer epochs than configured were planned.
        """
        if self.scores is None:
            return self.outcome.value
        return "CUT" if self.scores.cut else "SHORT" if self.scores.shortened else self.outcome.value

    @property
    def rank(self) -> tuple[bool, float, int]:
        """Sorts the best first: whole trainings before cut ones, then by reward, then by number."""
        if self.scores is None:
            return True, float("inf"), self.number
        return bool(self.scores.cut), -self.scores.reward, self.number

    @property
    def refused(self) -> bool:
        """Whether a budget excluded it before training."""
        return self.outcome is Outcome.INFEASIBLE and self.stage in (BUDGET_STAGE, PREDICTION_STAGE)


def scores_to_json(scores: Scores) -> dict[str, Json]:
    """Every field by its name; the latency is a nested object."""
    return {**asdict(scores), "latency": latency_to_json(scores.latency) if scores.latency else None}


def scores_from_json(value: dict[str, Json]) -> Scores:
    """The inverse of ``scores_to_json``."""
    stored = cast(dict[str, Json] | None, value["latency"])
    latency = latency_from_json(stored) if stored else None
    return Scores(**{**value, "latency": latency})  # type: ignore[arg-type]


_ALWAYS = ("instructions", "cycles")


def latency_to_json(latency: Latency) -> dict[str, Json]:
    """Every field by its name, the source by its value; a range only where there is one."""
    fields = {name: value for name, value in asdict(latency).items() if value is not None or name in _ALWAYS}
    return {**fields, "source": latency.source.value}


def latency_from_json(value: dict[str, Json]) -> Latency:
    """The inverse of ``latency_to_json``."""
    return Latency(**{**value, "source": Source(value["source"])})  # type: ignore[arg-type]
