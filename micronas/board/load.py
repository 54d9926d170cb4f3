"""YAML in ``boards/`` -> checked ``Board``."""

from __future__ import annotations

import difflib
import re
from pathlib import Path

import yaml
from pydantic import ValidationError

from micronas.board.checks import CHECKS
from micronas.board.profile import Board
from micronas.errors import BoardError

BOARDS_DIR = Path(__file__).resolve().parents[2] / "boards"


def load_board(name: str, folder: Path = BOARDS_DIR) -> Board:
    """Read ``boards/NAME.yaml``; raises ``BoardError`` naming the key and the nearest board or fix."""
    path = folder / f"{name}.yaml"
    if not path.is_file():
        raise _unknown_board(name, folder)
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
        board = Board.model_validate(raw)
    except yaml.YAMLError as error:
        raise BoardError(f"{path.name}: not valid YAML: {error}") from error
    except ValidationError as error:
        raise BoardError(f"{path.name}: {describe_validation(error)}") from error
    problems = [text for check in CHECKS for text in check(board)]
    if board.name != name:
        problems.append(f"name is {board.name!r}, but the file is {path.name}")
    if problems:
        raise BoardError(f"{path.name}: " + "; ".join(problems))
    return board


def board_names(folder: Path = BOARDS_DIR) -> tuple[str, ...]:
    """Names of all shipped boards, sorted."""
    return tuple(sorted(path.stem for path in folder.glob("*.yaml")))


def describe_validation(error: ValidationError) -> str:
    """The first few pydantic complaints as ``key: what`` on one line."""
    parts = [f"{'.'.join(str(p) for p in e['loc']) or 'file'}: {e['msg']}" for e in error.errors()[:3]]
    return "; ".join(parts)


def _unknown_board(name: str, folder: Path) -> BoardError:
    names = board_names(folder)
    # As it is printed on the box: NUCLEO-F446RE.
    word = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
    near = [n for n in names if word and word in n] or difflib.get_close_matches(word, names, n=1)
    hint = (
        f"did you mean {' or '.join(map(repr, near))}?"
        if 0 < len(near) < 4
        else f"known boards: {', '.join(names)}"
    )
    return BoardError(f"unknown board {name!r}", remedy=f"{hint} (`micronas boards` lists them)")
