"""The network that a search, ``pick`` or ``fine-tune`` delivers: its figures, files and next commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from micronas.cli.output import kb, percent, print_facts, program, typed
from micronas.cli.quality_text import quality_on_test, quality_rows
from micronas.errors import plural

if TYPE_CHECKING:
    from pathlib import Path

    from micronas.report.target import MissedTarget
    from micronas.search import Setup
    from micronas.store import Store
    from micronas.store.deployment_figures import DeploymentFigures
    from micronas.store.final_figures import FinalFigures
    from micronas.trial import Latency


def print_result(
    setup: Setup,
    store: Store,
    found: FinalFigures,
    title: str,
    *,
    trained: str = "",
    report: Path | None = None,
) -> None:
    """The figures of the network, its files, and the next commands.

    ``trained`` says how, if it was not trained by a search.
    """
    scores, latency = found.scores, found.scores.latency
    time = str(latency) if latency else "not run (device: none)"
    in_search = "after its final training" if found.final_fit else "as trained during the search"
    rows = [
        ("trial", f"{found.trial}, {trained or in_search}"),
        (f"{found.figure}, int8, test", quality_on_test(found)),
        (f"{found.figure}, int8, validation", percent(scores.quality_int8)),
        *quality_rows(found),
        *([("int8, by layer", str(found.layers))] if found.layers else []),
        *([("second interpreter", str(found.witness))] if found.witness else []),
        *([("final training", found.training)] if found.training else []),
        *([("selection", found.selection)] if found.selection else []),
        *([("note", found.note)] if found.note else []),
        *_cut_rows(store),
        ("flash", f"{kb(scores.flash_bytes)} of {kb(setup.budget.flash_bytes)}"),
        ("SRAM", f"{kb(scores.sram_bytes)} of {kb(setup.budget.sram_bytes)}"),
        ("latency", time),
        *front_end_rows(found.deployment),
        *_target_rows(setup, store, latency),
        ("multiply-accumulates", f"{scores.macs:,}"),
        *_deployment_rows(found.deployment, latency),
    ]
    print_facts(title, rows)
    for name, path in found.files.items():
        print(f"  {name:<11} {path}")
    if report:
        print(f"  {'report':<11} {report}")
    _print_next(setup, typed(found.files["tflite"]))


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


def front_end_rows(deployment: DeploymentFigures) -> list[tuple[str, str]]:
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
