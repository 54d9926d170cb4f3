"""``micronas search``: the main job."""

from __future__ import annotations

import functools
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from micronas.cli.options import (
    DEFAULT_RUNS,
    BoardsOption,
    ConfigArgument,
    ResumeOption,
    StrategyOption,
    run_folder,
)
from micronas.cli.output import print_json, program, typed, warn_of_open_ports
from micronas.cli.result_text import print_result
from micronas.cli.run_tables import print_boards, print_pool, print_profile
from micronas.cli.settings import setting
from micronas.cli.task_text import print_task
from micronas.errors import ConfigError, plural

if TYPE_CHECKING:
    from micronas.search import Setup
    from micronas.store import Store


def search(
    config: ConfigArgument = None,
    board: BoardsOption = None,
    run: Annotated[
        str | None, typer.Option(help="Name of the run. Default: configuration and number.")
    ] = None,
    runs: Annotated[Path, typer.Option(help="Folder that holds the runs.")] = DEFAULT_RUNS,
    resume: ResumeOption = None,
    finish_now: Annotated[
        bool, typer.Option("--finish-now", help="With --resume: no more trials; report the best so far.")
    ] = False,
    seed: Annotated[int | None, typer.Option(help="Overrides seed.")] = None,
    trials: Annotated[
        int | None, typer.Option(help="Overrides budget: trials; with --resume, a larger total.")
    ] = None,
    minutes: Annotated[
        float | None, typer.Option(help="Overrides budget: minutes; with --resume, a larger total.")
    ] = None,
    strategy: StrategyOption = None,
    workers: Annotated[int | None, typer.Option(help="Overrides workers.")] = None,
    ray: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Run trials on a Ray cluster: HOST:PORT, or auto; with --resume, another one.",
        ),
    ] = None,
    device: Annotated[
        str | None, typer.Option(help="Overrides device: qemu, renode, serial or none.")
    ] = None,
    probe: Annotated[
        str | None, typer.Option(help="Overrides probe: serial number of the debug probe.")
    ] = None,
    port: Annotated[str | None, typer.Option(help="Overrides port: serial port of the board.")] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Overrides any key, repeatable.")
    ] = None,
    profile: Annotated[
        bool, typer.Option("--profile", help="Show where the time of this session went, stage by stage.")
    ] = False,
    accept_changed_data: Annotated[
        bool,
        typer.Option("--accept-changed-data", help="With --resume: continue with changed data; recorded."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")] = False,
) -> None:
    """Search for a network that fits a board; build, run and measure the best one."""
    from micronas.search.cpu_clock import tree_cpu_s

    start_cpu_s = tree_cpu_s()
    from micronas.search import new_run, prepare
    from micronas.search.resume import Extension, stored_setup
    from micronas.store import Store

    overrides: dict[str, object] = {
        "board": board[0] if board else None,
        "other_boards": board[1:] if board else None,
        "seed": seed,
        "budget.trials": trials,
        "budget.minutes": minutes,
        "strategy.name": strategy,
        "workers": workers,
        "executor": None if ray is None else "ray",
        "ray_address": ray,
        "device": device,
        "probe": probe,
        "port": port,
    }
    given = {key: value for key, value in overrides.items() if value is not None}
    given |= dict(setting(text) for text in settings or [])
    if resume is not None:
        kept = {"budget.trials", "budget.minutes", "data.path", "executor", "ray_address"}
        kept -= {"executor", "ray_address"} if ray is None else set()
        if config is not None or set(given) - kept or run is not None:
            raise ConfigError(
                "--resume keeps the run's own configuration: only --trials and --minutes may extend it",
                remedy=f"{program()} search --resume {typed(resume)}",
            )
        moved = given.get("data.path")
        data_path = None if moved is None else Path(str(moved))
        extension = Extension(trials, minutes, accept_changed_data, data_path, ray)
        with Store.resume(run_folder(resume, runs)) as store:
            _search(stored_setup(store, extension), store, as_json, finish_now, profile, start_cpu_s)
        return
    for option, asked in (("--finish-now", finish_now), ("--accept-changed-data", accept_changed_data)):
        if asked:
            raise ConfigError(
                f"{option} needs an interrupted run", remedy=f"name the run: --resume RUN {option}"
            )
    if config is None:
        raise ConfigError(
            "no configuration was given",
            remedy=f"{program()} search mnist5k --board nucleo_f446re; `{program()} configs` lists more",
        )
    from micronas.config import find_config, load_config
    from micronas.search.run import new_run_folder

    loaded = load_config(config, given)
    folder = new_run_folder(runs, run, find_config(config).stem)
    if sys.stderr.isatty():
        print("Reading the data and checking the tools ...", file=sys.stderr, flush=True)
    setup = prepare(loaded)
    with new_run(setup, folder) as store:
        _search(setup, store, as_json, False, profile, start_cpu_s)


def _search(
    setup: Setup, store: Store, as_json: bool, finish_now: bool, profile: bool, start_cpu_s: float
) -> None:
    from micronas.cli.progress import make_progress
    from micronas.search import search as run_search
    from micronas.search import summary
    from micronas.store.final_figures import figures_from_json, files_in

    warn_of_open_ports(setup.config.device)
    if not as_json:
        print_task(setup, store)
    progress = make_progress(setup.dataset.figure, tuple(one.board.name for one in setup.others))
    try:
        with progress:
            final = run_search(
                setup, store, progress, finish_now=finish_now, profile=profile, start_cpu_s=start_cpu_s
            )
    except KeyboardInterrupt:
        store.save_wall_time()
        _print_stopped(store)
        raise SystemExit(130) from None
    if as_json:
        print_json(summary(store, final))
    else:
        figures = figures_from_json(final.result)
        here = replace(figures, files=files_in(store.folder / "best", figures.files))
        print_boards(store, final)
        print_pool(store)
        if profile:
            print_profile(store)
        first = f" on {setup.board.title}" if setup.others else ""
        print_result(setup, store, here, f"best network{first}", report=store.folder / "report.html")


def _print_stopped(store: Store) -> None:
    """The state of an interrupted search, and the two ways to continue."""
    from micronas.cli.progress import best_text, better

    records = store.records()
    best = functools.reduce(better, records, None)
    resume = f"{program()} search --resume {typed(store.folder)}"
    lines = [
        f"\nStopped after {plural(len(records), 'trial')}; best so far: {best_text(best)}. To continue:",
        f"  {resume}",
    ]
    if best is not None:
        lines += ["To report the best so far:", f"  {resume} --finish-now"]
    print("\n".join(lines), file=sys.stderr)
