"""One network on every board of a pool: boards of one profile should need the same time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median_low

from micronas.search.evaluation.task import TrialResult
from micronas.trial import Json, Source, number_of, object_at


@dataclass(frozen=True)
class BoardComparison:
    """The latency of trial ``trial`` on each board, in ms; ``source`` is that of the figures.

    The reference is the median; of an even number of boards, the faster of the two in the middle.
    """

    trial: int
    latencies_ms: Mapping[str, float]
    source: Source
    tolerance: float

    @property
    def reference_ms(self) -> float:
        """The median."""
        return median_low(self.latencies_ms.values())

    @property
    def reference(self) -> str:
        """A board that has the median."""
        return next(name for name, ms in self.latencies_ms.items() if ms == self.reference_ms)

    @property
    def spread(self) -> float:
        """The largest latency minus the smallest one, relative to the median."""
        values = self.latencies_ms.values()
        return (max(values) - min(values)) / self.reference_ms

    def deviation(self, name: str) -> float:
        """Of a board from the median, relative; positive is slower."""
        return self.latencies_ms[name] / self.reference_ms - 1.0

    @property
    def off(self) -> tuple[str, ...]:
        """The boards that differ from the median by more than the tolerance."""
        return tuple(name for name in self.latencies_ms if abs(self.deviation(name)) > self.tolerance)

    def __str__(self) -> str:
        said = (
            f"the network of trial {self.trial} on {len(self.latencies_ms)} boards of the pool: "
            f"{self.reference_ms:.3f} ms, {self.source.value}, spread {100 * self.spread:.1f} %"
        )
        return "; ".join([said, *(self._sentence(name) for name in self.off)])

    def _sentence(self, name: str) -> str:
        deviation = self.deviation(name)
        return (
            f"board {name} is {100 * abs(deviation):.1f} % {'slower' if deviation > 0 else 'faster'}: "
            f"{self.latencies_ms[name]:.3f} ms, where {self.reference} needs {self.reference_ms:.3f} ms "
            f"(pool.tolerance {100 * self.tolerance:g} %). Compare their clock, supply and chip revision"
        )

    def to_json(self) -> dict[str, Json]:
        """The object ``comparison`` of a run's pool."""
        return {
            "trial": self.trial,
            "source": self.source.value,
            "tolerance": self.tolerance,
            "reference_ms": self.reference_ms,
            "spread": self.spread,
            "latencies_ms": dict(self.latencies_ms),
            "off": list(self.off),
        }


def comparison_of(trial: int, results: Mapping[str, TrialResult], tolerance: float) -> BoardComparison | None:
    """None if fewer than two boards have a figure; all figures have one source."""
    found = {name: figure for name, result in results.items() if (figure := _figure(result)) is not None}
    if len(found) < 2:
        return None
    source = next(iter(found.values()))[1]
    return BoardComparison(trial, {name: ms for name, (ms, _) in found.items()}, source, tolerance)


def _figure(result: TrialResult) -> tuple[float, Source] | None:
    """The latency that the board gave, also where the reward uses another one; see ``deployment_to_json``."""
    latency = object_at(result.details, "latency")
    ms, source = number_of(latency.get("ms")), latency.get("source")
    return None if ms is None or not isinstance(source, str) else (ms, Source(source))
