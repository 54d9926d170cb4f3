"""Output of a search: its task at the start, its result and the next commands at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from micronas.cli.output import kb, percent, print_facts, print_table, print_wrapped, program, typed
from micronas.errors import plural

if TYPE_CHECKING:
    from pathlib import Path

    from micronas.data import Dataset
    from micronas.estimate.confusion import Confusion
    from micronas.estimate.target_errors import TargetErrors
    from micronas.report.target import MissedTarget
    from micronas.search import Setup
    from micronas.store import Final, Store
    from micronas.store.board_results import BoardResult
    from micronas.store.deployment_figures import DeploymentFigures
    from micronas.store.final_figures import FinalFigures
    from micronas.trial import Latency

FINE_TUNED = "fine-tuned network"


def print_task(setup: Setup, store: Store) -> None:
    """The data, the board with its budgets, and the settings of the search."""
    from micronas.store.changes import changes_text

    config, data = setup.config, setup.dataset
    budget = config.budget
    limits = (("trial", budget.trials), ("minute", budget.minutes), ("CPU minute", budget.cpu_minutes))
    ends = [plural(limit, unit) for unit, limit in limits if limit]
    splits = (
        f"{len(data.train):,} training, {len(data.validation):,} validation, {len(data.test):,} sealed test "
        "samples"
    )
    print(
        f"{data.name}: {splits}\n"
        f"  {_question(data)}\n"
        + "".join(f"{_limits(one)}\n" for one in setup.boards.values())
        + f"{config.strategy.name}, seed {config.seed}, at most {' and '.join(ends)}, "
        f"{plural(config.workers, 'worker')} -> {store.folder}",
        *data.notes,
        *changes_text(store),
        sep="\n",
        flush=True,
    )


def _limits(setup: Setup) -> str:
    """A board, and the memory of it that the network may use."""
    config = setup.config
    kind = "flash and SRAM" if config.runtime == "micronas" else "model file and arena (TFLite Micro)"
    at = "" if config.clock_mhz is None else f" at {config.clock_mhz:g} MHz"
    sizes = f"{kb(setup.budget.flash_bytes)} and {kb(setup.budget.sram_bytes)}"
    return f"{setup.board.title}{at}: {sizes} for {kind}{_reserved(setup)}"


def _reserved(setup: Setup) -> str:
    """What the front end takes of the limits; empty if it has no C."""
    from micronas.search.front_end_budget import dataset_front_end

    cost = dataset_front_end(setup.dataset)
    if cost is None:
        return ""
    flash_bytes = cost.flash_bytes(setup.board.core)
    return f", in addition to {kb(flash_bytes)} and {kb(cost.buffer_bytes)} for the front end"


def _question(data: Dataset) -> str:
    """The task of a network, and the score of guessing."""
    from micronas.data import Task

    if data.task is Task.DETECT_ANOMALIES:
        return "anomalies by reconstruction error: accuracy below is AUC (guessing: 50 %)"
    if data.target is not None:
        return _regression(data)
    return f"{data.n_classes} classes (majority class: {percent(data.majority_baseline)})"


def _regression(data: Dataset) -> str:
    from micronas.data.constant import constant_errors

    target, constant = data.target, constant_errors(data, data.validation)
    assert target is not None
    assert constant is not None
    mae, rmse = target.with_unit(constant.mae), target.with_unit(constant.rmse)
    return f"predict {target}: accuracy below is R2 (always the mean: 0 %, MAE {mae}, RMSE {rmse})"


def print_result(
    setup: Setup,
    store: Store,
    found: FinalFigures,
    report: Path | None,
    title: str = "picked network",
) -> None:
    """The figures of the network, its files, and the next commands."""
    scores, latency = found.scores, found.scores.latency
    time = str(latency) if latency else "not run (device: none)"
    trained = "after its final training" if found.final_fit else "as trained during the search"
    if title == FINE_TUNED:
        trained = "fine-tuned"
    rows = [
        ("trial", f"{found.trial}, {trained}"),
        (f"{found.figure}, int8, test", _test_quality(found)),
        (f"{found.figure}, int8, validation", percent(scores.quality_int8)),
        *_quality_rows(found),
        *([("int8, by layer", str(found.layers))] if found.layers else []),
        *([("second interpreter", str(found.witness))] if found.witness else []),
        *([("final training", found.training)] if found.training else []),
        *([("selection", found.selection)] if found.selection else []),
        *([("note", found.note)] if found.note else []),
        *_cut_rows(store),
        ("flash", f"{kb(scores.flash_bytes)} of {kb(setup.budget.flash_bytes)}"),
        ("SRAM", f"{kb(scores.sram_bytes)} of {kb(setup.budget.sram_bytes)}"),
        ("latency", time),
        *_front_end_rows(found.deployment),
        *_target_rows(setup, store, latency),
        ("multiply-accumulates", f"{scores.macs:,}"),
        *_deployment_rows(found.deployment, latency),
    ]
    first = f" on {setup.board.title}" if setup.others else ""
    print_facts(f"best network{first}" if report else title, rows)
    for name, path in found.files.items():
        print(f"  {name:<11} {path}")
    if report:
        print(f"  {'report':<11} {report}")
    _print_next(setup, typed(found.files["tflite"]))


MOST_ON_FRONT = 12
"""Networks of a front that a terminal shows; the report has all of them."""


def print_boards(store: Store, final: Final) -> None:
    """Of a search for several boards, each board's front, with the reported network marked."""
    from micronas.store.board_results import board_results

    for result in board_results(store, final, store.records()):
        _print_front(result)
        if result.figures is None:
            print("  no network is within the limits of this board; the report has every trial's reason")
        else:
            best = result.figures
            quality = percent(best.test_quality_int8)
            print_wrapped(
                f"  reported: trial {best.trial}, {quality} on the test split, in {result.folder}", 4
            )
        print()


