"""A trial of a run once more: the same architecture, ledger, and on the same machine the same weights."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np

from micronas.board import Board
from micronas.codegen import generate
from micronas.config import SearchConfig
from micronas.deploy.deployment import write_sources
from micronas.errors import SearchError
from micronas.estimate.full import Estimate
from micronas.host.environment import differences, environment
from micronas.memory.ledger import Budget, Ledger, make_ledger
from micronas.memory.ledger import to_json as ledger_to_json
from micronas.memory.plan.prefer import prefer_of_search
from micronas.model.graph import Graph
from micronas.search.data_place import with_data_found
from micronas.search.evaluation.placement import deployed_graph
from micronas.search.evaluation.stages import train_candidate
from micronas.search.evaluation.task import TrialTask
from micronas.search.inheritance import INHERITS, Inheritance
from micronas.search.machine_speed import planned_factor
from micronas.search.one_network import is_alone
from micronas.search.pick import find_trial
from micronas.search.setup import prepare
from micronas.store import Record, Store
from micronas.store.other_boards import records_for, stored_other_boards
from micronas.store.stored_setup import stored_board, stored_config
from micronas.train.isolated import run_isolated

SLACK, START_S = 60.0, 900.0
"""A training that takes this many times its CPU seconds in the search, after the start of TensorFlow, hangs.

