"""Observations of a strategy: trials, or estimates for networks that were not trained."""

from __future__ import annotations

from typing import Protocol

from micronas.trial import Json, Latency, Outcome


class Figures(Protocol):
    """The figures by which strategies rank a network, from any source; ``quality`` in 0..1."""

    @property
    def quality(self) -> float:
        """Higher is better; the implementing class defines its kind."""
        ...

    @property
    def flash_bytes(self) -> int:
        """Flash bytes by the exact ledger."""
        ...

    @property
    def sram_bytes(self) -> int:
        """SRAM bytes by the exact ledger."""
        ...

    @property
    def latency(self) -> Latency | None:
        """None if nothing ran and nothing was predicted."""
        ...

    @property
    def reward(self) -> float:
        """The reward from ``quality`` and ``latency``."""
        ...


class Observation(Protocol):
    """The result of a network that a strategy proposed: a ``Trial``, or an estimate instead of one."""

    @property
    def number(self) -> int:
        """Number of the ask."""
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
        """The origin of the proposal."""
        ...

    @property
    def scores(self) -> Figures | None:
        """The figures; None unless it is COMPLETE."""
        ...
