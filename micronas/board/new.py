"""The text of a new board profile: another board's, under a new name."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from micronas.board.load import load_board
from micronas.errors import BoardError

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_HEAD = """\
# Started from the profile of {source}: go through every key, with the data sheet and the board's manual.
# - `title`, `mcu` and `platformio_board` name the chip; `micronas boards show` refuses a chip that it does not know.
# - `clock`, `regions`, `uart` and `upload` are the board's own; `emulator` may stay for a chip of the same core.
"""


def new_profile(name: str, source: str, text: str) -> str:
    """``text``, the profile of ``source``, as a start for the board ``name``.

    Comments stay; ``silicon`` and ``published`` do not: they are about the other board. Raises ``BoardError``
    for a name that no profile may have.
    """
    if not _NAME.fullmatch(name):
        raise BoardError(
            f"{name!r} cannot be a board's name",
            remedy="use small letters, digits and _, for example my_board",
        )
    kept = _without(text, ("silicon", "published"))
    renamed, count = re.subn(r"(?m)^name:.*$", f"name: {name}", kept, count=1)
    if count != 1:
        raise BoardError(f"the profile of {source} has no line `name: ...` to change")
    return _HEAD.format(source=source) + renamed


def _without(text: str, keys: tuple[str, ...]) -> str:
    """``text`` without top-level ``keys`` and the indented lines below them."""
    names = "|".join(keys)
    return re.sub(rf"(?m)^(?:{names}):.*\n(?:[ \t]+.*\n)*", "", text if text.endswith("\n") else f"{text}\n")


def check_new(path: Path) -> None:
    """Read the written profile back; raises ``BoardError`` if it is not a profile."""
    yaml.safe_load(path.read_text(encoding="utf-8"))
    load_board(str(path))
