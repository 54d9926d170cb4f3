"""The data of the page, read only from the store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from micronas.board import Core
from micronas.codegen.lowering import Lowered, Target
from micronas.codegen.lowering.lower import lower_graph
from micronas.errors import BudgetError, StoreError
from micronas.host.plugin import short_name
from micronas.memory.ledger import Budget, make_ledger
from micronas.memory.plan import Plan, plan_memory
from micronas.model.constant_channels import remove_constant_channels
from micronas.model.front_end import RegressionTarget
from micronas.model.graph import Graph
from micronas.model.tflite import read_bytes
from micronas.report.front_networks import FrontNetwork, front_networks
from micronas.space import ANOMALY_SPACES
from micronas.store import Final, Record, Store
from micronas.store.board_results import BoardResult, board_results
from micronas.store.changes import changes_text
from micronas.store.final_figures import CONSTANT_CHANNELS
from micronas.store.other_boards import board_names
from micronas.store.pool import POOL_FACT, PoolRow, pool_rows
from micronas.store.stored_setup import (
    stored_board,
    stored_budget,
    stored_budgets,
    stored_prefer,
    stored_target,
    why_not_resumable,
)
from micronas.trial import Json, Outcome, number_of, object_at


@dataclass(frozen=True, eq=False)
class ReportedNetwork:
    """The reported network in the form used by code generation."""

    graph: Graph
    lowered: tuple[Lowered, ...]
    plan: Plan


@dataclass(frozen=True)
class BoardFacts:
    """The page's information on the board, from the stored profile; ``core`` is the compiler's name.

    ``target`` is None for a core that this version does not know; figures may be missing.
    """

    title: str
    core: str
    clock_hz: float | None
    cycles_per_instruction: float | None

    @property
    def core_title(self) -> str:
        """``Cortex-M4``."""
        return self.core.replace("cortex-m", "Cortex-M")

    @property
    def target(self) -> Target | None:
        """The target for which its networks are lowered."""
        return Target(Core(self.core)) if self.core in [core.value for core in Core] else None

    @property
    def text(self) -> str:
        """``ST NUCLEO-F446RE (Cortex-M4, 180 MHz)``."""
        clock = "" if self.clock_hz is None else f", {self.clock_hz / 1e6:g} MHz"
        return f"{self.title} ({self.core_title}{clock})"


@dataclass(frozen=True, eq=False)
class RunData:
    """A run: its facts, its trials, and the best network once there is one."""

    name: str
    folder: Path
    config: dict[str, Json]
    board: BoardFacts
    written_by: str
    class_names: tuple[str, ...]
    majority_baseline: float
    records: tuple[Record, ...]
    wall_s: float
    unsealings: tuple[str, ...]
    final: Final | None
    best: ReportedNetwork | None
    networks: tuple[FrontNetwork, ...]
    environment: dict[str, str]
    not_resumable: str = ""
    """Why this version can only show the run; empty if it can resume it."""
    changes: tuple[str, ...] = ()
    """What was changed when it was resumed."""
    boards: tuple[BoardResult, ...] = ()
    """Of a search for several boards, every one, the first one first."""
    pool: tuple[PoolRow, ...] = ()
    """The boards on which trials were measured, if there were several."""
    target: RegressionTarget | None = None
    """What the networks of a regression predict."""
    limits: Budget | None = None
    """Flash and SRAM that a network may use on the board, beside the front end; None if it cannot be read."""
    board_limits: Mapping[str, Budget] = field(default_factory=dict)
    """The same, by board."""

    def for_board(self, board: BoardResult) -> RunData:
        """The same run with the trials as they are evaluated for ``board``."""
        limits = self.board_limits.get(board.name)
        return replace(self, board=_facts_of(board.profile), records=board.records, limits=limits)

    @property
    def data(self) -> str:
        """The data set: its name, with that of its file or folder if it has one."""
        name, path = str(self.setting("data", "name")), self.setting("data", "path")
        return f"{name} {Path(path).name}" if isinstance(path, str) and path else name

    @property
    def figure(self) -> str:
        """Name of the figure of merit, the meaning of ``quality_int8`` and similar fields."""
        if metric := self.setting("data", "metric"):
            return short_name(str(metric))
        if self.target is not None:
            return "R2"
        return "AUC" if self.setting("space", "name") in ANOMALY_SPACES else "accuracy"

    def setting(self, section: str, key: str) -> Json:
        """A value of the configuration; None if the version that wrote it had no such key."""
        return object_at(self.config, section).get(key)

    def limit(self, section: str, key: str) -> float | None:
        """A numeric value of the configuration; None if it is not set."""
        return number_of(self.setting(section, key))

    @property
    def complete(self) -> list[Record]:
        """Trials with figures, in number order."""
        return [r for r in self.records if r.trial.outcome is Outcome.COMPLETE and r.trial.scores]


def read_run(store: Store) -> RunData:
    """Everything of ``store`` that the page needs."""
    class_names, baseline = store.fact("class_names"), number_of(store.fact("majority_baseline"))
    board = _board(store)
    final, records = store.final(), tuple(store.records())
    limits = stored_budgets(store)
    return RunData(
        name=store.folder.name,
        folder=store.folder,
        config=object_at(store.fact("config")),
        board=board,
        written_by=store.written_by,
        class_names=tuple(str(name) for name in class_names) if isinstance(class_names, list) else (),
        majority_baseline=0.0 if baseline is None else baseline,
        records=records,
        wall_s=store.wall_s(),
        unsealings=tuple(store.unsealings()),
        final=final,
        best=_network(final, store, board.target) if final and board.target else None,
        networks=front_networks(store, records, _reported_trial(final)),
        environment=store.environment,
        not_resumable=why_not_resumable(store),
        changes=tuple(changes_text(store)),
        boards=board_results(store, final, records),
        pool=tuple(pool_rows(object_at(store.optional_fact(POOL_FACT)), records)),
        target=stored_target(store),
        limits=limits.get(board_names(store)[0]),
        board_limits=limits,
    )


def _reported_trial(final: Final | None) -> int | None:
    number = final.result.get("trial") if final else None
    return number if isinstance(number, int) else None


def _board(store: Store) -> BoardFacts:
    raw = store.fact("board")
    if not isinstance(raw, dict):
        raise store.unreadable("board profile", "it does not hold keys and values")
    return _facts_of(raw)


def _facts_of(raw: dict[str, Json]) -> BoardFacts:
    return BoardFacts(
        title=str(raw.get("title") or raw.get("name")),
        core=str(raw.get("core")),
        clock_hz=number_of(object_at(raw, "clock").get("hz")),
        cycles_per_instruction=number_of(object_at(raw, "timing").get("cycles_per_instruction")),
    )


def _network(final: Final, store: Store, target: Target) -> ReportedNetwork:
    """The plan for the run's board; in one memory if this version cannot read the profile."""
    graph = read_bytes(final.tflite, "best")
    if object_at(final.result, "deployment", CONSTANT_CHANNELS):
        graph = remove_constant_channels(graph)
    try:
        limits, prefer = stored_budget(store), stored_prefer(store)
        ledger = make_ledger(graph, stored_board(store), within=limits, prefer=prefer)
        return ReportedNetwork(graph, ledger.lowered, ledger.plan)
    except (StoreError, BudgetError):
        lowered = lower_graph(graph, target)
        return ReportedNetwork(graph, lowered, plan_memory(graph, lowered))
