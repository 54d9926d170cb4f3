"""The section ``latency``."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from micronas.config.section import ConfigSection


class LatencyConfig(ConfigSection):
    """Where latencies come from.

    ``modelled``: the timing model of the board's core, from shapes; no board is needed. ``measured``: cycles
    of the board. ``emulated``: instructions times one constant. With ``model``, a run predicts measured or
    emulated latencies from those of its own networks, and does not build and run a network if the prediction
    is good enough.

    The error bar of a prediction is the largest relative error over ``min_networks`` or more profiled
    networks, each predicted from all the others; see ``micronas.latency``.
    """

    source: Literal["measured", "emulated", "modelled"] | None = Field(
        default=None,
        description="absent: measured with device serial, emulated with latency.model, otherwise modelled",
    )
    model: bool = Field(default=False, description="predict latencies from the run's own profiles")
    measure_every: int = Field(default=5, ge=1, description="every k-th trial is always built and run")
    max_error: float = Field(default=0.05, gt=0, lt=1, description="maximum error bar, relative")
    min_networks: int = Field(default=5, ge=2, description="profiled networks before the first prediction")
    rank_tolerance: float | None = Field(
        default=None,
        gt=0,
        lt=1,
        description="measure too if a larger share of the run's networks lies within the error bar; try 0.1",
    )
