"""A latency budget before training: what is refused, what is let through, and that a killed run goes on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from micronas.config import LatencyConfig
from micronas.errors import SearchError
from micronas.latency import LatencyModel, Profile, classes_before_training
from micronas.search.evaluation.task import TrialResult, TrialTask
from micronas.search.predicted_latency.check import check_predictions, check_text, check_to_json
from micronas.search.predicted_latency.gate import UNTRAINED, LatencyGate
from micronas.search.predicted_latency.prediction import PROFILE, PredictedLatency, predict_untrained_latency
from micronas.store import Record, Store
from micronas.trial import PREDICTION_STAGE, Json, Latency, Outcome, Source, Trial
from tests.support.latency_profiles import NETWORKS, op
from tests.support.search_fakes import ToyArch
from tests.support.toy_latency import evaluate as evaluate_freely
from tests.support.toy_latency import measured, use_toy_features
from tests.support.toy_loop import make_loop

CONFIG = LatencyConfig(model=True, measure_every=3, max_error=0.05, min_networks=3)
LIMIT_MS = 0.76
"""About half of the toy words are slower."""


@pytest.fixture(autouse=True)
def toy_features(monkeypatch: pytest.MonkeyPatch) -> None:
    use_toy_features(monkeypatch)


def gate(limit_ms: float = LIMIT_MS, config: LatencyConfig = CONFIG) -> LatencyGate:
    def say(arch: Any, observed: Sequence[Json]) -> PredictedLatency | None:
        genes: Any = list(arch.genes)
        return predict_untrained_latency(genes, (), observed)

    return LatencyGate(say, config, limit_ms)


def evaluate(task: TrialTask) -> TrialResult:
    """Measures, and refuses what is too slow as a search does."""
    result = evaluate_freely(task)
    assert result.scores is not None
    assert result.scores.latency is not None
    if result.scores.latency.ms <= LIMIT_MS:
        return result
    return TrialResult(Outcome.INFEASIBLE, stage="latency", reason="too slow", details=result.details)


def run(folder: Path, *, workers: int = 1, limit_ms: float = LIMIT_MS) -> list[Record]:
    with Store.create(folder, {}) as store:
        return make_loop(
            store,
            evaluate=evaluate,
            trials=40,
            workers=workers,
            strategy="random",
            max_equal_failures=40,
            latency_gate=gate(limit_ms),
        ).run()


def refused(records: Sequence[Record]) -> list[Record]:
    return [r for r in records if r.trial.stage == PREDICTION_STAGE]


def let_through(records: Sequence[Record]) -> list[Record]:
    return [r for r in records if UNTRAINED in r.details and r.trial.stage != PREDICTION_STAGE]


def test_what_is_predicted_too_slow_is_not_trained_and_is_too_slow(tmp_path: Path) -> None:
    trained: list[str] = []

    def watched(task: TrialTask) -> TrialResult:
        trained.append(task.key)
        return evaluate(task)

    with Store.create(tmp_path / "run", {}) as store:
        loop = make_loop(
            store,
            evaluate=watched,
            trials=40,
            strategy="random",
            max_equal_failures=40,
            latency_gate=gate(),
        )
        records = loop.run()
        assert [store.model(r.trial.number) for r in refused(records)] == [None] * len(refused(records))
    assert len(refused(records)) >= 5
    assert not {r.trial.key for r in refused(records)} & set(trained)
    for record in refused(records):
        genes: Any = record.trial.arch
        assert measured(genes).latency.ms > LIMIT_MS
        assert record.trial.outcome is Outcome.INFEASIBLE
        assert record.trial.refused
        for part in ("predicted before training", "error bar", "over constraints.latency_ms 0.76"):
            assert part in record.trial.reason


def test_every_third_of_them_is_measured_all_the_same(tmp_path: Path) -> None:
    records = run(tmp_path / "run")
    met = [r for r in records if UNTRAINED in r.details and "repeats_trial" not in r.details]
    assert len(met) >= 6
    assert [i % 3 == 2 for i in range(len(met))] == [r.trial.stage != PREDICTION_STAGE for r in met]
    for record in let_through(met):
        said: Any = record.details[UNTRAINED]
        assert said["let_through"]
        assert PROFILE in record.details, "measured, not predicted"
        assert not record.trial.refused


def test_a_limit_that_everything_meets_refuses_nothing(tmp_path: Path) -> None:
    assert refused(run(tmp_path / "run", limit_ms=9.0)) == []


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("killed_at", [4, 9, 15])
def test_a_killed_run_refuses_what_the_whole_one_did(tmp_path: Path, workers: int, killed_at: int) -> None:
    whole, done = run(tmp_path / "whole", workers=workers), 0

    def dying(task: TrialTask) -> TrialResult:
        nonlocal done
        if done == killed_at:
            raise KilledError
        done += 1
        return evaluate(task)

    settings: Any = {"trials": 40, "workers": workers, "strategy": "random", "max_equal_failures": 40}
    with Store.create(tmp_path / "cut", {}) as store, pytest.raises(KilledError):
        make_loop(store, evaluate=dying, latency_gate=gate(), **settings).run()
    with Store.resume(tmp_path / "cut") as store:
        again = make_loop(store, evaluate=evaluate, latency_gate=gate(), **settings).run()
    assert [r.trial for r in again] == [r.trial for r in whole]
    assert [r.details.get(UNTRAINED) for r in again] == [r.details.get(UNTRAINED) for r in whole]
    assert refused(whole)


class KilledError(Exception):
    """Stands for the end of the process."""


def said(ms: float, error: float, networks: int = 5) -> PredictedLatency:
    return PredictedLatency(Latency(ms, Source.PREDICTED), error, networks)


@pytest.mark.parametrize(
    ("predicted", "slow"),
    [
        (None, False),
        (said(10.4, 0.05), False),  # 9.88 ms at least
        (said(10.6, 0.05), True),  # 10.07 ms at least
        (said(10.6, 0.05, networks=2), False),
        (said(99.0, 0.06), False),  # a bar that wide predicts nothing
    ],
)
def test_the_error_bar_is_taken_off(predicted: PredictedLatency | None, slow: bool) -> None:
    slow_one = LatencyGate(lambda arch, observed: predicted, CONFIG, 10.0).check(ToyArch((1,) * 6), ())
    assert (slow_one is not None) is slow


def test_the_reason_names_prediction_bar_and_limit() -> None:
    slow = LatencyGate(lambda arch, observed: said(20.0, 0.05), CONFIG, 10.0).check(ToyArch((1,) * 6), ())
    assert slow is not None
    assert slow.reason == (
        "20.00 ms (predicted before training, error bar 5.0 %): at least 19.00 ms, "
        "9.00 ms over constraints.latency_ms 10"
    )


def test_refusals_do_not_end_a_search_and_measured_ones_do(tmp_path: Path) -> None:
    with Store.create(tmp_path / "run", {}) as store, pytest.raises(SearchError, match="4 trials in a row"):
        make_loop(
            store,
            evaluate=lambda task: TrialResult(Outcome.INFEASIBLE, stage="latency", reason="12 ms"),
            trials=60,
            strategy="random",
            max_equal_failures=4,
            latency_gate=LatencyGate(lambda arch, observed: said(12.0, 0.01), CONFIG, 10.0),
        ).run()
    with Store.read(tmp_path / "run") as store:
        ends = [r.trial.stage for r in store.records()]
    assert ends == ["prediction", "prediction", "latency"] * 4


def test_the_check_counts_refusals_and_how_many_were_right(tmp_path: Path) -> None:
    records = run(tmp_path / "run")
    check = check_predictions(records)
    fresh = [r for r in records if "repeats_trial" not in r.details]
    assert check.refused == len(refused(fresh))
    assert check.let_through == check.rightly == len(let_through(fresh))
    assert check_to_json(check)["refused_untrained"] == check.refused
    assert (
        f"; {check.refused} refused before training; {check.let_through} predicted to be too slow but"
        in check_text(check)
    )


def test_an_op_without_weights_is_of_either_class_and_taken_as_the_cheaper() -> None:
    assert classes_before_training(op("conv/short/words", 3.0)) == (
        op("conv/short/words", 3.0),
        op("conv/exact/words", 3.0),
    )
    adds = {add.kernel_class for add in classes_before_training(op("mn_add_dsp", 3.0))}
    assert adds == {"mn_add_s8", "mn_add_dsp", "mn_add_equal_dsp"}
    assert classes_before_training(op("softmax", 3.0)) == (op("softmax", 3.0),)
    assert classes_before_training(op("pool/3x3", 3.0)) == (op("pool/3x3", 3.0),)
    finishes = {"short": 7.0, "exact": 9.0}
    profiles = [
        Profile(((op(f"conv/{name}", w), 100 + price * w),), 140 + price * w)
        for w in (10.0, 20.0, 35.0, 50.0)
        for name, price in finishes.items()
    ]
    model = LatencyModel(profiles)
    for name in finishes:
        prediction = model.predict_untrained([op(f"conv/{name}", 30.0)])
        assert prediction is not None
        assert prediction.count == pytest.approx(140 + 7 * 30, rel=1e-3)
        assert prediction.error == pytest.approx(1 - (140 + 7 * 50) / (140 + 9 * 50), rel=1e-2)
    trained = model.predict([op("conv/exact", 30.0)])
    assert trained is not None
    assert trained.count == pytest.approx(140 + 9 * 30, rel=1e-3)
    assert trained.error < 0.01


def test_where_no_op_has_two_classes_nothing_changes() -> None:
    model, ops = LatencyModel(NETWORKS), [features for features, _ in NETWORKS[3].ops]
    assert model.predict(ops) == model.predict_untrained(ops)


def test_only_refusals_before_training_count_as_refused() -> None:
    def trial(outcome: Outcome, stage: str) -> Trial:
        return Trial(0, [], "k", outcome, stage=stage)

    assert trial(Outcome.INFEASIBLE, "budget").refused
    assert trial(Outcome.INFEASIBLE, "prediction").refused
    assert not trial(Outcome.INFEASIBLE, "latency").refused
    assert not trial(Outcome.FAILED, "budget").refused