def print_pool(store: Store) -> None:
    """The boards of a pool; nothing for a run without one."""
    from micronas.store.pool import POOL_FACT, pool_rows
    from micronas.trial import object_at

    rows = pool_rows(object_at(store.optional_fact(POOL_FACT)), store.records())
    if rows:
        header = ("board", "trials", "failures", "ms", "difference", "state")
        print_table(
            "boards of the pool, and the network that all of them measured",
            header,
            [
                (r.board, str(r.trials), str(r.failures), r.latency_text, r.deviation_text, r.state)
                for r in rows
            ],
        )
        print()


def _print_front(result: BoardResult) -> None:
    from micronas.report.front import front_of

    winner = result.figures.trial if result.figures else None
    front = front_of(result.records)
    rows = []
    for record in front[-MOST_ON_FRONT:]:
        trial, scores = record.trial, record.trial.scores
        assert scores is not None, "a network of the front has figures"
        latency = f"{scores.latency.ms:.2f} ms {scores.latency.source.value}" if scores.latency else "not run"
        sizes = kb(scores.flash_bytes), kb(scores.sram_bytes)
        mark = "*" if trial.number == winner else ""
        rows.append((mark, str(trial.number), percent(scores.quality_int8), *sizes, latency))
    part = f", the best {len(rows)} of {len(front)}" if len(rows) < len(front) else ""
    header = ("", "trial", "validation", "flash", "SRAM", "latency")
    print_table(f"{result.name}: Pareto front of the trials{part}", header, rows)


def print_profile(store: Store) -> None:
    """Where the time of the session went; nothing for a run that had ended before."""
    from micronas.search.profile import PROFILE_FACT, profile_rows
    from micronas.trial import object_at

    profile = object_at(store.optional_fact(PROFILE_FACT))
    if not profile:
        return
    header = ("stage", "CPU s, workers", "CPU s, main process", "share", "wall s")
    title = (
        f"where the time went: {profile['cpu_s']:.1f} CPU s in {profile['wall_s']:.1f} s, "
        f"{plural(int(str(profile['workers'])), 'worker')}"
    )
    print_table(title, header, profile_rows(profile))
    print()


def _test_quality(found: FinalFigures) -> str:
    """An accuracy is a share of the samples; other figures are not."""
    quality = percent(found.test_quality_int8)
    if found.figure == "accuracy":
        return f"{quality} of {found.test_samples}"
    return f"{quality}, on {plural(found.test_samples, 'sample')}"


def _quality_rows(found: FinalFigures) -> list[tuple[str, str]]:
    """What a figure alone hides: the gap to the test split, the weakest class, the cost of quantization."""
    rows = _error_rows(found.errors) if found.errors else []
    if found.gap is not None:
        low, high = (f"{100 * bound:.1f}" for bound in (found.gap.low, found.gap.high))
        rows.append(("validation - test", f"{100 * found.gap.value:.1f} points (95 %: {low} to {high})"))
        if found.gap.warning:
            rows.append(("WARNING", found.gap.warning))
    if found.rejection is not None:
        rows.append(("unknown samples, test", str(found.rejection)))
        if found.rejection.warning:
            rows.append(("WARNING", found.rejection.warning))
    if found.confusion is not None and (weakest := _weakest(found.confusion)):
        rows.append(("weakest class, test", weakest))
    if found.scores.int8_drop:
        rows.append(
            ("WARNING", f"{found.scores.int8_drop}, {percent(found.scores.quality_float)} on validation")
        )
    return rows


