"""Short tables for docs/background/do_you_need_nas.md: means over seeds, the highest of a task in bold."""

from __future__ import annotations

from statistics import fmean, stdev

from benchmarks.search.cells import BUDGETS, OTHER_SPACE, TASKS, Cell
from benchmarks.search.found import Found, is_default_run, tests_of

LABELS = {
    "default": "default search",
    "random": "random search",
    "predictor_reward": "`predictor_reward`",
    "predictor_front": "`predictor_front`",
    "nsga2": "`nsga2`",
    "local_search": "`local_search`",
    "reinforce": "`reinforce`",
    "dnas": "`dnas`",
    "supernet": "supernet, random search",
    "by_hand": "by hand, no search",
    "by_hand_2": "by hand, second network",
    "optuna_tpe": "optuna TPE",
    "keras_tuner_hyperband": "keras-tuner Hyperband",
}
"""Entry -> its name on the page."""


def overview(found: Found) -> str:
    """A table per budget: a row per entry, a column per task."""
    return "\n\n".join(_table(found, minutes) for minutes in BUDGETS)


def _table(found: Found, minutes: float) -> str:
    entries, seeds = BUDGETS[minutes]
    means = {task: {entry: _mean(found, task, entry, minutes) for entry in entries} for task in TASKS}
    best = {task: max(of_task.values()) for task, of_task in means.items()}
    lines = [
        f"At {minutes:g} CPU minutes, {seeds} seeds:\n",
        f"| | {' | '.join(TASKS)} |",
        f"|{'---|' * (len(TASKS) + 1)}",
    ]
    for entry in entries:
        figures = (_figure(found, task, entry, minutes, best[task]) for task in TASKS)
        lines.append(f"| {LABELS[entry]} | {' | '.join(figures)} |")
    return "\n".join(lines)


def _mean(found: Found, task: str, entry: str, minutes: float) -> float:
    """As shown; -1 without a figure, so that such an entry is not the best."""
    tests = tests_of(found, task, entry, minutes, BUDGETS[minutes][1])
    return round(fmean(tests.values()), 3) if tests else -1.0


def _figure(found: Found, task: str, entry: str, minutes: float, best: float) -> str:
    """``**.812** +- .010``, ``.812 (1 seed)``, ``as default``, ``none found``, ``missing``, or ``-`` where
    the strategy does not search the space of the task.
    """
    seeds = BUDGETS[minutes][1]
    tests = tests_of(found, task, entry, minutes, seeds)
    own = [cell for seed in range(seeds) if (cell := Cell(task, entry, seed, minutes)) in found]
    if (task, entry) in OTHER_SPACE:
        return "-"
    if not tests:
        same = any(is_default_run(found, Cell(task, entry, seed, minutes)) for seed in range(seeds))
        return "as default" if same else "none found" if own else "missing"
    mean = _mean(found, task, entry, minutes)
    text = f"**{_short(mean)}**" if mean == best else _short(mean)
    if len(tests) > 1:
        text += f" +- {_short(stdev(tests.values()))}"
    return text if len(tests) == seeds else f"{text} ({len(tests)} seed{'s'[: len(tests) > 1]})"


def _short(figure: float) -> str:
    """Three digits, without a zero before the point."""
    return f"{figure:.3f}".removeprefix("0")
