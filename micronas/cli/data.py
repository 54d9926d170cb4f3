"""``micronas data``: what a data set holds, and every problem found before anything is trained."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from micronas.cli.output import percent, print_facts, print_json, print_table, print_wrapped, program, typed
from micronas.cli.output_paths import write_file
from micronas.cli.settings import setting

if TYPE_CHECKING:
    from micronas.config import DataConfig
    from micronas.data.survey import DataProblem, SampleFigures


def data(
    config: Annotated[str, typer.Argument(metavar="CONFIG", help="Search configuration, or a shipped name.")],
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Overrides any key, repeatable.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for a page and a picture of samples: data.html, samples.png.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show classes or targets, splits, groups and values of a configuration's data, and all problems found.

    Exit code 1 if a problem would make the figures of a training misleading: damaged files, samples in
    several splits, contradicting labels.
    """
    from micronas.config import load_config
    from micronas.data.load import load_split, sealed
    from micronas.data.survey import Weight, figures_of, findings_of

    given = load_config(config, dict(setting(text) for text in settings or [])).data
    source = _with_damaged(given)
    found = load_split(source)
    dataset = sealed(found, source)
    figures, findings = (
        figures_of(found, dataset),
        findings_of(found, dataset, skip_bad=given.options.get("skip_bad") is True),
    )
    written = _written(out, found, figures, findings) if out else {}
    if as_json:
        print_json({**asdict(figures), "findings": [_as_json(f) for f in findings], "files": written})
    else:
        _print(figures, findings, written, config)
    if any(finding.weight is Weight.PROBLEM for finding in findings):
        raise typer.Exit(1)


def _with_damaged(source: DataConfig) -> DataConfig:
    """Sources that can leave damaged files out do so here, so that all else is examined, too."""
    from micronas.data.sources.registry import RENAMED
    from micronas.data.sources.window_files import SIGNALS

    if SIGNALS in source.options:
        return source
    if RENAMED.get(source.name, source.name) not in ("image_folder", "audio_folder", "csv"):
        return source
    return source.model_copy(update={"options": {**source.options, "skip_bad": True}})


def _written(
    out: Path, found: Any, figures: SampleFigures, findings: tuple[DataProblem, ...]
) -> dict[str, str]:
    from micronas.data.survey.page import render_page
    from micronas.data.survey.pictures import contact_sheet

    page, sheet = out / "data.html", out / "samples.png"
    write_file("--out", page, render_page(found, figures, findings))
    write_file("--out", sheet, contact_sheet(found.samples))
    return {"page": str(page), "samples": str(sheet)}


def _as_json(finding: DataProblem) -> dict[str, str]:
    return {**asdict(finding), "weight": finding.weight.value}


def _baseline(figures: SampleFigures) -> list[tuple[str, str]]:
    """The figures to beat: those of always giving the same answer."""
    target = figures.target
    if target is None:
        return [("majority baseline", f"{percent(figures.majority_baseline)} on validation")]
    unit = f" {target.unit}" if target.unit else ""
    return [
        (
            f"target: {target.name}",
            f"{target.lowest:.4g} to {target.highest:.4g}{unit}, mean {target.mean:.4g}, standard deviation "
            f"{target.spread:.4g}",
        ),
        (
            "always the mean",
            f"MAE {target.constant_mae:.4g}{unit}, RMSE {target.constant_rmse:.4g}{unit} on validation",
        ),
    ]


def _print(
    figures: SampleFigures, findings: tuple[DataProblem, ...], written: dict[str, str], config: str
) -> None:
    shape = " x ".join(map(str, figures.input_shape))
    rows = [
        ("samples", f"{figures.samples:,} of {shape} ({figures.kind})"),
        *_baseline(figures),
        (
            "training values",
            f"{figures.lowest:.4g} to {figures.highest:.4g}, mean {figures.mean:.4g}, "
            f"standard deviation {figures.spread:.4g}",
        ),
        ("int8 covers", f"{figures.input_range[0]:.4g} to {figures.input_range[1]:.4g}"),
        ("front end", figures.front_end),
        ("SHA-256", figures.digest),
        *(("note", note) for note in figures.notes),
    ]
    print_facts(figures.name, rows)
    print()
    table = [
        (c.name, *(f"{n:,}" for n in (c.training, c.validation, c.test, c.total))) for c in figures.classes
    ]
    first = "class" if figures.target is None else figures.target.name
    if figures.groups is not None:
        table.append(("groups", *(f"{n:,}" for n in figures.groups.values()), ""))
    print_table("", (first, "training", "validation", "test", "total"), table)
    print()
    if not findings:
        print("No problems were found.")
    for finding in findings:
        print_wrapped(f"{finding.weight.value.upper()}: {finding.topic}: {finding.text}", 2)
        print_wrapped(f"  {finding.remedy}", 2)
    for path in written.values():
        print(path)
    if not written:
        print(f"\nTo look at samples and listen to them:\n  {program()} data {typed(config)} --out FOLDER")
