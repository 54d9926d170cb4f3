"""The object of ``--json``, and ``result.json``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from micronas.deploy.to_json import latency_range
from micronas.host.durable import replace_durably
from micronas.report.front import front_of
from micronas.report.target import missed_target
from micronas.search.predicted_latency.check import check_predictions, check_to_json
from micronas.search.profile import PROFILE_FACT
from micronas.store import Final, Record, Store
from micronas.store.board_results import BoardResult, board_results
from micronas.store.changes import CHANGES, DATA_DIGEST
from micronas.store.final_figures import ERRORS, LAYERS, WITNESS, FinalFigures, figures_from_json, files_in
from micronas.store.pool import POOL_FACT
from micronas.store.stored_setup import stored_config
from micronas.trial import Json, Outcome


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
        "threshold": best.threshold.to_json() if best.threshold else None,
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
    """Write ``result.json`` beside the store, as a whole or not at all."""
    path = store.folder / "result.json"
    draft = path.with_name("result.json.part")
    try:
        draft.write_text(json.dumps(summary(store, final), indent=2) + "\n", encoding="utf-8")
        replace_durably(draft, path)
    finally:
        draft.unlink(missing_ok=True)
    return path


def has_summary(folder: Path) -> bool:
    """Whether ``result.json`` is there and whole."""
    try:
        json.loads((folder / "result.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return True


def cut_trials(records: Sequence[Record]) -> list[Record]:
    """COMPLETE trials whose training a clock ended."""
    return [record for record in records if record.trial.scores and record.trial.scores.cut]


def _counts(records: Sequence[Record]) -> dict[Outcome, int]:
    return {outcome: sum(r.trial.outcome is outcome for r in records) for outcome in Outcome}
