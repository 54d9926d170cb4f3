"""The float network of a trial at which a fine-tuning begins."""

from __future__ import annotations

import json
from pathlib import Path

from micronas.data import Task
from micronas.errors import SearchError, StoreError
from micronas.estimate.fine_tuning import Origin
from micronas.model.net import Net
from micronas.model.tflite import read_bytes
from micronas.search.pick import pick_folder
from micronas.search.setup import Setup
from micronas.space import make_space
from micronas.store import Record, Store
from micronas.store.board_results import board_folder
from micronas.store.final_figures import FinalFigures, figures_from_json
from micronas.store.other_boards import BOARDS, board_names
from micronas.store.stored_setup import stored_config
from micronas.trial import object_at


def origin_of(setup: Setup, store: Store, record: Record) -> Origin:
    """The best float network that the run has of the trial: after a final training, or not.

    Raises ``SearchError`` if the run kept none.
    """
    board, new_head = setup.board.name, _names_differ(store, setup)
    number, scores = record.trial.number, record.trial.scores
    assert scores is not None, "a COMPLETE trial has scores"
    old = _old_net(store, record)
    pick = pick_folder(store, number, board)
    finals = [(pick, f"picked trial {number}", _stored_quality(pick, scores.quality))]
    reported = _reported(store, board)
    if reported is not None and reported.trial == number:
        is_first = board_names(store)[0] == board
        best = store.folder / "best" if is_first else board_folder(store.folder, board)
        finals.insert(0, (best, f"the reported network (trial {number})", reported.scores.quality))
    for folder, name, quality in finals:
        if (folder / "model.keras").is_file():
            return Origin(name, old, folder / "model.keras", new_head, quality)
    weights = store.weights(number)
    if weights is None:
        raise SearchError(
            f"the run did not keep the float weights of trial {number}",
            remedy=f"`micronas pick {store.folder} {number}` trains it again and keeps them",
        )
    return Origin(f"trial {number}", old, weights, new_head, scores.quality)


def _reported(store: Store, board: str) -> FinalFigures | None:
    """The figures of the network that the run reports for ``board``."""
    final = store.final()
    if final is None:
        return None
    result = final.result if board_names(store)[0] == board else object_at(final.result, BOARDS, board)
    return figures_from_json(result) if result else None


def _stored_quality(folder: Path, otherwise: float) -> float:
    """The int8 quality on validation data of the picked network in ``folder``."""
    try:
        return figures_from_json(
            json.loads((folder / "result.json").read_text(encoding="utf-8"))
        ).scores.quality
    except (OSError, ValueError, StoreError):
        return otherwise


def _old_net(store: Store, record: Record) -> Net:
    """The trial's network as it was trained, from what the run stored: its data may be gone."""
    config, tflite = stored_config(store), store.model(record.trial.number)
    assert tflite is not None, "a COMPLETE trial has a model"
    graph = read_bytes(tflite, "trial")
    _, height, width, channels = graph.tensors[graph.inputs[0]].shape
    names = store.fact("class_names")
    space = make_space(config.space, (height, width, channels), len(names) if isinstance(names, list) else 0)
    return space.net(space.from_json(record.trial.arch))


def _names_differ(store: Store, setup: Setup) -> bool:
    """Whether the outputs mean other classes now."""
    if setup.dataset.task is not Task.CLASSIFY:
        return False
    return store.fact("class_names") != list(setup.dataset.class_names)
