"""``--json`` of every verb has the keys that docs/reference/json.md promises; those that need a device do
so in their own tests.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

import micronas.api.convert as convert_module
import micronas.device.attached as attached_module
from micronas.cli.app import app
from micronas.cli.which_board import fit_to_json
from micronas.deploy.which_board import fits_of
from micronas.device.attached import Attached
from micronas.estimate.confusion import Confusion
from micronas.estimate.gap import Gap
from micronas.estimate.rejection import Rejection
from micronas.model.tflite import read
from micronas.quantize.keras_model import Converted
from micronas.quantize.layer_report import LayerReport, QuantizedLayer
from micronas.quantize.witness import OpDifference, Witness
from micronas.search.fine_tuned import FineTuned, StartOfTuning
from micronas.store.final_figures import DeploymentFigures, FinalFigures
from micronas.trial import Scores
from tests.support.json_page import require_documented, sections
from tests.support.paths import REPOSITORY
from tests.support.report_run import BOARD, make_run
from tests.support.stored_trials import LATENCY


def run(*words: object) -> Any:
    done = CliRunner().invoke(app, [*map(str, words), "--json"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def verbs(group: Any, above: str = "") -> Iterator[str]:
    """Every command with ``--json``."""
    for name, command in group.commands.items():
        if any("--json" in option.opts for option in command.params):
            yield f"{above}{name}"
        if hasattr(command, "commands"):
            yield from verbs(command, f"{name} ")


def documented() -> set[str]:
    """The words of each documented verb, without its arguments."""
    return {" ".join(re.findall(r"(?<!\S)[a-z][a-z-]*", title)) for title in sections()}


def test_every_verb_with_json_is_documented() -> None:
    assert set(verbs(typer.main.get_command(app))) == documented()


def test_every_documented_verb_is_compared_by_a_test() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in (REPOSITORY / "tests").rglob("test_*.py"))
    compared = set(re.findall(r'require_documented\(\s*"([^"]+)"', text))
    assert set(sections()) == compared


def test_listings() -> None:
    require_documented("boards", run("boards"))
    require_documented("configs", run("configs"))
    require_documented("networks", run("networks"))
    require_documented("strategies", run("strategies"), free=["estimators"])
    require_documented("boards show NAME", {**run("boards", "show", "nucleo_f446re"), "profile": {}})


def test_which_board_a_model_fits(networks: Path) -> None:
    fits = run("check", networks / "tiny.tflite")
    require_documented("boards --for MODEL", fits, absent=["ms", "source"])
    first = fits_of(read(networks / "tiny.tflite"))[0]
    require_documented("boards --for MODEL", [fit_to_json(replace(first, latency=LATENCY))])


def test_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    found = Attached("ST-LINK/V2-1", "066DFF", "/dev/ttyACM0", is_probe=True)
    monkeypatch.setattr(attached_module, "attached", lambda names: [found])
    require_documented("devices", run("devices"))


def test_doctor() -> None:
    done = CliRunner().invoke(app, ["doctor", "--json"], catch_exceptions=False)
    require_documented("doctor", json.loads(done.stdout))


def test_data(tmp_path: Path) -> None:
    x = np.random.default_rng(0).random((90, 4, 4, 1)).astype(np.float32)
    np.savez(tmp_path / "a.npz", x=x, y=np.arange(90) % 3)
    (tmp_path / "a.yaml").write_text(f"data: {{name: npz, path: {tmp_path / 'a.npz'}}}\n")
    shown = run("data", tmp_path / "a.yaml", "--out", tmp_path / "seen")
    require_documented("data CONFIG", shown, absent=["weight", "topic", "text", "remedy"])
    np.savez(tmp_path / "a.npz", x=x, y=np.arange(90) / 7)
    target = ("--set", "data.options.target=y", "--set", "data.options.unit=N")
    shown = run("data", tmp_path / "a.yaml", *target)
    assert shown["target"]["unit"] == "N"
    require_documented("data CONFIG", shown, absent=["weight", "topic", "text", "remedy", "page", "samples"])


def test_convert(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    converted = Converted(b"TFL3", relative_error=0.01, same_answers=1.0, samples=10, witness=Witness())
    monkeypatch.setattr(convert_module, "convert", lambda model, data: converted)
    require_documented("convert MODEL", run("convert", tmp_path / "net.keras", "--data", "mnist5k"))


def test_fine_tune(tmp_path: Path) -> None:
    scores = Scores(0.9, 0.91, 40_000, 20_000, 1_000, 500, LATENCY, 0.9, 4, 1.5)
    paths = dict.fromkeys(("tflite", "keras", "labels", "front_end", "model_card", "c", "elf", "map"), "x")
    figures = FinalFigures(
        7, "ab", True, 0.8, 5, scores, DeploymentFigures(), paths, "accuracy", None,
        confusion=Confusion(("a", "b"), ((3, 1), (0, 1))),
        gap=Gap(0.1, 0.05, 0.15, 4, None),
        rejection=Rejection(0.5, ("b",), 1, 4, 4.0, 3, 4),
        witness=Witness(causes=(OpDifference("ADD", 1),)),
        layers=LayerReport(4, (QuantizedLayer(0, "ADD", (2,), 0.0, 1.0, 0.0, 1.0, 0.0, 30.0, 0.0),)),
    )  # fmt: skip
    done = FineTuned(tmp_path, figures, StartOfTuning("trial 7", 3, False, 0.8))
    require_documented("fine-tune RUN TRIAL", done.to_json())


def test_export_results(tmp_path: Path) -> None:
    words = ["export-results", str(make_run(tmp_path / "run")), "--json", str(tmp_path / "trials.json")]
    assert CliRunner().invoke(app, words, catch_exceptions=False).exit_code == 0
    written = json.loads((tmp_path / "trials.json").read_text())
    assert {row["board"] for row in written["trials"]} == {BOARD}
    require_documented("export-results RUN", {**written, "trials": []}, absent=["board"])
