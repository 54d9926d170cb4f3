"""A stored run with a front of real networks, failures and a result, made without a training."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from micronas.board import load_board
from micronas.config import SearchConfig
from micronas.estimate.rejection import Rejection
from micronas.memory.ledger import Ledger, make_ledger
from micronas.memory.plan.prefer import Prefer
from micronas.model.graph import Graph
from micronas.model.net import (
    Add,
    Conv,
    Dense,
    DepthwiseConv,
    GlobalAveragePool,
    NetBuilder,
    SoftmaxLayer,
    shape_graph,
)
from micronas.model.tflite.writer import write
from micronas.quantize.layer_report import LayerReport, QuantizedLayer
from micronas.quantize.witness import Witness
from micronas.space.reference.random_weights import random_weights
from micronas.store import Final, Record, Store
from micronas.store.other_boards import BOARDS, OTHER_BOARDS, board_entry
from micronas.trial import Json, Latency, Outcome, Scores, Source, Trial, scores_to_json

BOARD = "nucleo_f446re"
CLASSES = ("zero", "one", "two", "three")
REJECTION = Rejection(0.625, ("three",), 3, 720, 5400.0, 45, 50, "at most 1 false accept per hour", 1.0)
CONFUSION: list[Json] = [[9, 1, 0, 0], [0, 10, 0, 0], [2, 0, 8, 0], [0, 0, 5, 5]]
LAYERS = (
    QuantizedLayer(-1, "INPUT", (16, 16, 1), 0.0, 1.0, 0.0, 1.0, 0.0, 51.0, 0.0),
    QuantizedLayer(0, "CONV_2D", (8, 8, 10), 0.0, 4.5, 0.0, 4.0, 0.125, 33.5, 17.5),
)
WIDTHS = (4, 6, 8, 10)
"""Of the COMPLETE trials 0 to 3: each is better and slower than the one before, so all are on the front."""
REFUSED, DEAD = 4, 6
"""Trials 4 and 5 are INFEASIBLE for one reason, 6 is FAILED."""


def residual_graph(width: int) -> Graph:
    """An int8 network for 16 x 16 x 1 with a residual connection around a separable block."""
    builder = NetBuilder((16, 16, 1))
    stem = builder.add(Conv(width, 3, 3, 2, 2))
    builder.chain(DepthwiseConv(3, 3), Conv(width, 1, 1))
    builder.add(Add(), stem, builder.last)
    net = builder.chain(GlobalAveragePool(), Dense(len(CLASSES)), SoftmaxLayer()).build()
    return random_weights(shape_graph(net), seed=width)


def scores_of(ledger: Ledger, quality: float, ms: float) -> Scores:
    latency = Latency(ms, Source.EMULATED, instructions=round(1000 * ms), core="cortex-m4")
    return Scores(
        quality_int8=quality,
        quality_float=quality + 0.01,
        flash_bytes=ledger.flash_bytes,
        sram_bytes=ledger.sram_bytes,
        macs=1000,
        parameters=100,
        latency=latency,
        reward=quality,
        epochs=3,
        train_cpu_s=1.5,
    )


def make_run(folder: Path, *, finished: bool = True, other: str = "") -> Path:
    """Create the run in ``folder`` and return it.

    ``other`` is a second board, on which each network has the same bytes and takes three times as long; trial
    2 is reported for it.
    """
    board = load_board(BOARD)
    facts: dict[str, Json] = {
        "config": SearchConfig(board=BOARD).model_dump(mode="json"),
        "board": board.model_dump(mode="json"),
        "seed": 0,
        "class_names": list(CLASSES),
        "majority_baseline": 0.25,
    }
    if other:
        facts[OTHER_BOARDS] = [load_board(other).model_dump(mode="json")]
    with Store.create(folder, facts) as store:
        store.begin_session()
        for number, width in enumerate(WIDTHS):
            graph = residual_graph(width)
            scores = scores_of(
                make_ledger(graph, board, prefer=Prefer.LATENCY), 0.6 + 0.1 * number, 2.0 + number
            )
            arch: Json = {
                "stem": {"kernel": 3, "width": width},
                "blocks": [{"kind": "separable", "gate": True}],
            }
            origin = "baseline" if number == 0 else "strategy"
            trial = Trial(number, arch, f"k{number}", Outcome.COMPLETE, scores, origin=origin)
            details: dict[str, Json] = {"curve": [0.5]}
            if other:
                details[BOARDS] = {other: board_entry(Outcome.COMPLETE, slower(scores))}
            store.add(Record(trial, details, tflite=write(graph)))
        for number in (REFUSED, REFUSED + 1):
            reason = f"flash: {900 + number} bytes over <64 KB>"
            store.add(
                Record(Trial(number, [number], f"k{number}", Outcome.INFEASIBLE, None, reason, "budget"), {})
            )
        store.add(Record(Trial(DEAD, [7], "k6", Outcome.FAILED, None, "the loss became nan", "train"), {}))
        if finished:
            finish(store, other)
    return folder


def slower(scores: Scores) -> Scores:
    """The same on a board that takes three times as long."""
    assert scores.latency is not None
    return replace(scores, latency=replace(scores.latency, ms=3 * scores.latency.ms))


def finish(store: Store, other: str = "") -> None:
    """Report trial 3, with the figures of a build; trial 2 for the ``other`` board."""
    tflite = store.model(3)
    scores = store.records()[3].trial.scores
    assert tflite is not None
    assert scores is not None
    deployment: Json = {
        "regions": {
            "flash": {"predicted": scores.flash_bytes, "linked": scores.flash_bytes + 8, "size": 524288},
            "sram": {"predicted": scores.sram_bytes, "linked": scores.sram_bytes, "size": 131072},
            "ccm": {"predicted": 0, "linked": 0, "size": 65536},
        },
        "sram": dict.fromkeys(("predicted", "linked", "reported"), scores.sram_bytes),
        "flash": {
            "predicted": scores.flash_bytes,
            "linked": scores.flash_bytes + 8,
            "constants": {"predicted": 1234, "linked": 1234},
            "code": 4321,
        },
    }
    result: dict[str, Json] = {
        "trial": 3,
        "key": "k3",
        "final_fit": True,
        "test_quality_int8": 0.875,
        "test_samples": 40,
        "scores": scores_to_json(scores),
        "deployment": deployment,
        "files": {},
        "confusion": {"matrix": CONFUSION, "classes": list(CLASSES)},
        "rejection": REJECTION.to_json(),
        "layers": LayerReport(32, LAYERS).to_json(),
        "witness": Witness("tflite-runtime 2.14.0", samples=40, elements=160).to_json(),
    }
    if other:
        second = store.records()[2].trial.scores
        assert second is not None
        own: dict[str, Json] = {"trial": 2, "key": "k2", "scores": scores_to_json(slower(second))}
        result[BOARDS] = {other: {**result, **own, "test_quality_int8": 0.75}}
    store.set_final(Final(result, tflite))
