"""A search with a stand-in for a board: which candidates it measures, and what it says of its predictions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from micronas.board import load_board
from micronas.config import parse_config
from micronas.latency.fine_features import fine_features_of
from micronas.latency.op_model import board_latency
from micronas.memory.ledger import Ledger
from micronas.model.graph import Graph
from micronas.search.evaluation import placement
from micronas.search.predicted_latency.check import check_predictions, check_text, check_to_json
from micronas.search.predicted_latency.prediction import PREDICTION, PROFILE
from micronas.search.setup import prepare
from micronas.store import Record
from micronas.trial import Latency, Source, number_of, object_at
from tests.support.modelled_search import run_untrained_search, share_of

BOARD = load_board("nucleo_f446re")
EVERY, MAX_ERROR, MIN_NETWORKS, TOLERANCE = 10, 0.08, 4, 0.15
TRIALS = 40
RAW: dict[str, object] = {
    "board": BOARD.name,
    "device": "serial",
    "data": {"name": "digits"},
    "space": {"max_blocks": 3, "max_width": 24},
    "strategy": {"name": "random"},
    "latency": {
        "model": True,
        "measure_every": EVERY,
        "max_error": MAX_ERROR,
        "min_networks": MIN_NETWORKS,
        "rank_tolerance": TOLERANCE,
    },
    "budget": {"trials": TRIALS},
}


class StandInBoard:
    """Takes a third longer than the timing model says, and a kernel up to 3 % more or less than that."""

    def __init__(self) -> None:
        self.measured = 0
        self._model = board_latency(BOARD)

    @contextmanager
    def deployment(
        self, graph: Graph, board: object, samples: object, *, ledger: Ledger, **_: object
    ) -> Iterator[SimpleNamespace]:
        """In place of building, flashing and profiling."""
        self.measured += 1
        counts = []
        for op in fine_features_of(graph, ledger.lowered):
            price = self._model.model.op(op)
            own = 1.0 + 0.06 * (share_of(op.kernel_class) - 0.5)
            counts.append(1.33 * own * (price.cycles + self._model.timing.miss_cycles * price.misses))
        total = sum(counts) + 100.0 * len(counts)
        hz = BOARD.clock.hz
        latency = Latency(1000 * total / hz, Source.MEASURED, cycles=round(total), core="m4", clock_hz=hz)
        per_op = [SimpleNamespace(count=count) for count in counts]
        measurement = SimpleNamespace(per_op=per_op, median=total, latency=latency)
        yield SimpleNamespace(ledger=ledger, measurement=measurement)


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Record], StandInBoard]:
    board = StandInBoard()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(placement, "verified_deployment", board.deployment)
        patch.setattr(placement, "deployment_to_json", lambda deployed: {})
        patch.setattr("micronas.search.requirements.require_tools", lambda device, board: None)
        setup = prepare(parse_config(RAW))
        records = run_untrained_search(setup, tmp_path_factory.mktemp("runs") / "run", TRIALS)
    return [r for r in records if "repeats_trial" not in r.details], board


def ms_of(record: Record) -> float:
    scores = record.trial.scores
    assert scores is not None
    assert scores.latency is not None
    return scores.latency.ms


def is_uncertain(record: Record, measured: list[float]) -> bool:
    """By the trial's prediction: none, too few networks, a wide bar, or a rank that the bar leaves open."""
    said = object_at(record.details, PREDICTION)
    ms, bar, networks = (number_of(said.get(key)) for key in ("ms", "error_bar", "networks"))
    if ms is None or bar is None or networks is None:
        return True
    near = sum(abs(other - ms) <= bar * ms for other in measured)
    return networks < MIN_NETWORKS or bar > MAX_ERROR or near > max(1.0, TOLERANCE * len(measured))


def test_only_uncertain_candidates_and_every_tenth_are_measured(
    searched: tuple[list[Record], StandInBoard],
) -> None:
    records, board = searched
    measured: list[float] = []
    reasons = {"routine": 0, "uncertain": 0, "predicted": 0}
    for record in records:
        routine, uncertain = record.trial.number % EVERY == 0, is_uncertain(record, measured)
        assert (PROFILE in record.details) == (routine or uncertain), record.trial.number
        reasons["routine" if routine else "uncertain" if uncertain else "predicted"] += 1
        if PROFILE in record.details:
            measured.append(ms_of(record))
    assert min(reasons.values()) >= 3, reasons
    assert board.measured == len(measured) < len(records)


def test_a_prediction_is_labelled_and_a_measurement_is(searched: tuple[list[Record], StandInBoard]) -> None:
    for record in searched[0]:
        assert record.trial.scores is not None
        assert record.trial.scores.latency is not None
        expected = Source.MEASURED if PROFILE in record.details else Source.PREDICTED
        assert record.trial.scores.latency.source is expected


def test_the_end_reports_predicted_against_measured_with_rank_correlation(
    searched: tuple[list[Record], StandInBoard],
) -> None:
    records, _ = searched
    check = check_predictions(records)
    both = [r for r in records if PROFILE in r.details and PREDICTION in r.details]
    assert [round(measured, 6) for _, measured in check.pairs] == [round(ms_of(r), 6) for r in both]
    assert len(both) >= 5
    said = check_to_json(check)
    tau = number_of(said["kendall_tau"])
    assert tau is not None
    assert tau > 0.9
    assert f"{len(both)} predicted and measured, errors up to" in check_text(check)
    assert f"Kendall's tau {tau:.2f}" in check_text(check)