By the clock: on a machine with many other processes, TensorFlow alone takes minutes to start.
"""


@dataclass(frozen=True)
class Compared:
    """One thing as the search stored it and as it is now; ``same`` is None where the run did not keep it."""

    what: str
    stored: str
    rebuilt: str
    same: bool | None


@dataclass(frozen=True)
class Rebuilt:
    """A rebuilt trial: its folder, what was compared, and which machine and versions are others now.

    ``environment`` is None for a run of an earlier version, which does not say where it was made.
    """

    trial: int
    folder: Path
    compared: tuple[Compared, ...]
    environment: tuple[str, ...] | None
    cut: str

    @property
    def is_same(self) -> bool:
        """Whether nothing differs of what the run kept."""
        return all(one.same is not False for one in self.compared)

    def to_json(self) -> dict[str, object]:
        """The object of ``rebuild --json`` and ``rebuild.json``; its keys are stable."""
        return {
            "trial": self.trial,
            "folder": str(self.folder),
            "same": self.is_same,
            "compared": [asdict(one) for one in self.compared],
            "environment_differences": None if self.environment is None else list(self.environment),
            "training_was_cut": self.cut,
        }


Train: TypeAlias = Callable[[TrialTask, SearchConfig, float], Estimate]


def train_isolated(task: TrialTask, config: SearchConfig, deadline_s: float) -> Estimate:
    """The training of a trial in a process of its own, as a worker runs it."""
    what = f"the training of trial {task.number}"
    return run_isolated(train_candidate, task, config, deadline_s=deadline_s, what=what)


def rebuild(
    store: Store,
    number: int,
    say: Callable[[str], None],
    *,
    out: Path | None = None,
    train: Train = train_isolated,
    board: str | None = None,
) -> Rebuilt:
    """Train and convert trial ``number`` again and compare it with what the run stored.

    Only reads the run, so that it works while the search goes on. Writes the network, its ledger and its C
    code to ``out`` (default: RUN/rebuilds/trial-N). ``board`` is one of several; None: the first. Raises
    ``SearchError`` for a trial without a network.
    """
    records = records_for(store, board)
    record = find_trial(records, number)
    if is_alone(record):
        raise SearchError(
            f"trial {number} was trained for as long as the run's budget allowed, which cannot be repeated "
            "exactly",
            remedy=f"`micronas pick {store.folder} {number}` trains it again, for a number of epochs",
        )
    config = with_data_found(stored_config(store), store)
    untimed = config.model_copy(update={"device": "none"})
    whole = prepare(untimed, stored_board(store), stored_other_boards(store))
    setup = whole if board is None else whole.boards[board]
    space = setup.space
    key = space.key(space.from_json(record.trial.arch))
    say(f"training of trial {record.trial.number}")
    scores = record.trial.scores
    deadline_s = START_S + SLACK * (scores.train_cpu_s if scores else 0.0)
    estimate = train(task_of(record, records, config.workers, store), config, deadline_s)
    graph, _ = deployed_graph(estimate.tflite, f"trial {record.trial.number}", config, setup.dataset)
    ledger = _ledger(graph, config, setup.board, setup.budget)
    name = f"trial-{record.trial.number}" + ("" if setup is whole else f"-{setup.board.name}")
    folder = out or store.folder / "rebuilds" / name
    rebuilt = Rebuilt(
        record.trial.number,
        folder,
        compare(record, key, estimate, ledger, store),
        tuple(differences(store.environment, environment())) if store.environment else None,
        scores.cut if scores else "",
    )
    _write(rebuilt, estimate, graph, ledger)
    return rebuilt


def task_of(record: Record, records: Sequence[Record], workers: int, store: Store | None = None) -> TrialTask:
    """The task as the search gave it to its worker: with the curves of the trials reported by then."""
    trial = record.trial
    reported = [r for r in records if r.trial.number <= trial.number - workers]
    curves = [r.details.get("curve") for r in reported if "repeats_trial" not in r.details]
    numbers = [[float(q) for q in c if isinstance(q, int | float)] for c in curves if isinstance(c, list)]
    return TrialTask(
        trial.number,
        trial.arch,
        trial.key,
        curves=tuple(tuple(curve) for curve in numbers),
        inherits=_inheritance(record, records, store),
        epoch_factor=planned_factor(record),
    )


def _inheritance(record: Record, records: Sequence[Record], store: Store | None) -> Inheritance | None:
    """The weights that the trial started from; raises ``SearchError`` if the run no longer has them."""
    number = record.details.get(INHERITS)
    if not isinstance(number, int) or store is None:
        return None
    weights = store.weights(number)
    if weights is None:
        raise SearchError(
            f"trial {record.trial.number} started from the weights of trial {number}, which are not in "
            f"{store.folder}",
            remedy="restore its folder weights, or train the network again with `micronas pick`",
        )
    donor = next(one for one in records if one.trial.number == number)
    return Inheritance(number, donor.trial.arch, weights)


def compare(
    record: Record, key: str, estimate: Estimate, ledger: Ledger, store: Store
) -> tuple[Compared, ...]:
    """Architecture, ledger, weights and bytes: stored against rebuilt."""
    number, scores = record.trial.number, record.trial.scores
    found = [Compared("architecture", record.trial.key, key, record.trial.key == key)]
    if scores is not None:
        for what, then, now in (
            ("flash, bytes", scores.flash_bytes, ledger.flash_bytes),
            ("SRAM, bytes", scores.sram_bytes, ledger.sram_bytes),
        ):
            found.append(Compared(what, f"{then:,}", f"{now:,}", then == now))
    found.append(_compared("float weights", store.weights(number), estimate.weights or None, _weights_digest))
    found.append(_compared("int8 .tflite", store.model(number), estimate.tflite, _digest))
    return tuple(found)


def _compared(
    what: str, stored: bytes | None, rebuilt: bytes | None, digest: Callable[[bytes], str]
) -> Compared:
    then = digest(stored) if stored is not None else "not kept"
    now = digest(rebuilt) if rebuilt is not None else "none"
    return Compared(what, then, now, None if stored is None or rebuilt is None else then == now)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]


def _weights_digest(packed: bytes) -> str:
    """Of the arrays, because an archive also holds what depends on the compressor."""
    digest = hashlib.sha256()
    with np.load(io.BytesIO(packed), allow_pickle=False) as arrays:
        for name in sorted(arrays.files):
            digest.update(f"{name} {arrays[name].shape} {arrays[name].dtype}".encode())
            digest.update(arrays[name].tobytes())
    return digest.hexdigest()[:16]


def _ledger(graph: Graph, config: SearchConfig, board: Board, within: Budget) -> Ledger:
    return make_ledger(graph, board, config.runtime, within=within, prefer=prefer_of_search(config.prefer))


def _write(rebuilt: Rebuilt, estimate: Estimate, graph: Graph, ledger: Ledger) -> None:
    folder = rebuilt.folder
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.tflite").write_bytes(estimate.tflite)
    if estimate.weights:
        (folder / "weights.npz").write_bytes(estimate.weights)
    for name, value in (("ledger.json", ledger_to_json(ledger)), ("rebuild.json", rebuilt.to_json())):
        (folder / name).write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")
    if ledger.lowered:  # a ledger for TFLite Micro has no C of ours
        write_sources(generate(graph, ledger.lowered, ledger.plan, name="model"), folder / "c")