def _error_rows(errors: TargetErrors) -> list[tuple[str, str]]:
    """Both errors of a regression, in the unit of the target, each with its interval and the one to beat."""
    return [
        (
            f"{name}, int8, test",
            f"{value:.4g}{errors.as_unit} (95 %: {interval.low:.4g} to {interval.high:.4g}); "
            f"always the mean: {constant:.4g}",
        )
        for name, value, interval, constant in (
            ("MAE", errors.mae, errors.mae_interval, errors.constant_mae),
            ("RMSE", errors.rmse, errors.rmse_interval, errors.constant_rmse),
        )
    ]


def _weakest(confusion: Confusion) -> str:
    known = [(r, i) for i, r in enumerate(confusion.recall) if r is not None]
    if not known:
        return ""
    recall, at = min(known)
    row = confusion.matrix[at]
    others = [(count, j) for j, count in enumerate(row) if j != at and count]
    most = f", most often taken for {confusion.classes[max(others)[1]]!r}" if others else ""
    return f"{confusion.classes[at]!r}: {percent(recall)} of {sum(row)} recognised{most}"


def _cut_rows(store: Store) -> list[tuple[str, str]]:
    """How many trials of the run a clock cut, which is what to change before the next one."""
    from micronas.search.result_json import cut_trials

    records = store.records()
    cut = cut_trials(records)
    if not cut:
        return []
    return [
        (
            "trainings cut short by a clock",
            f"{len(cut)} of {plural(len(records), 'trial')}; `show` lists each",
        )
    ]


def _front_end_rows(deployment: DeploymentFigures) -> list[tuple[str, str]]:
    """What the front end takes beside the network."""
    front = deployment.front_end
    if front is None:
        return []
    size = f"{kb(front.flash_bytes)} flash and {kb(front.sram_bytes)} SRAM, beside the network"
    if front.ms is None:
        return [("front end", size)]
    counted = "" if front.instructions is None else f", {front.instructions:,} instructions"
    return [("front end", size), ("front end, per input", f"{front.ms:.2f} ms {front.source}{counted}")]


def _deployment_rows(deployment: DeploymentFigures, latency: Latency | None) -> list[tuple[str, str]]:
    rows = []
    if removed := deployment.constant_channels:
        sizes = f"{removed.without:,} bytes of constants instead of {removed.with_them:,}"
        rows.append(("constant channels removed", sizes))
    if latency and latency.instructions:
        rows.append(("instructions", f"{latency.instructions:,}"))
    if target := deployment.execution_target:
        rows.append(("latency and outputs from", target.text))
    if parity := deployment.parity:
        equal = parity.elements - parity.mismatches
        rows.append(("outputs equal to reference", f"{equal} of {parity.elements}"))
    return rows


def _target_rows(setup: Setup, store: Store, latency: Latency | None) -> list[tuple[str, str]]:
    """Whether the reward's latency target is met, and otherwise which network meets it."""
    from micronas.report.target import missed_target

    target_ms = setup.config.reward.target_ms
    if target_ms is None or not latency:
        return []
    missed = missed_target(target_ms, latency.ms, latency.source.value, store.records())
    if missed is None:
        return [("latency target", f"{target_ms:g} ms: met")]
    return [
        ("latency target", f"{target_ms:g} ms: MISSED by {missed.ms - target_ms:.2f} ms"),
        ("best within the target", _within(missed, store)),
    ]


def _within(missed: MissedTarget, store: Store) -> str:
    best = missed.best_within.trial if missed.best_within else None
    if best is None or best.scores is None or best.scores.latency is None:
        return "none of the trials; give the search more trials, or raise reward.exponent"
    latency = best.scores.latency
    figures = f"{percent(best.scores.quality_int8)}, {latency.ms:.2f} ms {latency.source.value}"
    command = f"{program()} pick {typed(store.folder)} {best.number}"
    return f"trial {best.number}: {figures}; `{command}` selects it"


def _print_next(setup: Setup, tflite: str) -> None:
    from micronas.board.folders import is_path

    config = setup.config
    named = typed(config.board) if config.board and is_path(config.board) else setup.board.name
    board = named + ("" if config.clock_mhz is None else f" --clock-mhz {config.clock_mhz:.9g}")
    print("\nNext:")
    for what, command in (
        ("every op's instructions and bytes", f"bench {tflite} --board {board}"),
        ("upload to a real board", f"flash {tflite} --board {board}"),
        ("a C library for your own firmware", f"export {tflite} --out DIR"),
    ):
        print(f"  # {what}\n  {program()} {command}")
