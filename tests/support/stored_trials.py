"""Records of trials as a search stores them: one that has every figure, and one that failed."""

from __future__ import annotations

from micronas.store import Record
from micronas.trial import Latency, Outcome, Scores, Source, Trial

LATENCY = Latency(
    ms=1.5, source=Source.EMULATED, instructions=174_000, core="cortex-m4", clock_hz=180_000_000
)
SCORES = Scores(
    quality_int8=0.9,
    quality_float=0.91,
    flash_bytes=1000,
    sram_bytes=2000,
    macs=3,
    parameters=4,
    latency=LATENCY,
    reward=0.95,
    epochs=7,
    train_cpu_s=1.25,
)


def complete(number: int) -> Record:
    trial = Trial(
        number, {"blocks": [number, "x"]}, f"k{number}", Outcome.COMPLETE, SCORES, origin="strategy"
    )
    return Record(
        trial, {"parity": {"elements": 10, "mismatches": 0}}, rejected=3, tflite=b"TFL3" + bytes([number])
    )


def failed(number: int) -> Record:
    trial = Trial(number, [1], f"k{number}", Outcome.FAILED, reason="the loss became nan", stage="train")
    return Record(trial, {})
