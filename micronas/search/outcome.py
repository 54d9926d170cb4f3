"""The results of a finished search: the network's files and its figures."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from micronas.config import SearchConfig
from micronas.data import Dataset, DataSplit, Task
from micronas.errors import StoreError
from micronas.estimate.accuracy import SplitOutputs, int8_figure, outputs_of
from micronas.estimate.agreement import Agreement
from micronas.estimate.confusion import Confusion, confusion_of
from micronas.estimate.errors_in_unit import target_errors
from micronas.estimate.gap import Gap, gap_of
from micronas.estimate.interval import Interval, accuracy_interval
from micronas.estimate.rejection import rejection_of
from micronas.estimate.second_witness import witnessed
from micronas.estimate.threshold import choose_threshold
from micronas.quantize.float_form import FloatForm, float_form, some_of
from micronas.quantize.layer_report import LayerReport
from micronas.report.model_card import JSON_NAME, MARKDOWN_NAME, card_json, card_markdown
from micronas.search.final.build import write_files, write_front_end
from micronas.search.final.reported import Winner
from micronas.search.setup import Setup
from micronas.store import Final, Store
from micronas.store.board_results import board_folder
from micronas.store.changes import changes_text
from micronas.store.final_figures import FinalFigures
from micronas.store.other_boards import BOARDS
from micronas.store.pool import POOL_FACT
from micronas.strategy.reward import reward
from micronas.train.isolated import run_isolated
from micronas.trial import Json, Latency, Scores, Source, object_at

KERAS_DEADLINE_S = 900.0
"""For starting TensorFlow and writing a file: many times what it takes."""


def conclude(
    setup: Setup, winners: Mapping[str, Winner | None], store: Store, agreement: Sequence[Agreement]
) -> Final:
    """Build and measure the winner once more, score it on the test split, and store the result.

    ``winners`` are those of all boards by name; the first board must have one. ``agreement``, how well the
    run's proxies ranked networks (see ``rank_agreement``), is stored with it.
    """
    first, *others = setup.boards
    winner = winners[first]
    assert winner is not None, "the first board has a winner"
    figures = figures_of(setup, winner, store, store.folder / "best")
    result = replace(figures, agreement=tuple(agreement)).to_json()
    if others:
        result[BOARDS] = {name: _on_board(setup.boards[name], winners[name], store) for name in others}
    final = Final(result, winner.tflite)
    store.set_final(final)
    return final


def _on_board(setup: Setup, winner: Winner | None, store: Store) -> dict[str, Json] | None:
    """The figures of another board's winner, as in a result."""
    if winner is None:
        return None
    folder = board_folder(store.folder, setup.board.name)
    folder.mkdir(parents=True, exist_ok=True)
    return figures_of(setup, winner, store, folder).to_json()


def figures_of(
    setup: Setup, winner: Winner, store: Store, folder: Path, *, what: str = "", command: str = ""
) -> FinalFigures:
    """Build and measure ``winner`` into ``folder``, and score it on the test split, which is recorded.

    ``what`` names the network in that record; by default it is its trial. ``command`` repeats it.
    """
    deployed = write_files(setup, winner.tflite, folder, object_at(store.optional_fact(POOL_FACT)))
    keras, layers = _write_keras(setup, winner, folder)
    files = {**deployed.files, **keras}
    reason = f"final figures of {what or f'trial {winner.number}'}"
    store.record_unsealing(reason)
    test = setup.dataset.test.unseal(reason)
    delivered = _as_delivered(Path(deployed.files["tflite"]), winner.tflite)
    outputs = outputs_of(delivered)
    quality = int8_figure(outputs, setup.dataset, test)
    confusion, gap, interval = _judged(outputs, setup.dataset, test)
    errors = target_errors(delivered, setup.dataset, test)
    validation = int8_figure(outputs, setup.dataset, setup.dataset.validation)
    threshold = choose_threshold(outputs, setup.dataset)
    scores = _as_scored(winner.scores, validation, deployed.figures.latency, setup.config)
    figures = FinalFigures(
        trial=winner.number,
        key=winner.key,
        final_fit=winner.final_fit,
        note="; ".join(filter(None, (winner.note, _difference(winner.scores.quality_int8, validation)))),
        selection=winner.selection,
        training=winner.training,
        test_quality_int8=quality,
        test_samples=len(test),
        scores=scores,
        deployment=deployed.figures,
        files=files,
        figure=setup.dataset.figure,
        confusion=confusion,
        gap=gap,
        errors=errors,
        layers=layers,
        witness=witnessed(delivered, setup.dataset, setup.dataset.validation, scores.macs),
        rejection=rejection_of(outputs, setup.dataset, test, threshold),
        threshold=threshold,
    )
    write_front_end(setup.dataset, Path(deployed.files["front_end"]), threshold)
    card = card_json(
        figures,
        setup.dataset,
        test,
        setup.config,
        store.folder,
        setup.board,
        errors.r2_interval if errors else interval,
        threshold,
    )
    card["changes"] = [*changes_text(store)]
    if command:
        card["rebuild"] = command
    return replace(figures, files={**files, **_write_card(card, folder)})


