"""What a search is about, before it starts: its data, its boards with their budgets, and its settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from micronas.cli.output import kb, percent
from micronas.errors import plural

if TYPE_CHECKING:
    from micronas.data import Dataset
    from micronas.search import Setup
    from micronas.store import Store


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
