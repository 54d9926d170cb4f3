"""``micronas compare``: strategies at equal cost."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from micronas.cli.options import BoardOrNone, ConfigArgument
from micronas.cli.output import (
    print_json,
    print_table_in_parts,
    print_wrapped,
    program,
    typed,
    warn_of_open_ports,
)
from micronas.errors import ConfigError, plural

if TYPE_CHECKING:
    from micronas.compare import ComparisonPlan, PlannedRun, Results

DEFAULT_STRATEGIES = "random,aging_evolution"


def compare(
    config: ConfigArgument = None,
    strategies: Annotated[
        str | None,
        typer.Option(
            help=f"STRATEGY or STRATEGY+ESTIMATOR, comma-separated; random search and the baseline network "
            f"are always included. Default: {DEFAULT_STRATEGIES}."
        ),
    ] = None,
    seeds: Annotated[int | None, typer.Option(help="Runs per entry. Default: 3.")] = None,
    budget: Annotated[
        str | None,
        typer.Option(help="For every run: 10min, 40trials or 6cpu-min. Default: the configuration's."),
    ] = None,
    board: BoardOrNone = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Overrides any key, repeatable.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder of the comparison. Default: runs/compare-CONFIG.")
    ] = None,
    resume: Annotated[Path | None, typer.Option(help="Resume the comparison in this folder.")] = None,
    only_results: Annotated[
        bool, typer.Option("--only-results", help="Run nothing; show the existing results.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")] = False,
) -> None:
    """Compare search strategies on one task at an equal budget, with several seeds."""
    from micronas.compare import open_plan

    if resume is not None:
        if any(value is not None for value in (config, strategies, seeds, budget, board, settings, out)):
            raise ConfigError(
                "--resume uses the comparison's own plan and cannot be combined with other options",
                remedy=f"{program()} compare --resume {typed(resume)}",
            )
        _compare(open_plan(resume, None, only_look=only_results), resume, only_results, as_json)
        return
    if config is None:
        raise ConfigError(
            "no configuration was given",
            remedy="micronas compare mnist5k_class_b --strategies random,aging_evolution "
            "--seeds 3 --budget 2cpu-min",
        )
    from micronas.config import find_config

    named = DEFAULT_STRATEGIES if strategies is None else strategies
    wanted = _plan(config, named, 3 if seeds is None else seeds, budget, board, settings)
    folder = out or Path("runs") / f"compare-{find_config(config).stem}"
    if not only_results:
        from micronas.compare.run import check_all

        check_all(wanted)
    _compare(open_plan(folder, wanted), folder, only_results, as_json)


def _plan(
    path: str, strategies: str, seeds: int, budget: str | None, board: str | None, settings: list[str] | None
) -> ComparisonPlan:
    from micronas.cli.settings import setting
    from micronas.compare import make_plan
    from micronas.compare.budget import budget_of, parse_budget
    from micronas.compare.entry import parse_entries
    from micronas.config import load_config

    overrides: dict[str, object] = {} if board is None else {"board": board}
    overrides |= dict(setting(text) for text in settings or [])
    config = load_config(path, overrides)
    allowed = parse_budget(budget) if budget is not None else budget_of(config.budget)
    words = [str(path), *(["--board", board] if board else [])]
    words += [word for text in settings or [] for word in ("--set", text)]
    return make_plan(config, parse_entries(strategies, config), seeds, allowed, tuple(words))


def _compare(plan: ComparisonPlan, folder: Path, only_results: bool, as_json: bool) -> None:
    from micronas.compare import read_results, results_to_json
    from micronas.compare.files import write_files

    failures = {} if only_results else _run(plan, folder)
    results = read_results(plan, folder, failures)
    files = write_files(results, folder)
    if as_json:
        print_json(results_to_json(results))
        return
    _print_results(results)
    for path in files:
        print(f"  {path}")


def _run(plan: ComparisonPlan, folder: Path) -> dict[str, str]:
    from micronas.cli.progress import make_progress
    from micronas.compare.run import run_all, search_run

    warn_of_open_ports(plan.config.device)

    def announce(run: PlannedRun, place: int, total: int) -> None:
        print(f"run {place} of {total}: {run.name}", file=sys.stderr, flush=True)

    def run_one(run: PlannedRun, path: Path) -> None:
        with make_progress() as progress:
            search_run(progress)(run, path)

    try:
        return run_all(plan, folder, run_one, announce)
    except KeyboardInterrupt:
        print(f"\nstopped; continue with:\n  {program()} compare --resume {typed(folder)}", file=sys.stderr)
        raise SystemExit(130) from None


def _print_results(results: Results) -> None:
    from micronas.compare.table import BOARD_HEADER, HEADER, board_limits, board_rows, rows

    plan = results.plan
    cost = f"{plan.budget.words} each, {plural(plan.seeds, 'seed')}"
    print_table_in_parts(f"{plan.config.data.name}: {cost}, median and range", HEADER, rows(results))
    print()
    if limits := board_limits(results):
        for name, text in limits.items():
            print_wrapped(f"{name}: {text}", 2)
        title = "on each board, median and range"
        print_table_in_parts(title, BOARD_HEADER, board_rows(results), repeated=2)
        print()
