"""Trains, builds, measures and tests another network of a run in the same way as its winner."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from micronas.errors import SearchError
from micronas.report.front import front_of
from micronas.search.final.epochs import final_epochs
from micronas.search.final.teacher import teacher_of
from micronas.search.final.winner import choose
from micronas.search.one_network import is_alone
from micronas.search.outcome import figures_of
from micronas.search.setup import Setup
from micronas.search.termination import TrialTermination
from micronas.search.workers.search_executor import search_executor
from micronas.store import Record, Store
from micronas.store.final_figures import FinalFigures, figures_from_json
from micronas.store.other_boards import board_names, records_for, usable_on
from micronas.trial import Outcome


@dataclass(frozen=True)
class Picked:
    """The folder of a pick, and the same figures as in a run's result."""

    folder: Path
    figures: FinalFigures


def pick(setup: Setup, store: Store, number: int, say: Callable[[str], object]) -> Picked:
    """Take trial ``number`` of a run: its final training, build, measurement and test.

    ``setup`` is that of the board for which it is taken.
    The run's own result stays as it is. Raises ``SearchError`` for a trial that ended without a network.
    """
    board = setup.board.name
    record = find_trial(records_for(store, board), number)
    store.begin_session()
    setup = _with_epochs(setup, _epochs_of(record, store))
    say(f"final training of trial {record.trial.number}")
    with search_executor(setup, store, say) as executor:
        epochs = final_epochs(setup.config, setup.dataset.task)
        teacher = teacher_of(setup.config.training, store.records(), store)
        winner = choose(
            [record], 1, executor, 1, store, TrialTermination(0), say, epochs=epochs, teacher=teacher
        )
    say("build, measurement and test")
    folder = pick_folder(store, winner.number, board)
    folder.mkdir(parents=True, exist_ok=True)
    figures = figures_of(setup, winner, store, folder)
    text = json.dumps(figures.to_json(), indent=2) + "\n"
    (folder / "result.json").write_text(text, encoding="utf-8")
    return Picked(folder, figures)


def pick_folder(store: Store, number: int, board: str) -> Path:
    """Where a run keeps its pick of trial ``number`` for ``board``."""
    is_first = board_names(store)[0] == board
    return store.folder / "picks" / (f"trial-{number}" if is_first else f"trial-{number}-{board}")


def _epochs_of(record: Record, store: Store) -> int | None:
    """The epochs of the winner's final training, which a budget in time may have limited; those of ``record``
    itself if it had all of the time of its run (``one_network``). None if there was no such training.
    """
    if is_alone(record) and record.trial.scores is not None:
        return record.trial.scores.epochs
    final = store.final()
    figures = None if final is None else figures_from_json(final.result)
    return figures.scores.epochs if figures is not None and figures.final_fit else None


def _with_epochs(setup: Setup, epochs: int | None) -> Setup:
    """``setup`` with ``epochs`` of a final training, if it has none of its own; not fewer than usual."""
    fit = setup.config.final_fit
    if fit.epochs is not None or epochs is None:
        return setup
    as_many = fit.model_copy(update={"epochs": max(fit.most_epochs(long=False), epochs)})
    return replace(setup, config=setup.config.model_copy(update={"final_fit": as_many}))


def find_trial(records: Sequence[Record], number: int) -> Record:
    """The COMPLETE trial ``number``, or the one that it repeats; ``SearchError`` for any other."""
    known = {record.trial.number: record for record in records}
    on_front = ", ".join(str(record.trial.number) for record in front_of(records)) or "none yet"
    remedy = f"trials on the Pareto front: {on_front}; `micronas show RUN` lists them all"
    if number not in known:
        raise SearchError(f"this run has no trial {number}", remedy=remedy)
    record = known[number]
    if record.trial.outcome is not Outcome.COMPLETE:
        ended = f"{record.trial.outcome.value.lower()}: {record.trial.reason}"
        elsewhere = usable_on(record, "")
        if elsewhere:
            remedy = f"it is usable on another board of this run: add --board {elsewhere[0]}"
        raise SearchError(f"trial {number} has no network to build ({ended})", remedy=remedy)
    original = record.details.get("repeats_trial")
    return known[original] if isinstance(original, int) else record
