"""Where board profiles are stored: the shipped ones and those of the user.

A user's boards are the ``.yaml`` files of the folders in ``MICRONAS_BOARDS`` (separated as in PATH) and of
``boards/`` in the current folder. ``boards/`` beside a search configuration is added for that search.
"""

from __future__ import annotations

import os
from pathlib import Path

from micronas.errors import BoardError
from micronas.host.resources import resource

VARIABLE = "MICRONAS_BOARDS"


def shipped_boards() -> Path:
    """The folder of the shipped profiles."""
    return resource("boards")


def user_folders() -> tuple[Path, ...]:
    """The user's folders of boards; raises ``BoardError`` if MICRONAS_BOARDS names a missing folder."""
    named = [Path(part).expanduser() for part in os.environ.get(VARIABLE, "").split(os.pathsep) if part]
    for folder in named:
        if not folder.is_dir():
            raise BoardError(
                f"{VARIABLE} names {folder}, which is not a folder", remedy=f"correct {VARIABLE}"
            )
    here = Path("boards")
    found = [*named, *([here] if here.is_dir() else [])]
    return tuple(folder for folder in found if not folder.samefile(shipped_boards()))


def board_files() -> dict[str, Path]:
    """Name -> profile of every board: the shipped ones, then the user's.

    Raises ``BoardError`` if two share a name, so that no figure can belong to the wrong board.
    """
    files: dict[str, Path] = {}
    for folder in (shipped_boards(), *user_folders()):
        for path in sorted(folder.glob("*.yaml")):
            if path.stem in files and not is_same_profile(files[path.stem], path):
                raise two_boards(path.stem, files[path.stem], path)
            files[path.stem] = path
    return files


def profile_path(board: str) -> Path:
    """The file of ``board``, which is known: a name, or the path of one."""
    return Path(board) if is_path(board) else board_files()[board]


def is_same_profile(one: Path, other: Path) -> bool:
    """Also a copy, as in a checkout of micronas beside the installed package."""
    return one.samefile(other) or one.read_bytes() == other.read_bytes()


def two_boards(name: str, one: Path, other: Path) -> BoardError:
    """The error for a name that two profiles have."""
    return BoardError(
        f"two boards are named {name!r}: {one} and {other}",
        remedy="rename yours (the file and its key `name`), or give its path",
    )


def is_path(board: str) -> bool:
    """Whether ``--board`` is a file rather than a name."""
    return board.endswith((".yaml", ".yml")) or os.sep in board or "/" in board
