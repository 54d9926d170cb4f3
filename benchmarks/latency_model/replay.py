"""Replay finished runs with `latency.model` switched on, and compare predicted and emulated latencies.

    python benchmarks/latency_model/replay.py RUN [RUN ...]

The runs must have measured every trial (`latency.model: false`, with a device). The rules are the search's.
Runs that cannot be replayed (another version's, nothing measured) are named on stderr, with exit code 2.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from micronas.codegen.lowering import Target
from micronas.codegen.lowering.lower import lower_graph
from micronas.config import LatencyConfig
from micronas.errors import MicronasError, StoreError, plural
from micronas.estimate.rank import kendall_tau
from micronas.latency import OpFeatures, Profile, features_of, profile_to_json
from micronas.model.tflite import read_bytes
from micronas.search.evaluation.task import TrialTask
from micronas.search.predicted_latency.prediction import predict_latency, replaces_measurement
from micronas.store import Record, Store
from micronas.store.stored_setup import stored_board, stored_config
from micronas.trial import Json, Source, latency_to_json

HEADER = (
    *("run", "networks", "predicted", "median error", "largest", "beyond the bar"),
    *("tau of all predictions", "tau of multiply-accumulates"),
)


@dataclass(frozen=True)
class Replay:
    networks: int
    errors: list[float]
    beyond: int
    tau: float
    tau_macs: float

    def cells(self, name: str) -> tuple[str, ...]:
        median = f"{100 * statistics.median(self.errors):.2f} %" if self.errors else "-"
        largest = f"{100 * max(self.errors):.2f} %" if self.errors else "-"
        counts = (str(self.networks), str(len(self.errors)))
        return (name, *counts, median, largest, str(self.beyond), f"{self.tau:.3f}", f"{self.tau_macs:.3f}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("runs", nargs="+", type=Path)
    print_row(HEADER)
    print_row(("---",) * len(HEADER))
    refused = False
    for folder in parser.parse_args().runs:
        try:
            print_row(replay(folder).cells(f"{folder.parent.name}/{folder.name}"))
        except MicronasError as error:
            refused = True
            print(f"{folder}: {error}", file=sys.stderr)
    sys.exit(2 if refused else 0)


def print_row(cells: tuple[str, ...]) -> None:
    print(f"| {' | '.join(cells)} |", flush=True)


def replay(folder: Path) -> Replay:
    config, beyond = LatencyConfig(model=True), 0
    observed: list[Json] = []
    errors: list[float] = []
    pairs: list[tuple[float, float]] = []
    macs: list[tuple[float, float]] = []
    with Store.read(folder) as store:
        board, limits = stored_board(store), stored_config(store).constraints
        for record in store.records():
            model, scores = store.model(record.trial.number), record.trial.scores
            if model is None or scores is None or scores.latency is None:
                continue
            graph = read_bytes(model, "trial")
            lowered = lower_graph(graph, Target(board.core))
            task = TrialTask(
                record.trial.number, record.trial.arch, record.trial.key, profiles=tuple(observed)
            )
            macs.append((scores.macs, scores.latency.ms))
            said = predict_latency(graph, lowered, task)
            if said is not None:
                pairs.append((said.latency.ms, scores.latency.ms))
            if said is not None and replaces_measurement(said, task, config, limits):
                errors.append(abs(said.latency.ms / scores.latency.ms - 1))
                beyond += errors[-1] > said.error
            else:
                observed.append(profile(record, features_of(graph, lowered)))
    if len(macs) < 2:
        raise StoreError(
            f"{plural(len(macs), 'network')} of it {'was' if len(macs) == 1 else 'were'} measured"
        )
    tau = kendall_tau(*zip(*pairs, strict=True)) if len(pairs) > 1 else 0.0
    return Replay(len(macs), errors, beyond, tau, kendall_tau(*zip(*macs, strict=True)))


def profile(record: Record, features: tuple[OpFeatures, ...]) -> Any:
    rows: Any = record.details.get("per_op")
    scores = record.trial.scores
    if not rows or scores is None or scores.latency is None or scores.latency.source is Source.PREDICTED:
        raise StoreError(
            f"trial {record.trial.number} has no profile of a device",
            remedy="replay a run of this version with latency.model: false and a device",
        )
    ops = tuple((f, float(row["instructions"])) for f, row in zip(features, rows, strict=True))
    whole = Profile(ops, float(scores.latency.instructions or scores.latency.cycles or 0))
    return {**profile_to_json(whole), "latency": latency_to_json(scores.latency)}


if __name__ == "__main__":
    main()
