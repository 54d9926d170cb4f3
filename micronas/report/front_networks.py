"""The networks of a run's front and the reported one, for the drawings: bytes and cycles, op by op."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from micronas.board import Board
from micronas.codegen.lowering import Lowered
from micronas.errors import BoardError, MicronasError
from micronas.latency.fine_features import fine_features_of
from micronas.latency.op_model import board_latency
from micronas.memory.ledger import Budget, Ledger, make_ledger
from micronas.memory.plan.prefer import Prefer
from micronas.model.constant_channels import remove_constant_channels
from micronas.model.graph import Graph
from micronas.model.tflite import read_bytes
from micronas.report.front import front_of
from micronas.store import Record, Store
from micronas.store.final_figures import CONSTANT_CHANNELS
from micronas.store.stored_setup import stored_board, stored_budget, stored_config, stored_prefer
from micronas.trial import Json, number_of, object_at

MOST = 12
"""Drawings on a page; a longer front is drawn in even steps from its cheapest to its best network."""


@dataclass(frozen=True, eq=False)
class OpCosts:
    """What each op takes: ``values`` in order of the ops, and what they are, with their source."""

    what: str
    values: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class FrontNetwork:
    """A network to draw; ``costs`` is None where neither a device nor a model says what its ops take."""

    record: Record
    graph: Graph
    ledger: Ledger
    costs: OpCosts | None


@dataclass(frozen=True)
class _Setup:
    """What a run's networks were deployed with."""

    board: Board
    runtime: str
    budget: Budget
    prefer: Prefer


def front_networks(
    store: Store, records: Sequence[Record], reported: int | None = None
) -> tuple[FrontNetwork, ...]:
    """Those with a stored model, by rising cost; first the trial ``reported``, if it is not on the front.

    None of a run whose board this version cannot read.
    """
    try:
        setup = _Setup(
            stored_board(store), stored_config(store).runtime, stored_budget(store), stored_prefer(store)
        )
    except MicronasError:
        return ()
    found = []
    shown = spread(front_of(records), MOST)
    if reported not in [record.trial.number for record in shown]:
        shown = [record for record in records if record.trial.number == reported] + shown
    for record in shown:
        number = record.details.get("repeats_trial", record.trial.number)
        tflite = store.model(number) if isinstance(number, int) else None
        if tflite is not None and (drawn := _network(record, tflite, setup)) is not None:
            found.append(drawn)
    return tuple(found)


def spread(front: Sequence[Record], most: int) -> list[Record]:
    """At most ``most`` of ``front``, its ends included, in even steps."""
    if len(front) <= most:
        return list(front)
    return [front[round(place * (len(front) - 1) / (most - 1))] for place in range(most)]


def _network(record: Record, tflite: bytes, setup: _Setup) -> FrontNetwork | None:
    try:
        graph = read_bytes(tflite, f"trial {record.trial.number}")
        if CONSTANT_CHANNELS in record.details:
            graph = remove_constant_channels(graph)
        ledger = make_ledger(graph, setup.board, setup.runtime, within=setup.budget, prefer=setup.prefer)
    except MicronasError:
        return None  # a model of another version: the page shows the rest
    return FrontNetwork(record, graph, ledger, op_costs(record.details, graph, setup.board, ledger.lowered))


def op_costs(
    details: dict[str, Json], graph: Graph, board: Board, lowered: tuple[Lowered, ...]
) -> OpCosts | None:
    """Measured cycles; else those modelled for ``lowered``; else the emulator's instructions; else None."""
    counts = _counted(details, len(graph.ops))
    what = object_at(details, "counter").get("counts")
    if counts is not None and what == "cycles":
        return OpCosts("cycles, measured", counts)
    try:
        latency = board_latency(board)
        # The kernels and blocks of the memory plan, priced from shapes alone, as the search models them.
        features = fine_features_of(graph, lowered) if lowered else ()  # runtime tflm has other kernels
        times = [latency.model.untrained_op(one) for one in features]
        if times:
            cycles = (latency.sum([time]).cycles or 0 for time in times)
            return OpCosts("cycles, modelled", tuple(float(count) for count in cycles))
    except BoardError:
        pass  # a core without a timing model
    return OpCosts("instructions, emulated", counts) if counts is not None else None


def _counted(details: dict[str, Json], ops: int) -> tuple[float, ...] | None:
    rows = details.get("per_op")
    if not isinstance(rows, list) or len(rows) != ops:
        return None
    counts = [number_of(object_at(row).get("instructions")) for row in rows]
    return tuple(count for count in counts if count is not None) if None not in counts else None
