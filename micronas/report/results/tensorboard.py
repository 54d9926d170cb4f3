"""Trials for TensorBoard: scalars along the run, and a session with hyperparameters per COMPLETE trial."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from micronas.errors import ConfigError, ToolMissingError
from micronas.host.installation import install_command
from micronas.report.genes import flat_genes
from micronas.store import Record
from micronas.trial import Scores, number_of


class _Add(Protocol):
    """Adds a summary of TensorBoard to a file; ``seconds`` is its time, by default now."""

    def __call__(self, summary: object, step: int = 0, seconds: float | None = None) -> None: ...


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
    Raises ``ToolMissingError`` without tensorboardX, ``ConfigError`` if there are events already, and
    ``OSError``, leaving no events, if they cannot be written.
    """
    try:
        from tensorboardX.summary import hparams, scalar
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
    written: list[Path] = []
    try:
        with _events(folder / "trials", written) as add:
            for record, scores in complete:
                for name, value in figures(scores).items():
                    add(scalar(name, value), record.trial.number, record.finished_s)
        for record, scores in complete:
            with _events(folder / f"trial-{record.trial.number}", written) as add:
                genes = {n: "none" if v is None else v for n, v in flat_genes(record.trial.arch).items()}
                for summary in hparams(genes, figures(scores)):
                    add(summary)
                for name, value in figures(scores).items():
                    add(scalar(name, value), record.trial.number)
                for epoch, quality in enumerate(_curve(record), 1):
                    add(scalar("validation_quality", quality), epoch)
    except BaseException:
        for part in written:  # so that the command may be repeated
            shutil.rmtree(part, ignore_errors=True)
        raise


@contextmanager
def _events(folder: Path, written: list[Path]) -> Iterator[_Add]:
    """A new file of events in ``folder``; the function adds a summary, its step and its time in seconds.

    Without the thread of ``SummaryWriter``, which would print a traceback if the disk is full.
    """
    from tensorboardX.event_file_writer import EventsWriter
    from tensorboardX.proto.event_pb2 import Event

    written.append(folder)
    folder.mkdir(parents=True, exist_ok=True)
    writer = EventsWriter(str(folder / "events"))

    def add(summary: object, step: int = 0, seconds: float | None = None) -> None:
        now = time.time() if seconds is None else seconds
        writer.write_event(Event(wall_time=now, step=step, summary=summary))

    yield add
    writer.close()


def _curve(record: Record) -> list[float]:
    curve = record.details.get("curve")
    found = [number_of(value) for value in curve] if isinstance(curve, list) else []
    return [value for value in found if value is not None]
