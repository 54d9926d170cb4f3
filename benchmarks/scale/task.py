"""A search task that costs microseconds: words of twelve digits, with figures that follow from the digits.

The loop, the store, the strategies and the report are the real ones; only space, gate and training are not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from micronas.errors import SpaceError
from micronas.memory.ledger import Verdict
from micronas.model.net import Net
from micronas.search.evaluation.task import TrialResult, TrialTask
from micronas.space.base import hash_json
from micronas.space.grammar import Choose
from micronas.trial import Json, Latency, Outcome, Scores, Source

GENES, VALUES = 12, 6
DETAIL_BYTES, MODEL_BYTES = 2_500, 20_000
"""About what a trial that was built and run leaves in the store."""


@dataclass(frozen=True)
class Word:
    """Twelve digits from 0 to 5; the more, the better and the slower."""

    genes: tuple[int, ...]


class WordSpace:
    """Two thousand million words."""

    def sample(self, rng: np.random.Generator) -> Word:
        return Word(tuple(int(g) for g in rng.integers(0, VALUES, GENES)))

    def mutate(self, arch: Word, rng: np.random.Generator) -> Word:
        place, step = int(rng.integers(GENES)), int(rng.integers(1, VALUES))
        genes = list(arch.genes)
        genes[place] = (genes[place] + step) % VALUES
        return Word(tuple(genes))

    def crossover(self, a: Word, b: Word, rng: np.random.Generator) -> Word:
        cut = int(rng.integers(1, GENES))
        return Word(a.genes[:cut] + b.genes[cut:])

    def neighbours(self, arch: Word) -> tuple[Word, ...]:
        return ()

    def net(self, arch: Word) -> Net:
        raise NotImplementedError("words have no networks")

    def baselines(self) -> tuple[Word, ...]:
        return ()

    def to_json(self, arch: Word) -> Json:
        return list(arch.genes)

    def from_json(self, data: Json) -> Word:
        if not isinstance(data, list) or len(data) != GENES:
            raise SpaceError(f"not {GENES} digits: {data!r}")
        return Word(tuple(int(g) for g in data))  # type: ignore[arg-type]

    def key(self, arch: Word) -> str:
        return hash_json(list(arch.genes))

    def grammar(self) -> WordGrammar:
        return WordGrammar()


class WordGrammar:
    """A word as twelve tokens, each in a slot of its own."""

    slots = (VALUES,) * GENES

    def emit(self, choose: Choose) -> Word:
        return Word(tuple(choose(slot, (True,) * VALUES) for slot in range(GENES)))

    def indices(self, arch: Word) -> tuple[int, ...]:
        return arch.genes


class WordGate:
    """Words whose digits sum to 40 at most fit."""

    def verdict(self, arch: Word) -> Verdict:
        over = sum(arch.genes) - 40
        return Verdict(fits=over <= 0, reasons=() if over <= 0 else (f"{over} over",), remedies=())

    def fits(self, arch: Word) -> bool:
        return self.verdict(arch).fits


def evaluate(task: TrialTask) -> TrialResult:
    """Figures of the digits; every 19th word fails, as trainings do now and then."""
    genes = np.array(task.arch, np.int64)
    total = int(genes @ np.arange(1, GENES + 1))
    if total % 19 == 7:
        return TrialResult(Outcome.FAILED, stage="train", reason="the loss became nan")
    quality = 0.5 + 0.5 * (1.0 - np.exp(-total / 200.0)) - 0.001 * (total % 7)
    latency = Latency(ms=1.0 + int(genes.sum()) / 4, source=Source.EMULATED, instructions=1000 * total)
    scores = Scores(
        quality_int8=float(quality),
        quality_float=float(quality),
        flash_bytes=1000 + 100 * int(genes.sum()),
        sram_bytes=500 + 100 * int(genes.max()),
        macs=1000 * total,
        parameters=total,
        latency=latency,
        reward=float(quality) / latency.ms**0.1,
        epochs=8,
        train_cpu_s=0.0,
    )
    details: dict[str, Json] = {"curve": [0.5] * 8, "per_op": "x" * DETAIL_BYTES}
    return TrialResult(Outcome.COMPLETE, scores, details=details, tflite=bytes(MODEL_BYTES))
