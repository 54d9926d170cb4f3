"""The reported figures: typed in the program, JSON at its rim."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from micronas.errors import StoreError
from micronas.estimate.agreement import Agreement
from micronas.estimate.confusion import Confusion
from micronas.estimate.gap import Gap
from micronas.store.final_figures import DeploymentFigures, FinalFigures, ParityFigures, figures_from_json
from micronas.trial import Latency, Scores, Source

LATENCY = Latency(ms=3.5, source=Source.EMULATED, instructions=1000, core="cortex-m4", clock_hz=180_000_000)
SCORES = Scores(0.9, 0.91, 40_000, 20_000, 1_000, 500, LATENCY, 0.9, 4, 1.5)
DEPLOYMENT = {
    "latency": {"ms": 3.5, "source": "emulated", "instructions": 1000, "cycles": None},
    "parity": {"elements": 320, "mismatches": 0},
    "execution_target": {"device": "qemu", "text": "emulated"},
    "per_op": [{"op": 0, "kind": "CONV_2D"}],
}
FIGURES = FinalFigures(
    trial=7,
    key="ab",
    final_fit=True,
    test_quality_int8=0.89,
    test_samples=500,
    scores=SCORES,
    deployment=DeploymentFigures(DEPLOYMENT),  # type: ignore[arg-type]
    files={"tflite": "best/model.tflite"},
    figure="accuracy",
    agreement=(Agreement("synflow", 0.5, 8, 0.25),),
    confusion=Confusion(("a", "b"), ((3, 1), (0, 0))),
    gap=Gap(0.1, 0.05, 0.15, 4, None),
)


@pytest.mark.parametrize(
    "figures",
    [
        FIGURES,
        replace(FIGURES, agreement=None, confusion=None, gap=None, scores=replace(SCORES, latency=None)),
    ],
)
def test_figures_come_back_from_text_as_they_were(figures: FinalFigures) -> None:
    assert figures_from_json(json.loads(json.dumps(figures.to_json()))) == figures


def test_the_keys_of_the_stored_object_are_these() -> None:
    keys = [
        "trial",
        "key",
        "final_fit",
        "note",
        "selection",
        "test_quality_int8",
        "test_samples",
        "scores",
        "deployment",
        "files",
    ]
    keys += ["figure", "confusion", "gap", "layers", "witness"]
    assert list(FIGURES.to_json()) == [*keys, "agreement"]
    assert list(replace(FIGURES, agreement=None).to_json()) == keys


def test_what_ran_where_is_typed() -> None:
    found = FIGURES.deployment
    assert found.parity == ParityFigures(320, 0)
    assert found.latency is not None
    assert (found.latency.ms, found.latency.source) == (3.5, Source.EMULATED)
    nothing = DeploymentFigures({})
    assert (nothing.parity, nothing.latency, nothing.execution_target) == (None, None, None)


@pytest.mark.parametrize(
    ("key", "value"), [("trial", "7"), ("scores", None), ("deployment", []), ("test_quality_int8", "high")]
)
def test_a_result_of_another_form_is_refused_with_what_to_do(key: str, value: Any) -> None:
    data = {**FIGURES.to_json(), key: value}
    with pytest.raises(StoreError, match="result is not in this version's form") as caught:
        figures_from_json(data)
    assert "micronas report" in str(caught.value.remedy)
    with pytest.raises(StoreError):
        figures_from_json({name: data[name] for name in data if name != key})
