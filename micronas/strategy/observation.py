"""What a strategy is told: trials, or estimates that stand in their place where no network was trained."""

from __future__ import annotations

from typing import Protocol

from micronas.trial import Json, Latency, Outcome


class Figures(Protocol):
    """What strategies rank a network by, wherever the figures come from; ``quality`` in 0..1."""

    @property
    def quality(self) -> float:
        """The higher, the better; of what, the implementing class says."""
        ...

    @property
    def flash_bytes(self) -> int:
        """By the exact ledger."""
        ...

    @property
    def sram_bytes(self) -> int:
        """Likewise."""
        ...

    @property
    def latency(self) -> Latency | None:
        """None where nothing ran and nothing was predicted."""
        ...

    @property
    def reward(self) -> float:
        """Of ``quality`` and ``latency``."""
        ...


class Observation(Protocol):
    """What a strategy is told of a network that it asked for: a ``Trial``, or an estimate in place of one."""

    @property
    def number(self) -> int:
        """Of the ask."""
        ...

    @property
    def arch(self) -> Json:
        """The architecture's JSON."""
        ...

    @property
    def key(self) -> str:
        """Its canonical hash."""
        ...

    @property
    def outcome(self) -> Outcome:
        """How it ended; only COMPLETE ones rank."""
        ...

    @property
    def stage(self) -> str:
        """Where it ended, if it is not COMPLETE."""
        ...

    @property
    def origin(self) -> str:
        """Who proposed it."""
        ...

    @property
    def scores(self) -> Figures | None:
        """None unless it is COMPLETE."""
        ...
