"""The model card: every figure with its source, and Markdown that no name breaks."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from micronas.board import load_board
from micronas.config import parse_config
from micronas.data.dataset import DataKind, Dataset, DataSplit, SealedTest
from micronas.estimate.confusion import confusion_of
from micronas.estimate.interval import accuracy_interval
from micronas.estimate.rejection import Rejection
from micronas.estimate.threshold import Threshold
from micronas.model.front_end import FrontEnd
from micronas.report.model_card import card_json, card_markdown
from micronas.store.deployment_figures import DeploymentFigures, ParityFigures
from micronas.store.final_figures import FinalFigures
from micronas.trial import Latency, Scores, Source

BOARD = load_board("nucleo_f446re")
CLASSES = ("walk", "run|<b>", "sit")
Y, ANSWERS = np.array([0, 0, 0, 1, 1, 1, 1, 0]), np.array([0, 0, 1, 1, 1, 1, 1, 0])


@pytest.fixture(scope="module")
def card():
    front = FrontEnd("stream", 1, {"columns": "ax,ay", "mean": [1.0, 2.0], "spread": [1.0, 0.5]})
    split = DataSplit(np.zeros((8, 4, 1, 2), np.float32), Y, np.arange(8) // 4)
    dataset = Dataset(
        "motion", DataKind.STREAM, split, split, SealedTest(split), CLASSES, (-1.0, 1.0), front,
        notes=("a | b",), group_names=("p0", "p1"), digest="d16e57",
    )  # fmt: skip
    latency = Latency(1.25, Source.EMULATED, instructions=225_000, core="cortex-m4", clock_hz=180_000_000)
    scores = Scores(0.9, 0.92, 40_000, 9_000, 123_456, 789, latency, 0.9, 5, 1.0)
    figures = FinalFigures(
        7, "key", True, 0.875, 8, scores,
        DeploymentFigures(parity=ParityFigures(96, 0)), {}, "accuracy",
        confusion=confusion_of(Y, ANSWERS, CLASSES),
        rejection=Rejection(0.625, ("sit",), 1, 4, 1800.0, 3, 4, "at most 1 false accept per hour", 1.0),
    )  # fmt: skip
    config = parse_config({"board": BOARD.name, "constraints": {"flash_kb": 64}, "data": {"name": "digits"}})
    interval = accuracy_interval(Y == ANSWERS, None)
    threshold = Threshold("accept", 0.625, 19, 20, 3, 4)
    return card_json(figures, dataset, split, config, Path("runs/motion-1"), BOARD, interval, threshold)


def test_the_card_holds_what_a_reader_needs(card):
    assert json.loads(json.dumps(card)) == card
    assert card["data"]["sha256"] == "d16e57"
    assert card["data"]["samples"] == {"train": 8, "validation": 8, "test": 8}
    assert card["data"]["groups"] == {"train": 2, "validation": 2, "test": 2}
    assert card["rebuild"] == "micronas pick motion-1 7"
    assert card["quality"]["test_interval"]["low"] < 0.875 < card["quality"]["test_interval"]["high"]
    assert card["constraints"]["flash_kb"] == 64
    assert {"micronas", "python", "numpy"} <= set(card["versions"])


def test_the_threshold_is_there_with_what_it_does(card):
    assert card["threshold"]["value"] == card["front_end"]["thresholds"]["accept"] == 0.625
    text = card_markdown(card)
    assert "if its output is at least 0.625" in text
    assert "keeps 19 of 20 right answers and refuses 3 of 4 wrong ones" in text
    pump = Threshold("anomaly", 0.25, 38, 40, 9, 10, 0.93, 0.71).to_json()
    text = card_markdown({**card, "threshold": pump})
    assert "passes 38 of 40 normal samples and finds 9 of 10 anomalies" in text
    assert "the AUC is 0.930, and 0.710 over" in text
    assert "threshold" not in card_markdown({**card, "threshold": None, "rejection": None})


def test_false_accepts_and_rejects_are_there_with_their_time(card):
    assert card["rejection"]["false_accepts_per_hour"] == 2.0
    limited = Threshold("accept", 0.625, 3, 4, 2, 4, limit="at most 1 false accept per hour").to_json()
    text = card_markdown({**card, "threshold": limited})
    assert "the lowest value with at most 1 false accept per hour on the validation split" in text
    assert "refuses 2 of 4 unknown samples and recognises 3 of 4 known ones" in text
    assert "1 of 4 unknown samples accepted, 2 per hour in 30 min (95 %: 0.051 to 11.1)" in text
    assert "false rejects 1 of 4 known samples (25.0 %). Unknown classes: sit." in text
    assert "30 min of unknown samples cannot show at most 1 false accept per hour" in text
    assert "Unknown samples" not in card_markdown({**card, "rejection": None})


def test_data_that_changed_during_the_search_are_said(card):
    assert "Changed when" not in card_markdown(card)
    change = "the data changed after 2 trials and were accepted: SHA-256 7b67... -> 2693..."
    text = card_markdown({**card, "changes": [change]})
    assert f"Changed when the search was resumed:\n\n- {change}\n" in text


def test_recall_and_precision_are_those_of_the_counts(card):
    walk, run, sit = card["classes"]
    assert (walk["samples"], walk["recall"], walk["precision"]) == (4, 3 / 4, 1.0)
    assert (run["samples"], run["recall"], run["precision"]) == (4, 1.0, 4 / 5)
    assert (sit["samples"], sit["recall"], sit["precision"]) == (0, None, None)


def test_every_cost_has_its_source(card):
    sources = {row["name"]: row["source"] for row in card["figures"]}
    assert sources["flash"] == "predicted"
    assert sources["latency of one inference"] == "emulated"
    assert sources["SRAM of the front end, in addition"] == "predicted"


def test_names_do_not_break_the_tables(card):
    text = card_markdown(card)
    (row,) = [line for line in text.splitlines() if "run" in line and line.startswith("|") and "4 |" in line]
    assert row == "| run\\|\\<b> | 4 | 100.0 % | 80.0 % |"
    assert "| sit | 0 | no samples | never predicted |" in text
    assert "flash_kb 64" in text
    assert "`micronas pick motion-1 7`" in text
    assert "95 % interval" in text
