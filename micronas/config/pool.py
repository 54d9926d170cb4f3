"""The section ``pool``."""

from __future__ import annotations

from pydantic import Field, field_validator

from micronas.config.section import ConfigSection

MOST_WORKERS = 64


class PoolConfig(ConfigSection):
    """Several boards of one profile behind one search.

    Each board measures one network at a time. A network whose measurement fails because of a board is
    measured on another one. At its beginning, a search measures the same network on every board.
    """

    boards: tuple[str, ...] = Field(
        default=(),
        description="device serial: serial numbers of probes, or ports. Absent with executor ray: every "
        "board of the profile that the cluster has",
    )
    emulated: int = Field(
        default=0, ge=0, le=MOST_WORKERS, description="device qemu or renode: emulated boards, to try a pool"
    )
    quarantine_after: int = Field(
        default=3, ge=1, description="failures in a row after which a board is not used any more"
    )
    tolerance: float = Field(
        default=0.02,
        gt=0,
        lt=1,
        description="a board is named if its latency differs by more than this share from the median of all",
    )

    @field_validator("boards")
    @classmethod
    def _each_board_once(cls, boards: tuple[str, ...]) -> tuple[str, ...]:
        twice = next((name for name in boards if boards.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"{twice} is named more than once")
        return boards
