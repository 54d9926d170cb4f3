"""Trials for TensorBoard: scalars along the run, and a session with hyperparameters per COMPLETE trial."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from micronas.errors import ConfigError, ToolMissingError
from micronas.host.installation import install_command
from micronas.report.genes import flat_genes
from micronas.store import Record
from micronas.trial import Scores, number_of


def figures(scores: Scores) -> dict[str, float]:
    """The scalars of a trial; the name of a latency has its source, so that two sources are two charts."""
    found = {
        "reward": scores.reward,
        "quality_int8": scores.quality_int8,
        "quality_float": scores.quality_float,
        "flash_bytes": float(scores.flash_bytes),
        "sram_bytes": float(scores.sram_bytes),
    }
    if scores.latency:
        found[f"latency_ms_{scores.latency.source.value}"] = scores.latency.ms
    return found


def write_tensorboard(records: Sequence[Record], folder: Path) -> None:
    """Write event files to ``folder``, which has none yet; the step is the trial's number.

    ``trials`` holds the scalars, ``trial-N`` a trial's hyperparameters and its curve of validation quality.
    Raises ``ToolMissingError`` without tensorboardX, ``ConfigError`` if there are events already.
    """
    try:
        from tensorboardX import SummaryWriter
        from tensorboardX.summary import hparams
    except ImportError as error:
        raise ToolMissingError(
            f"TensorBoard events need tensorboardX: {error}", remedy=install_command("tensorboardX")
        ) from error
    if any(folder.rglob("events.out.tfevents.*")):
        raise ConfigError(
            f"--tensorboard {folder}: the folder already holds events, and TensorBoard would show both",
            remedy="choose an empty folder",
        )
    complete = [(r, s) for r in records if (s := r.trial.scores)]
    with SummaryWriter(str(folder / "trials")) as scalars:
        for record, scores in complete:
            for name, value in figures(scores).items():
                scalars.add_scalar(name, value, record.trial.number, walltime=record.finished_s)
    for record, scores in complete:
        with SummaryWriter(str(folder / f"trial-{record.trial.number}")) as writer:
            genes = {name: "none" if v is None else v for name, v in flat_genes(record.trial.arch).items()}
            for summary in hparams(genes, figures(scores)):
                writer.file_writer.add_summary(summary)
            for name, value in figures(scores).items():
                writer.add_scalar(name, value, record.trial.number)
            for epoch, quality in enumerate(_curve(record), 1):
                writer.add_scalar("validation_quality", quality, epoch)


def _curve(record: Record) -> list[float]:
    curve = record.details.get("curve")
    found = [number_of(value) for value in curve] if isinstance(curve, list) else []
    return [value for value in found if value is not None]
