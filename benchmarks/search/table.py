"""The tables of the benchmark: mean and spread over seeds, seeds won against by hand, and missing cells."""

from __future__ import annotations

from statistics import fmean, stdev

from benchmarks.search.cells import BUDGETS, BY_HAND, OTHER_SPACE, TASKS, Cell, cells
from benchmarks.search.found import Found, is_default_run, missing, tests_of, without_network
from benchmarks.search.paired import against_random, default_minus


def markdown(found: Found) -> str:
    """A table per budget, a row per entry, a column per task; differences of the default search; the test
    against random search; and how many cells are missing.
    """
    parts = [_table(found, minutes) for minutes in BUDGETS]
    ran = [minutes for minutes in BUDGETS if any(cell.cpu_minutes == minutes for cell in found)]
    parts += [default_minus(found, minutes) for minutes in ran]
    parts.append(against_random(found))
    if count := len(missing(found)):
        parts.append(f"{count} of {len([*cells()])} cells are missing; `--only-table --names` lists them.")
    return "\n\n".join(parts)


def missing_names(found: Found) -> str:
    """The names of the missing cells, one a line."""
    return "\n".join(cell.name for cell in missing(found))


def _table(found: Found, minutes: float) -> str:
    entries, seeds = BUDGETS[minutes]
    if not any(cell.cpu_minutes == minutes for cell in found):
        return f"At {minutes:g} CPU minutes, no cell has run: missing."
    head = f"Test figure (int8) at {minutes:g} CPU minutes, mean +- standard deviation over {seeds} seeds\n"
    lines = [f"| | {' | '.join(TASKS)} |", f"|{'---|' * (len(TASKS) + 1)}"]
    for entry in entries:
        figures = " | ".join(_figure(found, task, entry, minutes, seeds) for task in TASKS)
        lines.append(f"| {entry} | {figures} |")
    return "\n".join([head, *lines])


def _figure(found: Found, task: str, entry: str, minutes: float, seeds: int) -> str:
    """``.812 +- .010 (above by hand in 2 of 3)``, with the seeds if not all have run; or ``missing``."""
    if (task, entry) in OTHER_SPACE:
        return "-"
    tests = tests_of(found, task, entry, minutes, seeds)
    without = without_network(found, task, entry, minutes, seeds)
    none = [f"no network in {without} of {seeds} seeds"] if without else []
    same = sum(is_default_run(found, Cell(task, entry, seed, minutes)) for seed in range(seeds))
    none += [f"as default in {same} of {seeds} seeds"] if same else []
    if not tests:
        return "; ".join(none) or "missing"
    spread = f" +- {stdev(tests.values()):.3f}" if len(tests) > 1 else ""
    against = _against(found, task, entry, minutes, seeds)
    fewer = [f"{len(tests)} of {seeds} seeds"] if len(tests) < seeds else []
    about = "; ".join([*fewer, *against, *none])
    return f"{fmean(tests.values()):.3f}{spread}{about and f' ({about})'}"


def _against(found: Found, task: str, entry: str, minutes: float, seeds: int) -> list[str]:
    """Seeds in which an entry is above the better of the two networks designed by hand."""
    if entry in BY_HAND:
        return []
    own = tests_of(found, task, entry, minutes, seeds)
    hands = [tests_of(found, task, hand, minutes, seeds) for hand in BY_HAND]
    paired = [seed for seed in own if all(seed in hand for hand in hands)]
    if not paired:
        return []
    above = sum(own[seed] > max(hand[seed] for hand in hands) for seed in paired)
    return [f"above by hand in {above} of {len(paired)}"]
