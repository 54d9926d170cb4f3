"""The sections ``constraints`` and ``reward``: limits of the network on the board, and what it is worth."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from micronas.config.section import ConfigSection


class ConstraintsConfig(ConfigSection):
    """Limits of the network on the board. A missing size means the board's, minus firmware and stack."""

    flash_kb: float | None = Field(default=None, gt=0, description="maximum flash, KB; absent: the board's")
    sram_kb: float | None = Field(default=None, gt=0, description="maximum SRAM, KB; absent: the board's")
    latency_ms: float | None = Field(
        default=None, gt=0, description="maximum time of one inference; absent: no limit"
    )
    macs: int | None = Field(
        default=None, ge=1, description="maximum multiply-accumulates of one inference; absent: no limit"
    )


class RewardConfig(ConfigSection):
    """The reward is accuracy x (target_ms / latency)^exponent; without a target, accuracy alone.

    ``soft`` applies the factor to every network, ``hard`` only to those slower than the target.
    """

    target_ms: float | None = Field(default=None, gt=0, description="target latency; absent: none")
    exponent: float = Field(default=0.07, ge=0, le=4, description="weight of the latency; 0 ignores it")
    mode: Literal["soft", "hard"] = Field(default="soft", description="when the latency factor applies")
    function: str | None = Field(
        default=None, description="reward of your own as `module:function`, in place of the formula"
    )
