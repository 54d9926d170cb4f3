"""``--help`` of every verb is whole at 80 columns; the shell completes boards, strategies and runs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer.main
from typer.testing import CliRunner

from micronas.board import board_names
from micronas.cli.app import app
from micronas.strategy import STRATEGIES


def verbs(command: object, words: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    yield words
    for name, inner in getattr(command, "commands", {}).items():
        yield from verbs(inner, (*words, name))


VERBS = list(verbs(typer.main.get_command(app)))


@pytest.mark.parametrize("words", VERBS, ids=" ".join)
def test_help_is_whole_at_80_columns(words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    done = CliRunner().invoke(app, [*words, "--help"])
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    cut = [line for line in lines if "…" in line or line.endswith("...")]
    assert [line for line in cut if not line.startswith("Usage:")] == []


def completed(line: str, cwd: Path) -> list[str]:
    """What bash is offered after ``line``, by the protocol of the installed completion script."""
    words = line.split(" ")
    done = subprocess.run(
        [sys.executable, "-c", "from micronas.cli import main; import sys; sys.argv[0] = 'micronas'; main()"],
        cwd=cwd,
        env={
            **os.environ,
            "_MICRONAS_COMPLETE": "complete_bash",
            "COMP_WORDS": line,
            "COMP_CWORD": str(len(words) - 1),
        },
        capture_output=True,
        text=True,
        timeout=120,
    )
    return done.stdout.split()


def test_the_shell_completes_boards_strategies_configurations_and_runs(tmp_path: Path) -> None:
    (tmp_path / "runs" / "first").mkdir(parents=True)
    (tmp_path / "runs" / "first" / "run.sqlite").touch()
    assert completed("micronas check --board nucleo_f4", tmp_path) == [
        name for name in board_names() if name.startswith("nucleo_f4")
    ]
    assert completed("micronas search --strategy ns", tmp_path) == ["nsga2"]
    assert set(completed("micronas search --strategy ", tmp_path)) == set(STRATEGIES)
    assert completed("micronas search vib", tmp_path) == ["vibration"]
    assert completed("micronas show runs/f", tmp_path) == ["runs/first"]
