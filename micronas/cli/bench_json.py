"""The object of ``micronas bench --json``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from micronas.api.bench import Bench


def bench_json(benched: Bench, model: Path, device: str) -> dict[str, Any]:
    """The object of ``bench --json``; its keys are stable."""
    from micronas.deploy.modelled import op_to_json
    from micronas.deploy.to_json import deployment_to_json, int8_core_to_json, latency_range

    deployed, timed = benched.deployment, benched.modelled
    figures: Any = deployment_to_json(deployed)
    counted = deployed.measurement.latency
    latency = timed.latency if timed else counted
    if timed:
        ms_per_cycle = 1000.0 / latency.clock_hz
        for row, op in zip(figures["per_op"], timed.ops, strict=True):
            row.update(op_to_json(op), ms=op.cycles.value * ms_per_cycle)
    return {
        "model": str(model),
        "board": deployed.firmware.board.name,
        "device": device,
        "execution_target": figures["execution_target"],
        "runtime": "micronas",
        "parity": figures["parity"],
        "instructions": counted.instructions,
        "latency": {"ms": latency.ms, "source": latency.source.value, **latency_range(latency)},
        "runs": figures["runs"],
        "clock": figures["clock"],
        "counter": figures["counter"],
        "firmware": figures["firmware"],
        "failed_attempts": figures["failed_attempts"],
        "regions": figures["regions"],
        "sram": figures["sram"],
        "plan": benched.plan_choice.to_json(),
        "constant_channels": _channels_json(benched),
        "flash": {"constants": figures["flash"]["constants"], "code": figures["flash"]["code"]},
        "witness": benched.witness.to_json() if benched.witness else None,
        "per_op": figures["per_op"],
        "int8_core": int8_core_to_json(deployed, figures["per_op"]),
        "accuracy": _accuracy_json(benched),
    }


def _accuracy_json(benched: Bench) -> dict[str, Any] | None:
    if benched.accuracy is None:
        return None
    return {**benched.accuracy.to_json(), "why_features": benched.why_features or None}


def _channels_json(benched: Bench) -> dict[str, Any]:
    lean = benched.without_constant_channels
    removed = benched.original is not benched.deployment.graph
    return {"removed": removed, "without": None if lean is None else lean.to_json()}
