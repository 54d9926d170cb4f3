"""The float network's file and layer report: made where a finalist was trained, otherwise at the end."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from micronas.config import parse_config
from micronas.estimate.full import Estimate
from micronas.quantize.float_form import FloatForm, some_of
from micronas.quantize.layer_report import SAMPLES, LayerReport
from micronas.search import outcome
from micronas.search.evaluation import stages
from micronas.search.evaluation.evaluator import DeployedFigures, Stages, TrialEvaluator
from micronas.search.evaluation.task import TrialTask
from micronas.search.final.reported import Winner
from micronas.trial import Scores

ESTIMATE = Estimate(b"model", 0.8, 0.9, epochs=2, cpu_s=1.0, parameters=5, macs=10, weights=b"weights")
MADE = FloatForm(b"a .keras file", LayerReport(1, ()))
SETUP: Any = SimpleNamespace(
    space=SimpleNamespace(from_json=lambda arch: arch, net=lambda arch: arch),
    dataset=SimpleNamespace(validation=SimpleNamespace(x=np.arange(100.0, dtype=np.float32))),
)


@pytest.mark.parametrize(("final", "made"), [(False, None), (True, MADE)])
def test_only_a_final_training_makes_it(final: bool, made: FloatForm | None) -> None:
    of_trial = Stages(
        lambda task: ESTIMATE,
        lambda model, task: DeployedFigures(1, 1, None, {}),
        float_form=lambda task, estimate: MADE,
    )
    result = TrialEvaluator(parse_config({}), of_trial)(TrialTask(0, None, "k", final=final))
    assert result.float_form is made


def test_a_worker_that_cannot_make_it_leaves_that_to_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    def full_disk(*arguments: object) -> FloatForm:
        raise OSError("no space left")

    monkeypatch.setattr(stages, "float_form", full_disk)
    task = TrialTask(0, None, "k", final=True)
    assert stages._float_form(task, ESTIMATE, SETUP.space, SETUP.dataset) is None


@pytest.mark.parametrize("made", [MADE, None], ids=["by the worker", "at the end"])
def test_the_result_has_it_without_a_further_process_if_the_worker_made_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made: FloatForm | None
) -> None:
    started: list[Any] = []

    def isolated(function: Any, *arguments: Any, deadline_s: float, what: str) -> FloatForm:
        started.append(arguments)
        return MADE

    monkeypatch.setattr(outcome, "run_isolated", isolated)
    scores = Scores(0.8, 0.9, 1, 1, 1, 1, None, 0.5, 2, 1.0)
    winner = Winner(0, "k", scores, b"model", True, weights=b"weights", float_form=made)
    files, layers = outcome._write_keras(SETUP, winner, tmp_path)
    assert Path(files["keras"]).read_bytes() == MADE.keras
    assert layers is MADE.layers
    assert len(started) == (0 if made else 1)
    if started:
        assert np.array_equal(started[0][-1], some_of(SETUP.dataset.validation.x))


def test_the_samples_of_a_report_are_spread_over_the_split() -> None:
    some = some_of(np.arange(100.0, dtype=np.float32))
    assert len(some) == SAMPLES
    assert (some[0], some[-1]) == (0.0, 99.0)
    assert np.array_equal(some_of(some), some), "choosing again changes nothing"
