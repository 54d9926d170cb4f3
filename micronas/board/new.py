"""The text of a new board profile: another board's, under a new name."""

from __future__ import annotations

import re

from micronas.errors import BoardError

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_HEAD = """\
# Copied from the profile of {source}. Check every key against the data sheet and the board's manual:
# title, mcu and platformio_board name the board and its chip; clock, regions, uart and upload describe the
# board; emulator can stay for a chip with the same core. `micronas boards show {name}` names what is wrong.
"""
_OF_THE_OTHER = ("silicon", "published")
"""Keys about what was run on the other board."""


def new_profile(name: str, source: str, text: str) -> str:
    """``text``, the profile of ``source``, as a start for the board ``name``; comments stay.

    Raises ``BoardError`` for a name that no profile may have.
    """
    if not _NAME.fullmatch(name):
        raise BoardError(
            f"{name!r} cannot be a board's name",
            remedy="use small letters, digits and _, for example my_board",
        )
    renamed, count = re.subn(r"(?m)^name:.*$", f"name: {name}", _without(text, _OF_THE_OTHER), count=1)
    if count != 1:
        raise BoardError(f"the profile of {source} has no line `name: ...` to change")
    return _HEAD.format(source=source, name=name) + renamed


def _without(text: str, keys: tuple[str, ...]) -> str:
    """``text`` without top-level ``keys`` and the indented lines below them."""
    whole = text if text.endswith("\n") else f"{text}\n"
    return re.sub(rf"(?m)^(?:{'|'.join(keys)}):.*\n(?:[ \t]+.*\n)*", "", whole)
