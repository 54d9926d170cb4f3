"""A search space, a gate and stages that cost microseconds, for the tests of strategies and loop."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from micronas.errors import SpaceError, TrainError
from micronas.memory.ledger import Verdict
from micronas.model.net import Net
from micronas.search.evaluation.task import Evaluate, TrialResult, TrialTask
from micronas.space.base import hash_json
from micronas.space.grammar import Choose
from micronas.store import Record
from micronas.trial import Json, Latency, Outcome, Scores, Source, Trial

GENES, VALUES = 6, 5


@dataclass(frozen=True)
class ToyArch:
    """Six digits from 0 to 4; the more, the better and the larger."""

    genes: tuple[int, ...]


class ToySpace:
    """All six-digit words over 0..4: 15,625 architectures."""

    def sample(self, rng: np.random.Generator) -> ToyArch:
        return ToyArch(tuple(int(g) for g in rng.integers(0, VALUES, GENES)))

    def mutate(self, arch: ToyArch, rng: np.random.Generator) -> ToyArch:
        choices = self.neighbours(arch)
        return choices[int(rng.integers(len(choices)))]

    def crossover(self, a: ToyArch, b: ToyArch, rng: np.random.Generator) -> ToyArch:
        cut = int(rng.integers(1, GENES))
        return ToyArch(a.genes[:cut] + b.genes[cut:])

    def neighbours(self, arch: ToyArch) -> tuple[ToyArch, ...]:
        return tuple(
            ToyArch((*arch.genes[:i], value, *arch.genes[i + 1 :]))
            for i in range(GENES)
            for value in range(VALUES)
            if value != arch.genes[i]
        )

    def net(self, arch: ToyArch) -> Net:
        raise NotImplementedError("the toy space has no networks")

    def baselines(self) -> tuple[ToyArch, ...]:
        return tuple(ToyArch((v,) * GENES) for v in reversed(range(VALUES)))

    def to_json(self, arch: ToyArch) -> Json:
        return list(arch.genes)

    def from_json(self, data: Json) -> ToyArch:
        if not isinstance(data, list) or len(data) != GENES:
            raise SpaceError(f"not six genes: {data!r}")
        return ToyArch(tuple(int(g) for g in data))  # type: ignore[arg-type]

    def key(self, arch: ToyArch) -> str:
        return hash_json(list(arch.genes))

    def grammar(self) -> ToyTokens:
        return ToyTokens()


class ToyTokens:
    """A toy word as six tokens, each in a slot of its own."""

    slots = (VALUES,) * GENES

    def emit(self, choose: Choose) -> ToyArch:
        return ToyArch(tuple(choose(slot, (True,) * VALUES) for slot in range(GENES)))

    def indices(self, arch: ToyArch) -> Iterator[int]:
        return iter(arch.genes)


@dataclass
class ToyGate:
    """Fits when the digits sum to ``limit`` at most; counts how often it was asked."""

    limit: int = GENES * VALUES
    asked: int = 0

    def verdict(self, arch: ToyArch) -> Verdict:
        self.asked += 1
        over = sum(arch.genes) - self.limit
        if over <= 0:
            return Verdict(fits=True, reasons=(), remedies=())
        return Verdict(fits=False, reasons=(f"{over} over",), remedies=())

    def fits(self, arch: ToyArch) -> bool:
        return self.verdict(arch).fits


def toy_scores(genes: list[int]) -> Scores:
    """A smooth landscape with its best at the largest digits, slower as they grow."""
    accuracy = 0.5 + 0.5 * sum(genes) / (GENES * (VALUES - 1))
    latency = Latency(ms=1.0 + sum(genes), source=Source.EMULATED, instructions=1000 * sum(genes))
    return Scores(
        quality_int8=accuracy,
        quality_float=accuracy,
        flash_bytes=100 * sum(genes) + 1,
        sram_bytes=10 * max(genes) + 1,
        macs=1000,
        parameters=sum(genes),
        latency=latency,
        reward=accuracy,
        epochs=1,
        train_cpu_s=0.0,
    )


def toy_evaluate(task: TrialTask) -> TrialResult:
    """The toy landscape; words whose digits sum to 3, 7, 11.. fail, as real trainings do now and then."""
    genes = list(task.arch)  # type: ignore[arg-type]
    if sum(genes) % 4 == 3:
        error = TrainError("the loss became nan")
        return TrialResult(Outcome.FAILED, stage=error.stage, reason=error.message)
    return TrialResult(Outcome.COMPLETE, toy_scores(genes), tflite=bytes(genes))


def toy_factory() -> Evaluate:
    """For worker processes."""
    return toy_evaluate


def toy_trial(number: int, genes: tuple[int, ...]) -> Trial:
    """A COMPLETE trial of the toy landscape."""
    space = ToySpace()
    arch = ToyArch(genes)
    return Trial(number, space.to_json(arch), space.key(arch), Outcome.COMPLETE, toy_scores(list(genes)))


@dataclass
class Silent:
    """An observer that keeps what it sees."""

    trials: list[tuple[Record, bool]]

    def trial(self, record: Record, replayed: bool, feasible_share: float, left: str) -> None:
        self.trials.append((record, replayed))

    def phase(self, text: str) -> None:
        pass
