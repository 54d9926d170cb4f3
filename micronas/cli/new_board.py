"""``micronas boards new``: a first profile, beside the user's search configurations."""

from __future__ import annotations

from pathlib import Path

from micronas.board import board_files, load_board
from micronas.board.folders import is_path
from micronas.board.new import new_profile
from micronas.cli.output import program, typed
from micronas.cli.output_paths import write_file
from micronas.errors import BoardError


def write_profile(name: str, source: str, folder: Path) -> None:
    """Write ``folder/NAME.yaml`` and print what to type next; raises ``BoardError`` if the name is taken."""
    load_board(source)  # raises with a remedy for an unknown or invalid one
    text = (Path(source) if is_path(source) else board_files()[source]).read_text(encoding="utf-8")
    path = folder / f"{name}.yaml"
    if name in board_files() or path.exists():
        raise BoardError(f"board {name!r} already exists", remedy="choose another name")
    write_file("--out", path, new_profile(name, source, text))
    board = name if folder == Path("boards") else typed(path)
    print(f"{path} is a copy of {source} under a new name.\n\nNext:")
    print(f"  edit {typed(path)}")
    print(f"  {program()} boards show {board}    # checks it")
    print(f"  {program()} check MODEL.tflite --board {board}")
