"""What the page shows, read from the store alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from micronas.board import Board
from micronas.graph import Graph
from micronas.lowering import Lowered, Target
from micronas.lowering.lower import lower_graph
from micronas.plan import Plan, plan_memory
from micronas.space import ANOMALY_SPACES
from micronas.store import Final, Record, Store
from micronas.tflite import read_bytes
from micronas.trial import Outcome


@dataclass(frozen=True, eq=False)
class Network:
    """The reported network as code generation sees it."""

    graph: Graph
    lowered: tuple[Lowered, ...]
    plan: Plan


@dataclass(frozen=True, eq=False)
class RunData:
    """A run: its facts, its trials, and the best network once there is one."""

    name: str
    config: dict[str, Any]
    board: Board
    code_version: str
    class_names: tuple[str, ...]
    majority_baseline: float
    records: tuple[Record, ...]
    wall_s: float
    unsealings: tuple[str, ...]
    final: Final | None
    best: Network | None

    @property
    def figure(self) -> str:
        """Name of the figure of merit: what ``accuracy_int8`` and its like hold."""
        return "AUC" if self.config["space"]["name"] in ANOMALY_SPACES else "accuracy"

    @property
    def complete(self) -> list[Record]:
        """Trials with figures, in number order."""
        return [r for r in self.records if r.trial.outcome is Outcome.COMPLETE and r.trial.scores]


def read_run(store: Store) -> RunData:
    """Everything of ``store`` that the page needs."""
    facts: Callable[[str], Any] = store.fact
    board = Board.model_validate(facts("board"))
    final = store.final()
    return RunData(
        name=store.folder.name,
        config=facts("config"),
        board=board,
        code_version=facts("code_version"),
        class_names=tuple(facts("class_names")),
        majority_baseline=facts("majority_baseline"),
        records=tuple(store.records()),
        wall_s=store.wall_s(),
        unsealings=tuple(store.unsealings()),
        final=final,
        best=_network(final.tflite, board) if final else None,
    )


def _network(tflite: bytes, board: Board) -> Network:
    graph = read_bytes(tflite, "best")
    lowered = lower_graph(graph, Target(board.core))
    return Network(graph, lowered, plan_memory(graph, lowered))
