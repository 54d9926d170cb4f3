"""Results of a run: lines in the runner's format, each labelled with its source, and one JSON object."""

from __future__ import annotations

from dataclasses import dataclass

from micronas.deploy.mlperf.firmware import DutFirmware
from micronas.deploy.mlperf.script import Accuracy, Performance
from micronas.deploy.to_json import latency_range
from micronas.device.targets import ExecutionTarget
from micronas.trial import Json, Latency, Source

NO_SUBMISSION = "not an MLPerf result: not submitted to, reviewed or verified by MLCommons"
_RULE = "-" * 57


@dataclass(frozen=True)
class MlperfResult:
    """One run of the scripts; ``accuracy`` is None without samples.

    ``source`` is that of the time stamps. Those of an emulator are executed instructions at a constant rate:
    where there is a latency by the core's timing model, ``modelled``, the throughput is its inverse.
    """

    built: DutFirmware
    execution_target: ExecutionTarget
    source: Source
    performance: Performance | None
    accuracy: Accuracy | None
    modelled: Latency | None = None


def source_of(counter: str, *, emulated: bool) -> Source:
    """MEASURED only with a core's cycle counter and a link to a board."""
    return Source.MEASURED if counter == "cycles" and not emulated else Source.EMULATED


def result_lines(result: MlperfResult) -> list[str]:
    """The runner's result lines, each prefixed with its source: ``mlperf-tiny [modelled]``, for example."""
    lines: list[tuple[Source, str]] = []
    if result.performance and result.modelled:
        lines += [(Source.MODELLED, line) for line in _modelled_lines(result.performance, result.modelled)]
    elif result.performance:
        lines += [(result.source, line) for line in _performance_lines(result.performance)]
    if result.accuracy:
        lines += [(result.source, line) for line in _accuracy_lines(result)]
    source = lines[-1][0] if lines else result.source
    return [f"mlperf-tiny [{source.value}]: {line}" for source, line in [*lines, (source, NO_SUBMISSION)]]


def _modelled_lines(performance: Performance, latency: Latency) -> list[str]:
    """Throughput by the timing model; the emulator's windows say only that the device answered."""
    ran = sum(window.inferences for window in performance.windows)
    return [
        _RULE,
        f"Throughput is {1000.0 / latency.ms:>10.3f} inf./sec.",
        f"Latency is {latency}",
        _RULE,
        f"{ran} inferences ran in an emulator, whose time stamps are not used",
    ]


def _performance_lines(performance: Performance) -> list[str]:
    lines = []
    for number, window in enumerate(performance.windows, start=1):
        lines += [
            f"Performance results for window {number}:",
            f"  # Inferences : {window.inferences:>13}",
            f"  Runtime      : {window.elapsed_us / 1e6:>10.3f} sec.",
            f"  Throughput   : {window.throughput:>10.3f} inf./sec.",
        ]
    lines += [_RULE, f"Median throughput is {performance.throughput:>10.3f} inf./sec.", _RULE]
    if not performance.by_the_rules:
        lines.append("fewer or shorter windows than the rules require: a trial run only")
    return lines


def _accuracy_lines(result: MlperfResult) -> list[str]:
    accuracy, task = result.accuracy, result.built.task
    assert accuracy is not None
    lines = [f"Accuracy over {accuracy.files} files, {accuracy.inferences} inferences:"]
    if accuracy.top1 is not None:
        lines.append(f"Top 1% = {100 * accuracy.top1:2.1f}")
    if accuracy.auc is not None:
        lines.append(f"AUC = {accuracy.auc:.3f}")
    quality = accuracy.quality(task)
    assert quality is not None, "every task has a figure of merit"
    if task.quality is None:
        lines.append("the closed division's target is for a continuous audio stream, which was not run")
    else:
        reached = "reaches" if quality >= task.quality else "misses"
        lines.append(f"{reached} the closed division's {task.quality:g}")
    return lines


def result_json(result: MlperfResult, model: str) -> dict[str, Json]:
    """The object of ``micronas mlperf --json``; its keys are stable."""
    built, sram = result.built, result.built.sram
    return {
        "model": model,
        "board": built.firmware.board.name,
        "clock_hz": built.firmware.board.clock.hz,
        "task": built.task.name,
        "build_id": built.firmware.build_id.hex(),
        "execution_target": result.execution_target.to_json(),
        "source": result.source.value,
        "submission": False,
        "sram": {
            "total": sram.total,
            "arena": sram.arena,
            "stack": sram.stack,
            "static": sram.static,
            "input_buffer": sram.input_buffer,
            "added": sram.added,
        },
        "performance": _performance_json(result) if result.performance else None,
        "accuracy": _accuracy_json(result) if result.accuracy else None,
    }


def _performance_json(result: MlperfResult) -> dict[str, Json]:
    """Throughput and latency have a source of their own; the windows are those of the time stamps."""
    performance, modelled = result.performance, result.modelled
    assert performance is not None
    latency_ms = modelled.ms if modelled else 1000.0 / performance.throughput
    return {
        "throughput": 1000.0 / latency_ms,
        "latency_ms": latency_ms,
        "source": Source.MODELLED.value if modelled else result.source.value,
        **(latency_range(modelled) if modelled else {}),
        "by_the_rules": performance.by_the_rules,
        "windows": [{"inferences": w.inferences, "elapsed_us": w.elapsed_us} for w in performance.windows],
    }


def _accuracy_json(result: MlperfResult) -> dict[str, Json]:
    accuracy = result.accuracy
    assert accuracy is not None
    return {
        "files": accuracy.files,
        "inferences": accuracy.inferences,
        "top1": accuracy.top1,
        "auc": accuracy.auc,
        "target": result.built.task.quality,
    }
