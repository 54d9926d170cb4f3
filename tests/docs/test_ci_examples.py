"""The examples for a CI: valid YAML whose micronas commands the command line takes."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import typer
import yaml

from micronas.board import load_board
from micronas.cli.app import app
from micronas.device.renode.script import FILES
from tests.support.paths import REPOSITORY

EXAMPLES = sorted((REPOSITORY / "examples" / "ci").glob("*.yml"))


def commands(node: object) -> list[str]:
    """Every string of the file that is a shell command of ours or Renode's."""
    if isinstance(node, dict):
        return [text for value in node.values() for text in commands(value)]
    if isinstance(node, list):
        return [text for value in node for text in commands(value)]
    return [node] if isinstance(node, str) and re.match(r"(micronas|renode-test) ", node) else []


def test_there_is_one_for_each_service() -> None:
    assert [path.stem for path in EXAMPLES] == ["github", "gitlab"]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_its_commands_are_taken(path: Path) -> None:
    """Parsed with all options, nothing run; the folder that is written is the one that is tested."""
    text = path.read_text(encoding="utf-8")
    found = commands(yaml.safe_load(text))
    verbs = [command.split()[1] for command in found if command.startswith("micronas")]
    assert verbs == ["test", "renode-script"]
    (board,) = set(re.findall(r"BOARD: (\w+)", text))
    load_board(board)
    group = typer.main.get_command(app)
    for command in found:
        program, *arguments = shlex.split(command.replace("$BOARD", board))
        if program == "micronas":
            verb = group.get_command(None, arguments[0])  # type: ignore[attr-defined]
            verb.make_context(arguments[0], arguments[1:])
        else:
            assert "network.robot" in FILES
            assert arguments == ["renode/network.robot"]
    assert "--out renode" in text
    assert (
        "image: antmicro/renode:" in text
        or "container: antmicro/renode:" in text
        or ("name: antmicro/renode:" in text)
    )
