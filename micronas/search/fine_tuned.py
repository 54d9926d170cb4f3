"""A fine-tuned network as a result of its own, in a folder whose name appears when all files are complete.

An interruption leaves nothing that looks like a result.
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from micronas.errors import percent, plural
from micronas.search.final.reported import Winner
from micronas.search.outcome import figures_of
from micronas.search.setup import Setup
from micronas.store import Store
from micronas.store.final_figures import FinalFigures, files_in
from micronas.trial import Json

FOLDER, DRAFT = "fine-tuned", ".unfinished"


@dataclass(frozen=True)
class StartOfTuning:
    """Where a fine-tuning began: ``name`` of the float network, and the most epochs it was given.

    ``new_head`` is whether its last layer started from scratch. ``before`` is the network's int8 quality on
    validation data, None for other data.
    """

    name: str
    epochs: int
    new_head: bool
    before: float | None


@dataclass(frozen=True)
class FineTuned:
    """A fine-tuned network: its folder, the same figures as in a run's result, and where it began."""

    folder: Path
    figures: FinalFigures
    start: StartOfTuning

    def to_json(self) -> dict[str, Json]:
        """The object of ``--json`` and of ``result.json``; its keys are stable."""
        return {"folder": str(self.folder), "start": {**asdict(self.start)}, **self.figures.to_json()}


def store_tuned(setup: Setup, store: Store, winner: Winner, start: StartOfTuning, command: str) -> FineTuned:
    """All files in a folder that gets its name last."""
    folder = free_folder(store.folder / FOLDER, winner.number)
    draft = folder.with_name(folder.name + DRAFT)
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    try:
        what = f"trial {winner.number}, fine-tuned on {setup.dataset.name}"
        noted = replace(winner, note=_note(start, winner))
        figures = figures_of(setup, noted, store, draft, what=what, command=command)
        done = FineTuned(folder, replace(figures, files=files_in(folder, figures.files)), start)
        text = json.dumps(done.to_json(), indent=2) + "\n"
        (draft / "result.json").write_text(text, encoding="utf-8")
        os.replace(draft, folder)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    return done


def _note(start: StartOfTuning, winner: Winner) -> str:
    head = ", with a new last layer" if start.new_head else ""
    text = f"{start.name} trained for {plural(winner.scores.epochs, 'more epoch')}{head}"
    if start.before is None:
        return text
    return f"{text}; int8 on validation data before: {percent(start.before)}"


def free_folder(parent: Path, number: int) -> Path:
    """``trial-N-1``, or the first such name that is not taken."""
    return next(path for k in itertools.count(1) if not (path := parent / f"trial-{number}-{k}").exists())
