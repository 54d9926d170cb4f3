"""The results of a finished search: the network's files, its figures, and the object of ``--json``."""

from __future__ import annotations

import functools
import json
import math
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from micronas.board import Board
from micronas.config import SearchConfig
from micronas.data import Dataset, DataSplit, Task
from micronas.data.front_end_file import front_end_file
from micronas.deploy.deployment import cache_folder, sources_of, verified_deployment, write_sources
from micronas.deploy.modelled import try_modelled
from micronas.deploy.to_json import deployment_figures, latency_range
from micronas.errors import StoreError
from micronas.estimate.accuracy import int8_answers, int8_figure
from micronas.estimate.agreement import Agreement
from micronas.estimate.confusion import Confusion, confusion_of
from micronas.estimate.errors_in_unit import target_errors
from micronas.estimate.full import cached_dataset
from micronas.estimate.gap import Gap, gap_of
from micronas.estimate.interval import Interval, accuracy_interval
from micronas.estimate.rejection import rejection_of
from micronas.estimate.second_witness import witnessed
from micronas.estimate.threshold import Threshold, choose_threshold
from micronas.host.temporary_folder import temporary_folder
from micronas.memory.ledger import Budget, make_ledger
from micronas.memory.plan.prefer import prefer_of_search
from micronas.model.front_end import FILE_NAME, to_json
from micronas.quantize.float_form import FloatForm, float_form, some_of
from micronas.quantize.layer_report import LayerReport
from micronas.report.front import front_of
from micronas.report.model_card import JSON_NAME, MARKDOWN_NAME, card_json, card_markdown
from micronas.report.target import missed_target
from micronas.search.final import Winner
from micronas.search.final_front_end import final_tables, front_end_bytes, with_time
from micronas.search.pool.cluster import cluster_members
from micronas.search.pool.final_measurement import on_first_usable, run_where_attached
from micronas.search.pool.members import device_of, members_here
from micronas.search.predicted_latency.check import check_predictions, check_to_json
from micronas.search.profile import PROFILE_FACT
from micronas.search.ray_executor import SharedData
from micronas.search.setup import Setup
from micronas.search.stages import deployed_graph, parity_samples
from micronas.store import Final, Record, Store
from micronas.store.board_results import BoardResult, board_folder, board_results
from micronas.store.changes import CHANGES, DATA_DIGEST, changes_text
from micronas.store.deployment_figures import DeploymentFigures
from micronas.store.final_figures import (
    ERRORS,
    LAYERS,
    WITNESS,
    FinalFigures,
    figures_from_json,
    files_in,
)
from micronas.store.other_boards import BOARDS
from micronas.store.pool import POOL_FACT, usable_first
from micronas.store.stored_setup import stored_config
from micronas.strategy.reward import reward
from micronas.train.isolated import run_isolated
from micronas.trial import Json, Latency, Outcome, Scores, Source, object_at

PARITY_SAMPLES = 32

KERAS_DEADLINE_S = 900.0
"""For starting TensorFlow and writing a file: many times what it takes."""


@dataclass(frozen=True)
class Deployed:
    """The figures and files of the final build, by name."""

    figures: DeploymentFigures
    files: dict[str, str]

    def unpacked(self, contents: Mapping[str, bytes], folder: Path) -> Deployed:
        """This with its files in ``folder``; ``contents`` and the paths in ``files`` are relative to it."""
        for name, data in contents.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        return replace(self, files={kind: str(folder / name) for kind, name in self.files.items()})


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
    quality = int8_figure(delivered, setup.dataset, test)
    confusion, gap, interval = _judged(delivered, setup.dataset, test)
    errors = target_errors(delivered, setup.dataset, test)
    validation = int8_figure(delivered, setup.dataset, setup.dataset.validation)
    threshold = choose_threshold(delivered, setup.dataset)
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
        rejection=rejection_of(delivered, setup.dataset, test, threshold),
    )
    _write_front_end(setup.dataset, Path(deployed.files["front_end"]), threshold)
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


def _write_front_end(dataset: Dataset, path: Path, threshold: Threshold | None = None) -> None:
    thresholds = {} if threshold is None else {threshold.name: threshold.value}
    text = json.dumps(to_json(front_end_file(dataset, thresholds)), indent=2) + "\n"
    path.write_text(text, encoding="utf-8")


