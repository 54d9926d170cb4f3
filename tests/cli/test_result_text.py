"""The figures of a finished search in the terminal."""

from __future__ import annotations

from pathlib import Path

import pytest

from micronas.cli.result_text import print_result
from micronas.config import parse_config
from micronas.search import prepare
from micronas.store import Store
from micronas.store.final_figures import DeploymentFigures, FinalFigures
from tests.support.search_fakes import toy_scores


def test_the_finalists_and_why_a_network_is_not_the_finally_trained_one_are_beside_the_figures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    setup = prepare(parse_config({"board": "nucleo_f446re", "device": "none", "data": {"name": "digits"}}))
    figures = FinalFigures(
        0, "ab", False, 0.8, 400, toy_scores([1] * 6), DeploymentFigures(), {"tflite": "a"}, "accuracy",
        selection="finalists trained 2 more times: trial 0 90.0 % (87.0 % to 93.0 %)",
        note="the final training failed: no memory; the trial's network is reported",
    )  # fmt: skip
    with Store.create(tmp_path / "run", {}) as store:
        store.begin_session()
        print_result(setup, store, figures, "best network", report=tmp_path / "report.html")
    shown = " ".join(capsys.readouterr().out.split())
    assert "0, as trained during the search" in shown
    assert "selection finalists trained 2 more times: trial 0 90.0 % (87.0 % to 93.0 %)" in shown
    assert "note the final training failed: no memory; the trial's network is reported" in shown
