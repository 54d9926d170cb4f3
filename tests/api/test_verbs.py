"""``search`` with its callbacks, ``pick`` and ``flash`` of the API; trainings take no time here."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

import micronas as mn
import micronas.api.flash as api_flash
from micronas.config import DataConfig
from micronas.data import load
from micronas.estimate.accuracy import int8_accuracy
from micronas.search.workers import search_executor as workers
from tests.support import untrained_search

CONFIG = {
    "data": {"name": "digits"},
    "space": {"max_blocks": 2, "max_width": 16},
    "device": "none",
    "workers": 1,
}


class EnoughError(Exception):
    """What a callback of the user's raises."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(workers, "make_evaluator", untrained_search.make_evaluator)
    monkeypatch.setattr(workers, "WORKER_IMAGE", untrained_search.IMAGE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_search_is_watched_stopped_concluded_and_picked_from(folder: Path) -> None:
    said: list[str] = []

    def watch(trial: mn.TrialFigures) -> None:
        said.append(f"trial {trial.number}")
        if trial.number == 2:
            raise EnoughError

    with pytest.raises(EnoughError):
        mn.search(
            CONFIG, board="nucleo_f446re", budget=mn.Budget(trials=6), callback=watch, on_phase=said.append
        )
    assert said == [
        "reading the data and checking the tools",
        "training the first network",
        "trial 0",
        "trial 1",
        "trial 2",
    ]
    with pytest.raises(mn.MicronasError, match="has no result yet"):
        _ = mn.open_run("search-1").best

    phases: list[str] = []
    run = mn.search(resume="runs/search-1", finish_now=True, on_phase=phases.append)
    assert "final training" in phases
    assert len(run.trials) == 3

    result = (folder / "runs" / "search-1" / "result.json").read_bytes()
    stored = json.loads(result)["best"]
    validation = load(DataConfig(name="digits")).validation
    delivered = int8_accuracy(run.best.files["tflite"].read_bytes(), validation.x, validation.y).accuracy
    assert stored["quality"]["validation_int8"] == delivered  # not the figure that the trial made up
    assert f"the delivered file scores {delivered:.4f} on validation data" in stored["note"]
    other = next(n for n in range(3) if n != run.best.trial)
    picked = mn.pick(run, other)
    assert picked.trial == other
    assert picked.files["tflite"].read_bytes()[4:8] == b"TFL3"
    assert picked.files["tflite"].parent.name == f"trial-{other}"
    assert 0 <= picked.test_quality <= 1
    assert (folder / "runs" / "search-1" / "result.json").read_bytes() == result
    with pytest.raises(mn.MicronasError, match="has no trial 99"):
        mn.pick("search-1", 99)


def test_finishing_now_needs_an_interrupted_run() -> None:
    with pytest.raises(mn.MicronasError, match="needs an interrupted run"):
        mn.search("mnist5k", board="nucleo_f446re", finish_now=True)


def test_flash_builds_for_the_board_and_uploads_to_the_port_that_was_named(
    networks: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = SimpleNamespace(name="port")
    seen: dict[str, object] = {}

    class Lock:
        def __init__(self, target: object) -> None:
            seen["locked"] = target

        def __enter__(self) -> None:
            pass

        def __exit__(self, *_: object) -> None:
            pass

    def choose(ports: object, *, probe: str | None, port: str | None) -> object:
        seen["asked"] = (probe, port)
        return chosen

    def build(graph: object, profile: mn.Board, **_: object) -> SimpleNamespace:
        seen["board"] = profile.name
        return SimpleNamespace(firmware="firmware")

    monkeypatch.setattr(api_flash, "choose_port", choose)
    monkeypatch.setattr(api_flash, "build", build)
    monkeypatch.setattr(api_flash, "require_gcc", lambda: None)
    monkeypatch.setattr(api_flash, "DeviceLock", Lock)
    monkeypatch.setattr(api_flash, "flash_firmware", lambda firmware, target: (firmware, target))
    flashed = mn.flash(networks / "tiny.tflite", board="nucleo_f446re", probe="066DFF")
    assert flashed == ("firmware", chosen)
    assert seen == {"asked": ("066DFF", None), "board": "nucleo_f446re", "locked": chosen}


def test_flash_without_a_board_is_one_message(networks: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_flash, "serial_ports", list)
    with pytest.raises(mn.MicronasError, match="066DFF"):
        mn.flash(networks / "tiny.tflite", board="nucleo_f446re", probe="066DFF")