def _write_card(card: dict[str, Json], folder: Path) -> dict[str, str]:
    """The model card for programs and for people."""
    (folder / JSON_NAME).write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
    text = card_markdown(card).encode("utf-8", "backslashreplace")
    (folder / MARKDOWN_NAME).write_bytes(text)
    return {"model_card": str(folder / MARKDOWN_NAME)}


def _judged(
    tflite: bytes, dataset: Dataset, test: DataSplit
) -> tuple[Confusion | None, Gap | None, Interval | None]:
    """Of the int8 network: its confusions, how far test is below validation, and the interval of test."""
    if dataset.task is not Task.CLASSIFY:
        return None, None, None
    validation = dataset.validation
    answers = int8_answers(tflite, test.x)
    hits = int8_answers(tflite, validation.x) == validation.y, answers == test.y
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


def write_files(setup: Setup, tflite: bytes, best: Path, pool: dict[str, Json] | None = None) -> Deployed:
    """Write model, C sources, ELF and map into ``best``; an ELF exists only if a device is configured.

    With a pool of boards, whose stored state is ``pool``, the first board that can measure does it; that may
    be one of another machine.
    """
    build = FinalBuild(setup.config, setup.board, setup.budget, setup.net_latency is not None)

    def here(board_id: str) -> Deployed:
        return write_build(build, setup.dataset, tflite, best, board_id)

    if not setup.config.has_pool:
        return here("")
    if setup.config.device == "serial" and setup.config.executor == "ray":
        attached = cluster_members(setup.config, setup.board.name)
        shared = SharedData.of(setup.config.data, setup.dataset)
        work = functools.partial(write_on_node, shared, build, tflite)

        def there(board_id: str) -> Deployed:
            found, contents = run_where_attached(setup.config.ray_address, attached[board_id], work, board_id)
            return found.unpacked(contents, best)

        return on_first_usable(usable_first(pool or {}, tuple(attached)), there)
    return on_first_usable(usable_first(pool or {}, members_here(setup.config)), here)


@dataclass(frozen=True)
class FinalBuild:
    """What the final build depends on besides the network and the data; small and picklable.

    ``modelled``: the timing model's latency is added.
    """

    config: SearchConfig
    board: Board
    budget: Budget
    modelled: bool


def write_on_node(
    shared: SharedData, build: FinalBuild, tflite: bytes, board_id: str
) -> tuple[Deployed, dict[str, bytes]]:
    """``write_build`` on a node of a cluster: the figures, and the contents of all files by their path."""
    shared.keep()
    with temporary_folder() as name:
        folder = Path(name)
        found = write_build(build, cached_dataset(build.config.data), tflite, folder, board_id)
        contents = {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }
        files = {kind: Path(path).relative_to(folder).as_posix() for kind, path in found.files.items()}
        return replace(found, files=files), contents


def write_build(
    setup: FinalBuild, dataset: Dataset, tflite: bytes, best: Path, board_id: str = ""
) -> Deployed:
    """Build and measure on this machine, on board ``board_id`` of a pool; see ``write_files``."""
    best.mkdir(exist_ok=True)
    graph, removed = deployed_graph(tflite, "best", setup.config, dataset)
    (best / "model.tflite").write_bytes(tflite)
    names = dataset.class_names
    if names:
        text = "\n".join(names) + "\n"
        (best / "labels.txt").write_text(text, encoding="utf-8", errors="surrogateescape")
    _write_front_end(dataset, best / FILE_NAME)
    files = {
        "tflite": best / "model.tflite",
        **({"labels": best / "labels.txt"} if names else {}),
        "front_end": best / FILE_NAME,
    }
    ledger = make_ledger(
        graph, setup.board, within=setup.budget, prefer=prefer_of_search(setup.config.prefer)
    )
    tables = final_tables(setup.config, dataset, graph)
    front = front_end_bytes(tables, setup.board, ledger, graph)
    if setup.config.device == "none":
        files["c"] = write_sources(sources_of(graph, ledger), best / "c")
        found = DeploymentFigures(constant_channels=removed, front_end=front)
        return Deployed(found, {name: str(path) for name, path in files.items()})
    samples = parity_samples(graph, dataset, PARITY_SAMPLES)
    device = device_of(setup.config, board_id)
    with verified_deployment(graph, setup.board, samples, device=device, ledger=ledger) as deployed:
        found = replace(deployment_figures(deployed), constant_channels=removed)
        if setup.modelled:
            timed, why_not = try_modelled(deployed, samples, cache_folder())
            found = replace(found, modelled=timed.latency if timed else None, not_modelled=why_not)
        if tables is not None and front is not None:
            found = replace(found, front_end=with_time(front, deployed, tables, device))
        files["c"] = write_sources(deployed.sources, best / "c")
        files["elf"] = Path(shutil.copy(deployed.firmware.elf, best / "firmware.elf"))
        files["map"] = Path(shutil.copy(deployed.firmware.map_file, best / "firmware.map"))
    return Deployed(found, {name: str(path) for name, path in files.items()})


