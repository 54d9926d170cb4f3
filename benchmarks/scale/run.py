"""Time, memory and bytes of a search of many thousand trials, whose trainings cost nothing.

    python -m benchmarks.scale.run --trials 20000 --strategy aging_evolution

Prints a row after each quarter of the trials, one for resuming the ended run (every trial is read back and
reported to the strategy again), and one for the HTML report. CPU seconds are those of this process.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import psutil

from benchmarks.scale.task import WordGate, WordSpace, evaluate
from micronas.board import load_board
from micronas.config import SearchConfig, StrategyConfig
from micronas.report import write_report
from micronas.search.gate import Gate
from micronas.search.loop import Loop, failure_limit, trials_to
from micronas.search.parts import SearchParts
from micronas.search.past import Past, TrialHistory
from micronas.search.proposals import Proposals
from micronas.search.termination import TrialTermination
from micronas.search.trial_start import TrialStart
from micronas.search.workers.executor import InlineExecutor
from micronas.space import Space
from micronas.store import DATABASE, Record, Store
from micronas.strategy import make_strategy

WORKERS = 2


@dataclass
class Watcher:
    """An observer that prints a row after each quarter."""

    trials: int
    seen: int = 0

    def trial(self, record: Record, replayed: bool, feasible_share: float, left: str) -> None:
        self.seen += 1
        if not replayed and self.seen % max(1, self.trials // 4) == 0:
            row(f"{self.seen:,} trials")

    def phase(self, text: str) -> None:
        pass


def row(name: str, size: int | None = None) -> None:
    """Name, CPU seconds of the process so far, its memory now, and the bytes of a file."""
    rss = psutil.Process().memory_info().rss / 1e6
    file = "" if size is None else f"{size / 1e6:.1f}"
    print(f"| {name} | {time.process_time():.1f} | {rss:.0f} | {file} |", flush=True)


def facts(strategy: str) -> dict[str, object]:
    """What a store must know so that its report can be written."""
    config = SearchConfig(board="nucleo_f446re", strategy=StrategyConfig(name=strategy))
    return {
        "config": config.model_dump(mode="json"),
        "board": load_board("nucleo_f446re").model_dump(mode="json"),
        "class_names": ["a", "b"],
        "majority_baseline": 0.5,
    }


def search(store: Store, strategy: str, trials: int, observer: Watcher) -> list[Record]:
    """The real loop over words."""
    space = cast(Space, WordSpace())
    proposals = Proposals(space, cast(Gate, WordGate()))
    proposer = make_strategy(StrategyConfig(name=strategy), space, 11, proposals.accept)
    past = Past(TrialHistory.NOTHING)
    parts = SearchParts(space, proposals, store, TrialTermination(trials), observer, WORKERS, past)
    start, learners = TrialStart(parts, proposer), [trials_to(proposer)]
    return Loop(parts, start, InlineExecutor(evaluate), learners=learners, limit=failure_limit(1000)).run()


@contextmanager
def opened(folder: Path, strategy: str) -> Iterator[Store]:
    """The run in ``folder``, created or resumed."""
    begun = (folder / DATABASE).exists()
    with Store.resume(folder) if begun else Store.create(folder, facts(strategy)) as store:  # type: ignore[arg-type]
        store.begin_session()
        yield store


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--trials", type=int, default=20_000)
    parser.add_argument("--strategy", default="aging_evolution")
    options = parser.parse_args()
    print("| after | CPU s | memory, MB | file, MB |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "run"
        row("start")
        with opened(folder, options.strategy) as store:
            search(store, options.strategy, options.trials, Watcher(options.trials))
            row("the store", (folder / DATABASE).stat().st_size)
        with opened(folder, options.strategy) as store:
            search(store, options.strategy, options.trials, Watcher(options.trials))
        row("resuming the ended run")
        with Store.read(folder) as store:
            page = write_report(store)
        row("the report", page.stat().st_size)


if __name__ == "__main__":
    main()
