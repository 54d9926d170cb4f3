"""The winner of every board of a search: chosen by the board's own figures, each network trained once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from micronas.data.regroup import has_groups
from micronas.errors import SearchError
from micronas.estimate import ESTIMATORS
from micronas.search.evaluation.task import TRAINING, TrialResult
from micronas.search.final.epochs import final_epochs
from micronas.search.final.finalists import Selection, select
from micronas.search.final.order import Held
from micronas.search.final.reported import Winner
from micronas.search.final.teacher import teacher_of
from micronas.search.final.winner import best_form, choose, final_trainings, nothing_usable, ranking
from micronas.search.one_network import search_or_not, trained_alone
from micronas.search.setup import Setup
from micronas.search.termination import Termination
from micronas.search.workers.executor import Executor
from micronas.search.workers.once import Once, every_training
from micronas.store import Record, Store
from micronas.store.other_boards import BOARDS, on_board, usable_on
from micronas.trial import Outcome, object_at, scores_from_json


def board_winners(
    setup: Setup,
    records: list[Record],
    executor: Executor,
    store: Store,
    termination: Termination,
    say: Callable[[str], object],
) -> dict[str, Winner | None]:
    """The network to report for each board, by the board's name; None for a further board without one.

    Raises ``SearchError`` if there is none for the first board.
    """
    fit, workers = setup.config.final_fit, setup.config.workers
    epochs = final_epochs(setup.config, setup.dataset.task) * setup.config.training.fits_per_finalist
    once = Once(executor, every_training) if setup.others else executor
    selected = {
        name: _select(setup, [on_board(r, name) for r in records], once, termination, say, name)
        for name in setup.boards
    }
    teacher = teacher_of(setup.config.training, records, store)
    if not trained_alone(records):
        say("final training")
    if not setup.others:
        chosen = selected[setup.board.name]
        return {
            setup.board.name: choose(
                records,
                fit.finalists,
                executor,
                workers,
                store,
                termination,
                say,
                epochs=epochs,
                selected=chosen,
                teacher=teacher,
            )
        }
    best = {name: list(one.records)[: fit.finalists] for name, one in selected.items()}
    if not best[setup.board.name]:
        raise nothing_usable(records, store)
    finalists = {record.trial.number: record for some in best.values() for record in some}
    boards = {number: usable_on(record, setup.board.name) for number, record in _raw(records, finalists)}
    results = final_trainings(
        list(finalists.values()), executor, workers, termination, say, epochs, boards, teacher
    )
    return {
        name: _winner(setup, name, some, results, store, say, selected[name]) for name, some in best.items()
    }


def _select(
    setup: Setup,
    records: list[Record],
    executor: Executor,
    termination: Termination,
    say: Callable[[str], object],
    name: str,
) -> Selection:
    if text := trained_alone(records, search_or_not(setup)):
        return Selection(tuple(ranking(records)), text)
    config = setup.config
    named = (lambda text: say(f"{name}: {text}")) if setup.others else say
    regrouped = config.estimator.name in ESTIMATORS and has_groups(setup.dataset)
    held = Held(len(setup.dataset.validation), regrouped)
    return select(ranking(records), config.final_fit, config.reward, held, executor, termination, named)


def _raw(records: list[Record], wanted: dict[int, Record]) -> list[tuple[int, Record]]:
    """The finalists as they were recorded, which name all boards."""
    return [(record.trial.number, record) for record in records if record.trial.number in wanted]


def _winner(
    setup: Setup,
    name: str,
    best: list[Record],
    results: dict[int, TrialResult],
    store: Store,
    say: Callable[[str], object],
    selected: Selection,
) -> Winner | None:
    first = name == setup.board.name
    own = {number: result_for(result, name, first=first) for number, result in results.items()}
    try:
        return best_form(best, own, store, lambda text: say(f"{name}: {text}"), selected) if best else None
    except SearchError:
        if first:
            raise
        return None  # no finalist is fast enough there: the other boards still have their networks


def result_for(result: TrialResult, board: str, *, first: bool) -> TrialResult:
    """A result as it is evaluated for ``board``; ``first`` for the board of the search's own columns."""
    entry = {} if first else object_at(result.details, BOARDS, board)
    if not entry:
        return result
    scores = object_at(entry, "scores")
    said = {TRAINING: result.details[TRAINING]} if TRAINING in result.details else {}
    return replace(
        result,
        outcome=Outcome(entry["outcome"]),
        stage=str(entry["stage"]),
        reason=str(entry["reason"]),
        scores=scores_from_json(scores) if scores else None,
        details={**object_at(entry, "details"), **said},
    )
