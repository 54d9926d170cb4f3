"""The program of a firmware around the network and the chip's port: the server of PROTOCOL.md, or another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Program:
    """Sources of firmware/ that are compiled around a network.

    ``paths`` are folders or files below firmware/; a folder other than ``src`` is staged below ``src``.
    ``headers`` are generated (file name -> text).
    """

    paths: tuple[str, ...]
    headers: Mapping[str, str] = field(default_factory=dict)


SERVER = Program(paths=("src",))
"""The measuring firmware, which serves the requests of PROTOCOL.md."""