def summary(store: Store, final: Final) -> dict[str, Json]:
    """The object of ``micronas search --json``: stable keys, documented in docs/reference/json.md."""
    best = figures_from_json(final.result)
    records, config = store.records(), stored_config(store)
    predicts, target_ms = config.latency.model, config.reward.target_ms
    boards = board_results(store, final, records)
    return {
        "run": str(store.folder),
        "best": _best(best, store.folder / "best", records, target_ms),
        "boards": [_board(one, target_ms) for one in boards],
        "trials": _trials(records),
        "agreement": [agreement.to_json() for agreement in best.agreement or ()],
        "latency_predictions": check_to_json(check_predictions(records)) if predicts else None,
        "profile": store.optional_fact(PROFILE_FACT),
        "pool": store.optional_fact(POOL_FACT),
        "data": {"sha256": store.optional_fact(DATA_DIGEST)},
        "changes": store.optional_fact(CHANGES) or [],
    }


def _best(
    best: FinalFigures, folder: Path, records: Sequence[Record], target_ms: float | None
) -> dict[str, Json]:
    """The object ``best``, of a network whose files are in ``folder``."""
    scores, latency = best.scores, best.scores.latency
    ms, source = (latency.ms, latency.source.value) if latency else (None, None)
    missed = missed_target(target_ms, ms, source, records)
    target = best.deployment.execution_target
    return {
        "trial": best.trial,
        "final_fit": best.final_fit,
        "note": best.note,
        "selection": best.selection,
        "training": best.training,
        "cut": scores.cut,
        "quality": {
            "validation_int8": scores.quality_int8,
            "validation_float": scores.quality_float,
            "test_int8": best.test_quality_int8,
        },
        "int8_drop": scores.int8_drop,
        "gap": best.gap.to_json() if best.gap else None,
        "confusion": best.confusion.to_json() if best.confusion else None,
        ERRORS: best.errors.to_json() if best.errors else None,
        LAYERS: best.layers.to_json() if best.layers else None,
        WITNESS: best.witness.to_json() if best.witness else None,
        "rejection": best.rejection.to_json() if best.rejection else None,
        "flash_bytes": scores.flash_bytes,
        "sram_bytes": scores.sram_bytes,
        "latency": {"ms": ms, "source": source, **(latency_range(latency) if latency else {})},
        "execution_target": asdict(target) if target else None,
        "target": missed.to_json() if missed else None,
        "front_end": asdict(front) if (front := best.deployment.front_end) else None,
        "reward": scores.reward,
        "figure": best.figure,
        "files": dict(files_in(folder, best.files)),
    }


def _board(one: BoardResult, target_ms: float | None) -> dict[str, Json]:
    """An entry of ``boards``."""
    best = one.figures
    return {
        "board": one.name,
        "front": [record.trial.number for record in front_of(one.records)],
        "best": _best(best, one.folder, one.records, target_ms) if best else None,
        "trials": _trials(one.records),
    }


def _trials(records: Sequence[Record]) -> dict[str, Json]:
    counts: dict[str, Json] = {outcome.value.lower(): n for outcome, n in _counts(records).items()}
    return {**counts, "cut": len(cut_trials(records))}


def write_summary(store: Store, final: Final) -> Path:
    """Write ``result.json`` beside the store."""
    path = store.folder / "result.json"
    path.write_text(json.dumps(summary(store, final), indent=2) + "\n", encoding="utf-8")
    return path


def cut_trials(records: Sequence[Record]) -> list[Record]:
    """COMPLETE trials whose training a clock ended."""
    return [record for record in records if record.trial.scores and record.trial.scores.cut]


def _counts(records: Sequence[Record]) -> dict[Outcome, int]:
    return {outcome: sum(r.trial.outcome is outcome for r in records) for outcome in Outcome}
