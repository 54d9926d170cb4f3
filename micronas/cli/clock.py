"""``--clock-mhz``: the board at another clock, and the remarks on the clock next to a figure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from micronas.board import Board
    from micronas.device.replies import Info

ClockMhz = Annotated[
    float | None, typer.Option(min=0.1, max=10_000, help="Run the core at this clock, not the profile's.")
]


def clock_remarks(built: Board, profile: Board) -> list[str]:
    """Remarks on a firmware's clock, compared with its profile's and the published one."""
    hz = built.clock.hz
    remarks = []
    if hz != profile.clock.hz:
        before, after = (b.region("flash").wait_states for b in (profile, built))
        remarks.append(
            f"as requested; the profile's clock is {profile.clock.hz / 1e6:g} MHz. "
            f"{after} flash wait states instead of {before}"
        )
    published = built.published
    if published is None:
        remarks.append("published results of this board: none known")
    elif published.clock_hz == hz:
        remarks.append(f"published results are at this clock; their sources: boards show {built.name}")
    else:
        at = f"{published.clock_hz / 1e6:g}"
        remarks.append(f"published results are at {at} MHz: --clock-mhz {at}, or compare cycles")
    return remarks


def did_not_start(info: Info, board: Board) -> str:
    """The remark for a board whose firmware could not start its clock."""
    source = info.clock_source.name.lower()
    wanted = f"{board.clock.hz / 1e6:g} MHz from {board.clock.source}"
    return f"from {source}; the wanted {wanted} did not start; check that it is fitted"
