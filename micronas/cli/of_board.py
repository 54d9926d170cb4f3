"""Which board of a search for several boards a verb is about, said where it could be another."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from micronas.store import Store


def say_board(store: Store, board: str | None, option: bool = True) -> None:
    """A line on stderr for a run of several boards; ``option`` is whether the verb has --board."""
    from micronas.store.other_boards import board_names

    names = board_names(store)
    if len(names) < 2:
        return
    used = board or names[0]
    others = ", ".join(name for name in names if name != used)
    choose = f"--board chooses another: {others}" if option else f"not of {others}"
    print(f"figures of {used}, one of {len(names)} boards of this run; {choose}", file=sys.stderr)
