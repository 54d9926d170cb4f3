"""Which kind of latency a search rewards and limits: one for the whole run."""

from __future__ import annotations

from micronas.board import Board
from micronas.config import SearchConfig
from micronas.errors import BoardError
from micronas.latency.core_model import is_modelled, timing_model
from micronas.trial import Source


def latency_source(config: SearchConfig, board: Board) -> Source | None:
    """The source that ``config`` names, else the best that there is; None where nothing tells a latency.

    A board that is attached is measured. Without one, the timing model of its core says how long a network
    takes; ``latency.model`` learns from a device, so with it the device's own counts are used. Raises
    ``BoardError`` when the model is asked for by name and has no core or chip like this one.
    """
    if config.latency.source is not None:
        if config.latency.source == "modelled":
            timing_model(board)
            if config.runtime != "micronas":
                raise BoardError(
                    f"latency.source modelled is of our kernels, not of runtime {config.runtime}",
                    remedy="set latency.source to emulated, or runtime to micronas",
                )
        return Source(config.latency.source)
    if config.device == "serial":
        return Source.MEASURED
    if config.runtime == "micronas" and not config.latency.model and is_modelled(board):
        return Source.MODELLED
    return None if config.device == "none" else Source.EMULATED
