"""A profile's YAML -> checked ``Board``."""

from __future__ import annotations

import difflib
import re
from pathlib import Path

import yaml
from pydantic import ValidationError

from micronas.board.checks import CHECKS
from micronas.board.folders import board_files, is_path, shipped_boards
from micronas.board.profile import Board
from micronas.errors import BoardError
from micronas.host.validation_words import kind_of_yaml, plain_words
from micronas.host.yaml_text import load_yaml, yaml_problem


def load_board(name: str) -> Board:
    """The board with this name, shipped or the user's (see ``folders``), or the profile at this path.

    Raises ``BoardError`` naming the key and the nearest board or fix.
    """
    if is_path(name):
        return read_board(Path(name))
    files = board_files()
    if name not in files:
        raise _unknown_board(name, tuple(sorted(files)))
    return read_board(files[name])


def read_board(path: Path) -> Board:
    """The checked profile in ``path``; raises ``BoardError`` that lists every problem found."""
    try:
        raw = load_yaml(path.read_text(encoding="utf-8"))
        if not isinstance(raw, dict):
            raise BoardError(
                f"{path.name}: expected keys and values, found {kind_of_yaml(raw)}", remedy=_start_one(path)
            )
        board = Board.model_validate(raw)
    except FileNotFoundError as error:
        raise BoardError(f"board profile not found: {path}", remedy=_start_one(path)) from error
    except OSError as error:
        raise BoardError(f"{path}: cannot be read: {error.strerror}", remedy=_start_one(path)) from error
    except UnicodeDecodeError as error:
        raise BoardError(
            f"{path}: cannot be read: byte {error.start} is not UTF-8 text", remedy=_start_one(path)
        ) from error
    except yaml.YAMLError as error:
        raise BoardError(
            f"{path.name}: not valid YAML: {yaml_problem(error)}", remedy=_start_one(path)
        ) from error
    except ValidationError as error:
        raise BoardError(f"{path.name}: {describe_validation(error)}") from error
    problems = [text for check in CHECKS for text in check(board)]
    if board.name != path.stem:
        problems.append(f"name is {board.name!r}, but the file is {path.name}")
    if problems:
        raise BoardError(f"{path.name}: " + "; ".join(problems))
    return board


def read_boards() -> tuple[list[Board], list[BoardError]]:
    """Every board, shipped and the user's, by name, and what is wrong with profiles of the user's.

    A shipped profile that cannot be read raises its ``BoardError``.
    """
    boards, refused, shipped = [], [], set(board_names())
    for name, path in sorted(board_files().items()):
        try:
            boards.append(read_board(path))
        except BoardError as error:
            if name in shipped:
                raise
            refused.append(error)
    return boards, refused


def board_names() -> tuple[str, ...]:
    """Names of all shipped boards, sorted."""
    return tuple(sorted(path.stem for path in shipped_boards().glob("*.yaml")))


def _start_one(path: Path) -> str:
    return (
        f"`micronas boards` lists the boards; `micronas boards new {path.stem} --from nucleo_f446re` starts "
        "a profile of your own"
    )


def describe_validation(error: ValidationError) -> str:
    """The first few pydantic errors as ``key: message`` on one line."""
    parts = [
        f"{'.'.join(str(p) for p in e['loc']) or 'file'}: {plain_words(e['type'], e['msg'], e['input'])}"
        for e in error.errors()[:3]
    ]
    return "; ".join(parts)


def _unknown_board(name: str, names: tuple[str, ...]) -> BoardError:
    # As printed on the box: NUCLEO-F446RE.
    word = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
    near = [n for n in names if word and word in n] or difflib.get_close_matches(word, names, n=1)
    hint = (
        f"did you mean {' or '.join(map(repr, near))}?"
        if 0 < len(near) < 4
        else f"known boards: {', '.join(names)}"
    )
    return BoardError(f"unknown board {name!r}", remedy=f"{hint} (`micronas boards` lists them)")
