"""``micronas search``: the main job."""

from __future__ import annotations

import itertools
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from micronas.cli.output import kb, percent, print_json, print_table, program, typed, warn_of_open_ports
from micronas.cli.settings import setting
from micronas.errors import ConfigError, plural

if TYPE_CHECKING:
    from micronas.data import Dataset
    from micronas.search import Setup
    from micronas.store import Final, Store

DEFAULT_RUNS = Path("runs")


def search(
    config: Annotated[Path | None, typer.Argument(help="Search configuration (YAML).")] = None,
    board: Annotated[str | None, typer.Option(help="Board to search for.")] = None,
    run: Annotated[
        str | None, typer.Option(help="Name of the run; default: configuration and number.")
    ] = None,
    runs: Annotated[Path, typer.Option(help="Folder that holds the runs.")] = DEFAULT_RUNS,
    resume: Annotated[Path | None, typer.Option(help="Go on with a run: its folder, or its name.")] = None,
    seed: Annotated[int | None, typer.Option(help="Overrides seed.")] = None,
    trials: Annotated[int | None, typer.Option(help="Overrides budget: a number of trials.")] = None,
    minutes: Annotated[float | None, typer.Option(help="Overrides budget: wall-clock minutes.")] = None,
    strategy: Annotated[str | None, typer.Option(help="Overrides strategy.name.")] = None,
    workers: Annotated[int | None, typer.Option(help="Overrides workers.")] = None,
    device: Annotated[
        str | None, typer.Option(help="Overrides device: qemu, renode, serial or none.")
    ] = None,
    probe: Annotated[str | None, typer.Option(help="Overrides probe: serial number of the board's.")] = None,
    port: Annotated[str | None, typer.Option(help="Overrides port: serial port of the board.")] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Overrides any key, repeatable.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")] = False,
) -> None:
    """Search a network for a board within its budgets, and build, run and measure the best."""
    from micronas.search import new_run, prepare, stored_setup
    from micronas.store import Store

    overrides: dict[str, object] = {
        "board": board,
        "seed": seed,
        "budget.trials": trials,
        "budget.minutes": minutes,
        "strategy.name": strategy,
        "workers": workers,
        "device": device,
        "probe": probe,
        "port": port,
    }
    given = {key: value for key, value in overrides.items() if value is not None}
    given |= dict(setting(text) for text in settings or [])
    if resume is not None:
        if config is not None or given or run is not None:
            raise ConfigError(
                "--resume goes on with the run's own configuration, so nothing else may be given",
                remedy=f"{program()} search --resume {typed(resume)}",
            )
        with Store.resume(_run_folder(resume, runs)) as store:
            _search(stored_setup(store), store, as_json)
        return
    if config is None:
        raise ConfigError(
            "no configuration was given",
            remedy="micronas search search_configs/mnist5k.yaml --board nucleo_f446re",
        )
    from micronas.config import load_config

    setup = prepare(load_config(config, given))
    with new_run(setup, runs / (run or _free_name(runs, config.stem))) as store:
        _search(setup, store, as_json)


def _search(setup: Setup, store: Store, as_json: bool) -> None:
    from micronas.cli.progress import make_progress
    from micronas.search import search as run_search
    from micronas.search import summary

    warn_of_open_ports(setup.config.device)
    if not as_json:
        _print_task(setup, store)
    try:
        with make_progress() as progress:
            final = run_search(setup, store, progress)
    except KeyboardInterrupt:
        store.save_wall_time()
        print(f"\nstopped; go on with:\n  {program()} search --resume {typed(store.folder)}", file=sys.stderr)
        raise SystemExit(130) from None
    if as_json:
        print_json(summary(store, final))
    else:
        _print_result(setup, store, final)


def _print_task(setup: Setup, store: Store) -> None:
    config, data = setup.config, setup.dataset
    kind = "flash and SRAM" if config.runtime == "micronas" else "model file and arena (TFLite Micro)"
    budget = config.budget
    limits = (("trial", budget.trials), ("minute", budget.minutes), ("CPU minute", budget.cpu_minutes))
    ends = [plural(limit, unit) for unit, limit in limits if limit]
    at = "" if config.clock_mhz is None else f" at {config.clock_mhz:g} MHz"
    splits = (
        f"{len(data.train)} training, {len(data.validation)} validation, {len(data.test)} sealed test samples"
    )
    print(
        f"{data.name}: {splits}, "
        f"{_question(data)}\n"
        f"{setup.board.title}{at}: "
        f"{kb(setup.budget.flash_bytes)} and {kb(setup.budget.sram_bytes)} for {kind}\n"
        f"{config.strategy.name}, seed {config.seed}, at most {' and '.join(ends)}, "
        f"{plural(config.workers, 'worker')} -> {store.folder}"
    )
    for note in data.notes:
        print(note)


def _question(data: Dataset) -> str:
    """What is asked of a network, and what guessing gets."""
    from micronas.data import Task

    if data.task is Task.DETECT_ANOMALIES:
        return "anomalies by reconstruction error: accuracy below is AUC (guessing: 50 %)"
    return f"{data.n_classes} classes (majority class: {percent(data.majority_baseline)})"


def _print_result(setup: Setup, store: Store, final: Final) -> None:
    result: Any = final.result
    scores, latency = result["scores"], result["scores"]["latency"]
    time = f"{latency['ms']:.2f} ms, {latency['source']}" if latency else "not run (device: none)"
    parity, figure = result["deployment"].get("parity"), result.get("figure", "accuracy")
    trained = "after its final training" if result["final_fit"] else "as the search trained it"
    rows = [
        ("trial", f"{result['trial']}, {trained}"),
        (f"{figure}, int8, test", f"{percent(result['test_accuracy_int8'])} of {result['test_samples']}"),
        (f"{figure}, int8, validation", percent(scores["accuracy_int8"])),
        ("flash", f"{kb(scores['flash_bytes'])} of {kb(setup.budget.flash_bytes)}"),
        ("SRAM", f"{kb(scores['sram_bytes'])} of {kb(setup.budget.sram_bytes)}"),
        ("latency", time),
        ("multiply-accumulates", f"{scores['macs']:,}"),
    ]
    if latency and latency["instructions"]:
        rows.append(("instructions", f"{latency['instructions']:,}"))
    if ran_on := result["deployment"].get("ran_on"):
        rows.append(("latency and outputs from", ran_on["text"]))
    if parity:
        rows.append(
            (
                "outputs equal to reference",
                f"{parity['elements'] - parity['mismatches']} of {parity['elements']}",
            )
        )
    print_table("", ("best network", ""), rows)
    for name, path in result["files"].items():
        print(f"  {name:<7} {path}")
    print(f"  report  {store.folder / 'report.html'}")
    print("\nNext:")
    tflite, clock_mhz = typed(result["files"]["tflite"]), setup.config.clock_mhz
    board = setup.board.name + ("" if clock_mhz is None else f" --clock-mhz {clock_mhz:.9g}")
    print(f"  {program()} bench {tflite} --board {board}    # every op's instructions and bytes")
    print(f"  {program()} flash {tflite} --board {board}    # onto a real board")
    print(f"  {program()} export {tflite} --out DIR    # a C library for your own firmware")


def _run_folder(resume: Path, runs: Path) -> Path:
    """A folder as given, or a name below ``runs``."""
    return resume if resume.exists() or len(resume.parts) > 1 else runs / resume


def _free_name(runs: Path, stem: str) -> str:
    return next(name for n in itertools.count(1) if not (runs / (name := f"{stem}-{n}")).exists())
