"""What the verbs for a model and for data print in a terminal of 80 columns: whole, and wrapped at words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from micronas.cli import output
from micronas.cli.app import app
from tests.support.command_line import BOARD
from tests.support.report_run import DEAD, make_run
from tests.support.terminal import COLUMNS


def shown(words: list[object], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The lines on a narrow terminal; each has room, or is one word."""
    with monkeypatch.context() as patch:
        patch.setattr(output, "terminal_columns", lambda: COLUMNS)
        done = CliRunner().invoke(app, [str(word) for word in words])
    assert done.exit_code in (0, 1), done.output
    lines = str(done.stdout).partition("Next:")[0].splitlines()
    assert [line for line in lines if len(line) > COLUMNS and len(line.split()) > 1] == []
    return lines


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "kws.tflite"
    assert CliRunner().invoke(app, ["networks", "write", "ds_cnn_s", "--out", str(path)]).exit_code == 0
    return path


@pytest.mark.parametrize("board", ["nucleo_f446re", "bluepill_f103c8", "disco_l475vg_iot01a"])
def test_check(model: Path, board: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(shown(["check", model, "--board", board], monkeypatch)) > 5


def test_export(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "arena of the dsp form" in shown(["export", model, "--out", tmp_path / "l"], monkeypatch)[0]


@pytest.mark.slow
@pytest.mark.emulator
def test_bench(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = shown(["bench", model, *BOARD], monkeypatch)
    plan = next(i for i, line in enumerate(lines) if line.startswith("plan      "))
    assert lines[plan + 1].startswith(" " * 10)


def test_init(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    rows = [f"{a:.3f},{b:.3f},{'xy'[i // 900]},fine" for i, (a, b) in enumerate(rng.normal(size=(1800, 2)))]
    (tmp_path / "a.csv").write_text("\n".join(["ax,ay,label,a_long_name_of_a_column", *rows]))
    words: list[object] = ["init", "--data", tmp_path / "a.csv", "--out", tmp_path / "s.yaml"]
    assert any("left out, because they hold text" in line for line in shown(words, monkeypatch))


def test_trials_without_figures_stand_below_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = shown(["show", make_run(tmp_path / "run", finished=False)], monkeypatch)
    ends = [lines[0].index("trial") + len("trial")]
    ends += [len(line) - len(line[3:].lstrip()) + len(str(DEAD)) for line in lines if " failed " in line]
    assert len(set(ends)) == 1
