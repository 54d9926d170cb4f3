"""The source of the latencies that a search rewards and limits: one for the whole run."""

from __future__ import annotations

from micronas.board import Board
from micronas.config import SearchConfig
from micronas.errors import BoardError
from micronas.latency.core_model import is_modelled, timing_model
from micronas.trial import Source


def with_source(config: SearchConfig, source: Source | None) -> SearchConfig:
    """``config`` with the source written down, so that a stored run keeps it; unchanged without one."""
    if source is None:
        return config
    latency = config.latency.model_copy(update={"source": source.value})
    return config.model_copy(update={"latency": latency})


def latency_source(config: SearchConfig, board: Board) -> Source | None:
    """The source that ``config`` names, otherwise the best available; None if there is no latency.

    Latencies are measured on an attached board. Without one, the timing model of the core gives them.
    ``latency.model`` learns from a device, so the device's own counts are used with it. Raises ``BoardError``
    if ``config`` names the timing model and the model does not cover the board's core or chip.
    """
    if config.latency.source is not None:
        if config.latency.source == "modelled":
            timing_model(board)
            if config.runtime != "micronas":
                raise BoardError(
                    f"latency.source modelled covers runtime micronas only, not {config.runtime}",
                    remedy="set latency.source to emulated, or runtime to micronas",
                )
        return Source(config.latency.source)
    if config.device == "serial":
        return Source.MEASURED
    if config.runtime == "micronas" and not config.latency.model and is_modelled(board):
        return Source.MODELLED
    return None if config.device == "none" else Source.EMULATED
