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
from micronas.estimate.rejection import Rejection
from micronas.estimate.threshold import Threshold
from micronas.store.deployment_figures import (
    ConstantChannelBytes,
    DeploymentFigures,
    OpFigures,
    ParityFigures,
    SramFigures,
    deployment_figures_from_json,
)
from micronas.store.final_figures import FinalFigures, figures_from_json
from micronas.trial import Json, Latency, Scores, Source

LATENCY = Latency(ms=3.5, source=Source.EMULATED, instructions=1000, core="cortex-m4", clock_hz=180_000_000)
SCORES = Scores(0.9, 0.91, 40_000, 20_000, 1_000, 500, LATENCY, 0.9, 4, 1.5)
TARGET = {"device": "qemu", "machine": "netduinoplus2", "own_chip": True, "own_elf": True, "text": "emulated"}
OP = {
    "op": 0,
    "kind": "CONV_2D",
    "output_shape": [1, 8],
    "instructions": 9,
    "share": 1.0,
    "constant_bytes": 4,
}
DEPLOYMENT: dict[str, Json] = {
    "constant_channels": {"with_them": 900, "without": 700},
    "execution_target": {**TARGET},
    "latency": {
        "ms": 3.5,
        "source": "emulated",
        "instructions": 1000,
        "cycles": None,
        "core": "",
        "clock_hz": 0,
    },
    "runs": {"warm_up": 1, "counts": [7, 8, 9], "median": 8, "iqr": 1.5, "outliers": []},
    "clock": {"hz": 180_000_000, "host_hz": None, "source": "hse", "fallback": False},
    "parity": {"elements": 320, "mismatches": 0},
    "per_op": [{**OP, "ms": 0.25}],
    "regions": {"sram": {"predicted": 10, "linked": 10, "size": 100}},
    "sram": {"predicted": 10, "linked": 10, "reported": None},
    "flash": {"predicted": 9, "linked": 8, "constants": {"predicted": 3, "linked": 3}, "code": 5},
    "modelled": None,
    "not_modelled": "no QEMU",
}
FIGURES = FinalFigures(
    trial=7,
    key="ab",
    final_fit=True,
    test_quality_int8=0.89,
    test_samples=500,
    scores=SCORES,
    deployment=deployment_figures_from_json(DEPLOYMENT),
    files={"tflite": "best/model.tflite"},
    figure="accuracy",
    agreement=(Agreement("synflow", 0.5, 8, 0.25),),
    confusion=Confusion(("a", "b"), ((3, 1), (0, 0))),
    gap=Gap(0.1, 0.05, 0.15, 4, None),
    rejection=Rejection(0.5, ("noise",), 1, 9, 9.0, 4, 5, "at most 1 false accept per hour", 1.0),
    threshold=Threshold("anomaly", 0.25, 38, 40, 9, 10, 0.93, 0.71),
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
        "training",
        "test_quality_int8",
        "test_samples",
        "scores",
        "deployment",
        "files",
    ]
    keys += ["figure", "confusion", "gap", "errors", "layers", "witness", "rejection", "threshold"]
    assert list(FIGURES.to_json()) == [*keys, "agreement"]
    assert list(replace(FIGURES, agreement=None).to_json()) == keys


def test_what_ran_where_is_typed() -> None:
    found = FIGURES.deployment
    assert found.parity == ParityFigures(320, 0)
    assert found.constant_channels == ConstantChannelBytes(900, 700)
    assert found.per_op == (OpFigures(0, "CONV_2D", (1, 8), 9, 1.0, 4, 0.25),)
    assert found.sram == SramFigures(10, 10, None)
    assert found.latency is not None
    assert (found.latency.ms, found.latency.source) == (3.5, Source.EMULATED)
    assert DeploymentFigures().to_json() == {}


def test_the_object_of_a_deployment_has_the_keys_and_values_that_were_stored() -> None:
    assert deployment_figures_from_json(DEPLOYMENT).to_json() == DEPLOYMENT


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("trial", "7"),
        ("scores", None),
        ("deployment", []),
        ("deployment", {"parity": {"elements": 320}}),
        ("test_quality_int8", "high"),
    ],
)
def test_a_result_of_another_form_is_refused_with_what_to_do(key: str, value: Any) -> None:
    data = {**FIGURES.to_json(), key: value}
    with pytest.raises(StoreError, match="result is not in this version's form") as caught:
        figures_from_json(data)
    assert "micronas report" in str(caught.value.remedy)
    with pytest.raises(StoreError):
        figures_from_json({name: data[name] for name in data if name != key})
