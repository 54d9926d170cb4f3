"""Latencies of the same networks from two sources: how well they agree, and a chart of them.

A predicted latency stands beside the measured or emulated one of its network, if the network was run too; a
modelled one likewise. Figures of different sources are compared here and nowhere mixed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from micronas.errors import plural
from micronas.estimate.rank import kendall_tau
from micronas.report.chart import Point, scatter
from micronas.report.marks import kind
from micronas.store import Record
from micronas.store.latency_keys import MODELLED_MS, PREDICTION, PROFILE
from micronas.trial import Json, Source, number_of, object_at


@dataclass(frozen=True)
class LatencyPair:
    """Two latencies of one network, ``stated_ms`` without running it and ``run_ms`` from a run."""

    record: Record
    stated: Source
    run: Source
    stated_ms: float
    run_ms: float

    @property
    def tip(self) -> str:
        """Trial and figures; one per line."""
        return (
            f"trial {self.record.trial.number}\n"
            f"{self.stated_ms:.2f} ms {self.stated.value}\n{self.run_ms:.2f} ms {self.run.value}"
        )


@dataclass(frozen=True)
class LatencyAgreement:
    """All ``pairs`` of the same two sources."""

    pairs: tuple[LatencyPair, ...]

    @property
    def title(self) -> str:
        """Both sources: ``predicted against measured``."""
        return f"{self.pairs[0].stated.value} against {self.pairs[0].run.value}"

    @property
    def is_emulated(self) -> bool:
        """Whether an emulator ran the networks."""
        return self.pairs[0].run is Source.EMULATED

    @property
    def text(self) -> str:
        """Number of networks, rank correlation, and errors.

        An emulated latency is instructions times a constant: the modelled one has no error against it, but a
        ratio.
        """
        parts = [plural(len(self.pairs), "network")]
        if len(self.pairs) > 1:
            tau = kendall_tau([p.stated_ms for p in self.pairs], [p.run_ms for p in self.pairs])
            parts.append(f"Kendall's tau {tau:.3f}")
        ratios = [p.stated_ms / p.run_ms for p in self.pairs]
        if (self.pairs[0].stated, self.pairs[0].run) == (Source.MODELLED, Source.EMULATED):
            ends = dict.fromkeys(f"{ratio:.2f}" for ratio in (min(ratios), max(ratios)))
            return ", ".join([*parts, f"modelled is {' to '.join(ends)} times emulated"])
        errors = [abs(ratio - 1.0) for ratio in ratios]
        return ", ".join(
            [*parts, f"errors: median {100 * median(errors):.1f} %, largest {100 * max(errors):.1f} %"]
        )

    @property
    def chart(self) -> str:
        """A mark per network; on the line both are equal."""
        points = [Point(p.stated_ms, p.run_ms, _kind(p), p.tip, p.record.trial.number) for p in self.pairs]
        low = max(min(p.x for p in points), min(p.y for p in points))
        high = min(max(p.x for p in points), max(p.y for p in points))
        equal = [(low, low), (high, high)] if low < high else []
        first = self.pairs[0]
        return scatter(points, equal, f"{first.stated.value}, ms", f"{first.run.value}, ms")


def latency_agreements(records: Sequence[Record]) -> list[LatencyAgreement]:
    """One for each pair of sources that the run has for the same networks; repeated networks count once."""
    found: dict[tuple[Source, Source], list[LatencyPair]] = {}
    for record in records:
        if "repeats_trial" not in record.details:
            for pair in _pairs(record):
                found.setdefault((pair.stated, pair.run), []).append(pair)
    return [LatencyAgreement(tuple(pairs)) for pairs in found.values()]


def _pairs(record: Record) -> Iterator[LatencyPair]:
    run = object_at(record.details, PROFILE, "latency") or object_at(record.details, "latency")
    run_ms, source = number_of(run.get("ms")), _source(run.get("source"))
    if not run_ms or source not in (Source.MEASURED, Source.EMULATED):
        return
    stated = {
        Source.PREDICTED: number_of(object_at(record.details, PREDICTION).get("ms")),
        Source.MODELLED: _modelled_ms(record),
    }
    for name, ms in stated.items():
        if ms:
            yield LatencyPair(record, name, source, ms, run_ms)


def _modelled_ms(record: Record) -> float | None:
    """What the timing model of the core gave: the trial's own latency, or that beside its profile."""
    latency = record.trial.scores.latency if record.trial.scores else None
    if latency is not None and latency.source is Source.MODELLED:
        return latency.ms
    return number_of(object_at(record.details, PROFILE).get(MODELLED_MS))


def _source(value: Json) -> Source | None:
    return Source(value) if value in [source.value for source in Source] else None


def _kind(pair: LatencyPair) -> str:
    return kind(pair.record, on_front=False).removesuffix(" predicted")
