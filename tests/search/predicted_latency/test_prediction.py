"""Predicted latencies in a search: labelled, checked every k-th trial, not for the winner, resumable."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from micronas.config import ConstraintsConfig, parse_config
from micronas.errors import ConfigError, SearchError
from micronas.search.evaluation.task import TrialResult, TrialTask
from micronas.search.final.winner import choose
from micronas.search.outcome import _as_scored
from micronas.search.predicted_latency.check import (
    PredictionCheck,
    check_predictions,
    check_text,
    check_to_json,
)
from micronas.search.predicted_latency.prediction import (
    PREDICTION,
    PROFILE,
    PredictedLatency,
    predict_latency,
    profile_of,
    replaces_measurement,
)
from micronas.search.termination import TrialTermination
from micronas.search.workers.executor import InlineExecutor
from micronas.store import Record, Store
from micronas.trial import Latency, Outcome, Source
from tests.support.search_fakes import toy_evaluate, toy_scores
from tests.support.toy_latency import CONFIG, evaluate, measured, use_toy_features
from tests.support.toy_loop import make_loop


@pytest.fixture(autouse=True)
def toy_features(monkeypatch: pytest.MonkeyPatch) -> None:
    use_toy_features(monkeypatch)


def sources(records: list[Record]) -> list[Source]:
    return [r.trial.scores.latency.source for r in records if r.trial.scores and r.trial.scores.latency]


def run(folder: Path, *, workers: int = 1) -> list[Record]:
    with Store.create(folder, {}) as store:
        return make_loop(store, evaluate=evaluate, trials=24, workers=workers).run()


def test_latencies_are_predicted_once_the_bar_allows_it_and_measured_every_kth_time(tmp_path: Path) -> None:
    records = run(tmp_path / "run")
    found = sources(records)
    assert found[:3] == [Source.EMULATED] * 3
    assert found.count(Source.PREDICTED) >= 12
    fresh = [r for r in records if "repeats_trial" not in r.details]
    assert all(PROFILE in r.details for r in fresh if r.trial.number % 4 == 0)
    for record in fresh:
        if PROFILE not in record.details:
            genes: Any = record.trial.arch
            said: Any = record.details[PREDICTION]
            assert abs(said["ms"] / measured(genes).latency.ms - 1) < 0.05
            assert said["error_bar"] <= 0.05


def test_the_check_compares_predictions_with_measurements(tmp_path: Path) -> None:
    records = run(tmp_path / "run")
    check = check_predictions(records)
    fresh = [r for r in records if "repeats_trial" not in r.details]
    assert check.predicted + check.measured == len(fresh)
    assert check.predicted == sources(fresh).count(Source.PREDICTED)
    assert len(check.pairs) >= 3
    assert 0 < check.worst_error < 0.05
    for predicted_ms, measured_ms in check.pairs:
        assert any(abs(measured(r.trial.arch).latency.ms - measured_ms) < 1e-9 for r in fresh)  # type: ignore[arg-type]
        assert predicted_ms == pytest.approx(measured_ms, rel=0.05)


class KilledError(Exception):
    """Stands for the end of the process."""


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("killed_at", [2, 9, 17])
def test_a_killed_run_predicts_what_the_whole_one_did(tmp_path: Path, workers: int, killed_at: int) -> None:
    whole = run(tmp_path / "whole", workers=workers)
    done = 0

    def dying(task: TrialTask) -> TrialResult:
        nonlocal done
        if done == killed_at:
            raise KilledError
        done += 1
        return evaluate(task)

    with Store.create(tmp_path / "cut", {}) as store, pytest.raises(KilledError):
        make_loop(store, evaluate=dying, trials=24, workers=workers).run()
    with Store.resume(tmp_path / "cut") as store:
        again = make_loop(store, evaluate=evaluate, trials=24, workers=workers).run()
    assert [r.trial for r in again] == [r.trial for r in whole]
    assert [r.details.get(PREDICTION) for r in again] == [r.details.get(PREDICTION) for r in whole]


def task(number: int = 1, *, final: bool = False) -> TrialTask:
    return TrialTask(number, [1] * 6, "k", final=final)


def said(ms: float = 10.0, error: float = 0.02, networks: int = 5) -> PredictedLatency:
    return PredictedLatency(Latency(ms, Source.PREDICTED), error, networks)


@pytest.mark.parametrize(
    ("predicted", "of", "limit_ms", "expected"),
    [
        (said(), task(), None, True),
        (None, task(), None, False),
        (said(), task(8), None, False),  # every fourth
        (said(), task(final=True), None, False),
        (said(), replace(task(), measure=True), None, False),
        (said(error=0.051), task(), None, False),
        (said(networks=2), task(), None, False),
        (said(10.0, 0.02), task(), 10.1, False),  # the limit is inside the bar
        (said(10.0, 0.02), task(), 9.9, False),
        (said(10.0, 0.02), task(), 10.3, True),
        (said(10.0, 0.02), task(), 9.7, True),
    ],
)
def test_when_a_prediction_replaces_a_measurement(
    predicted: PredictedLatency | None, of: TrialTask, limit_ms: float | None, expected: bool
) -> None:
    assert replaces_measurement(predicted, of, CONFIG, ConstraintsConfig(latency_ms=limit_ms)) is expected


def test_a_final_network_is_never_predicted() -> None:
    profiles = tuple(profile_of(g, (), measured(g)) for g in ([1] * 6, [2] * 6, [3, 1, 2, 4, 0, 1], [4] * 6))
    assert predict_latency([1] * 6, (), replace(task(), profiles=profiles)) is not None  # type: ignore[arg-type]
    assert predict_latency([1] * 6, (), replace(task(final=True), profiles=profiles)) is None  # type: ignore[arg-type]


def test_the_reported_latency_is_the_measured_one() -> None:
    scores = replace(toy_scores([1] * 6), latency=Latency(10.0, Source.PREDICTED))
    found = Latency(20.0, Source.EMULATED, instructions=5)
    config = parse_config({"reward": {"target_ms": 10, "exponent": 1.0}})
    result = _as_scored(scores, scores.quality_int8, found, config)
    assert result.latency == found
    assert result.reward == pytest.approx(scores.quality_int8 / 2)
    kept = replace(scores, latency=found)
    assert _as_scored(kept, kept.quality_int8, Latency(1.0, Source.EMULATED), config) == kept


def test_a_network_that_is_too_slow_once_measured_is_not_reported(tmp_path: Path) -> None:
    def too_slow(task: TrialTask) -> TrialResult:
        return (
            TrialResult(Outcome.INFEASIBLE, stage="latency", reason="12 ms (emulated)")
            if task.final
            else evaluate(task)
        )

    with Store.create(tmp_path / "run", {}) as store:
        records = make_loop(store, evaluate=evaluate, trials=24).run()
        predicted = [r for r in records if PROFILE not in r.details and "repeats_trial" not in r.details][:2]
        with pytest.raises(SearchError, match="no finalist meets"):
            choose(predicted, 2, InlineExecutor(too_slow), 1, store, TrialTermination(24))
        emulated = [r for r in records if PROFILE in r.details][:1]
        assert not choose(emulated, 1, InlineExecutor(too_slow), 1, store, TrialTermination(24)).final_fit


def test_without_a_device_there_is_nothing_to_learn_from() -> None:
    with pytest.raises(ConfigError, match="needs a device"):
        parse_config({"latency": {"model": True}, "device": "none"})


def test_trials_without_the_model_carry_no_profiles(tmp_path: Path) -> None:
    seen: list[TrialTask] = []

    def keep(task: TrialTask) -> TrialResult:
        seen.append(task)
        return toy_evaluate(task)

    with Store.create(tmp_path / "run", {}) as store:
        make_loop(store, evaluate=keep, trials=5).run()
    assert [task.profiles for task in seen] == [()] * 5


def test_the_check_is_one_line_of_text_or_json() -> None:
    check = PredictionCheck(predicted=7, measured=5, pairs=((1.0, 1.0), (2.1, 2.0), (2.9, 3.0)))
    assert check_text(check) == (
        "latency model: 7 networks predicted, 5 built and run; "
        "3 predicted and measured, errors up to 5.0 %, Kendall's tau 1.00"
    )
    nothing = check_to_json(PredictionCheck(0, 2, ()))
    assert (nothing["checked"], nothing["worst_error"], nothing["kendall_tau"]) == (0, None, None)
    assert "no predicted network was measured" in check_text(PredictionCheck(0, 2, ()))