def _write_card(card: dict[str, Json], folder: Path) -> dict[str, str]:
    """The model card for programs and for people."""
    (folder / JSON_NAME).write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
    text = card_markdown(card).encode("utf-8", "backslashreplace")
    (folder / MARKDOWN_NAME).write_bytes(text)
    return {"model_card": str(folder / MARKDOWN_NAME)}


def _judged(
    outputs: SplitOutputs, dataset: Dataset, test: DataSplit
) -> tuple[Confusion | None, Gap | None, Interval | None]:
    """Of the int8 network: its confusions, how far test is below validation, and the interval of test."""
    if dataset.task is not Task.CLASSIFY:
        return None, None, None
    validation = dataset.validation
    answers = outputs.on(test).argmax(axis=1)
    hits = outputs.on(validation).argmax(axis=1) == validation.y, answers == test.y
    # Prepared folds stand in for groups in a split, but say nothing of how many speakers there are.
    groups = (validation.groups, test.groups) if dataset.group_names else (None, None)
    gap = gap_of(*hits, *groups)
    interval = accuracy_interval(hits[1], groups[1])
    return confusion_of(test.y, answers, dataset.class_names), gap, interval


def _write_keras(setup: Setup, winner: Winner, folder: Path) -> tuple[dict[str, str], LayerReport | None]:
    """``model.keras``, the float network, and what int8 costs in each layer; neither without the weights."""
    made = winner.float_form or _float_form(setup, winner)
    if made is None:
        return {}, None
    path = folder / "model.keras"
    path.write_bytes(made.keras)
    return {"keras": str(path)}, made.layers


def _float_form(setup: Setup, winner: Winner) -> FloatForm | None:
    """By a separate process, because this one has no TensorFlow."""
    if winner.weights is None:
        return None
    net = setup.space.net(setup.space.from_json(winner.arch))
    inputs = some_of(setup.dataset.validation.x)
    return run_isolated(
        *(float_form, net, winner.weights, winner.tflite, inputs),
        deadline_s=KERAS_DEADLINE_S,
        what="writing the float network",
    )


def _as_delivered(path: Path, tflite: bytes) -> bytes:
    """The bytes of the file for the user, whose accuracy is then computed."""
    delivered = path.read_bytes()
    if delivered != tflite:
        raise StoreError(
            f"{path} does not hold the network that was written to it",
            remedy="another program changed the file, or the disk is damaged: continue with --resume",
        )
    return delivered


def _as_scored(scores: Scores, quality: float, found: Latency | None, config: SearchConfig) -> Scores:
    """``scores`` with the delivered file's ``quality`` on validation data, and with the measured latency in
    place of a predicted one.
    """
    latency = scores.latency
    if found is not None and latency is not None and latency.source is Source.PREDICTED:
        latency = found
    if (quality, latency) == (scores.quality_int8, scores.latency):
        return scores
    earned = reward(quality, latency.ms if latency else None, config.reward)
    return replace(scores, quality_int8=quality, latency=latency, reward=earned)


def _difference(stored: float, delivered: float) -> str:
    """A note if the stored figure is not that of the delivered file: other data, or a damaged run."""
    if math.isclose(stored, delivered, abs_tol=1e-6):
        return ""
    return (
        f"the delivered file scores {delivered:.4f} on validation data, but its training stored {stored:.4f}"
    )
