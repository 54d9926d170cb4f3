"""Trials as JSON and back: what the store writes and ``--json`` prints."""

from __future__ import annotations

from dataclasses import asdict
from typing import cast

from micronas.trial import Json, Latency, Scores, Source


def scores_to_json(scores: Scores) -> dict[str, Json]:
    """Every field by its name; the latency is an object of its own."""
    return {**asdict(scores), "latency": latency_to_json(scores.latency) if scores.latency else None}


def scores_from_json(value: dict[str, Json]) -> Scores:
    """The inverse of ``scores_to_json``."""
    stored = cast(dict[str, Json] | None, value["latency"])
    latency = latency_from_json(stored) if stored else None
    return Scores(**{**value, "latency": latency})  # type: ignore[arg-type]


def latency_to_json(latency: Latency) -> dict[str, Json]:
    """Every field by its name, the source by its value."""
    return {**asdict(latency), "source": latency.source.value}


def latency_from_json(value: dict[str, Json]) -> Latency:
    """The inverse of ``latency_to_json``."""
    return Latency(**{**value, "source": Source(value["source"])})  # type: ignore[arg-type]
