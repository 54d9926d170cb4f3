"""The figures of a deployment as JSON, for the store and `bench --json`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from micronas.deploy.deployment import Deployment
from micronas.deploy.measure import Measurement, RunStatistics
from micronas.device.replies import Info
from micronas.firmware.compiler import code_flags
from micronas.model.graph import rim_ops
from micronas.trial import Json, Latency, latency_to_json


def deployment_to_json(deployment: Deployment) -> dict[str, Json]:
    """The figures that the store keeps, by name."""
    measurement, linked = deployment.measurement, deployment.firmware.linked
    return {
        "build_id": deployment.firmware.build_id.hex(),
        "execution_target": deployment.execution_target.to_json(),
        "latency": latency_to_json(measurement.latency),
        "runs": runs_to_json(measurement.runs),
        "clock": clock_to_json(measurement),
        "counter": counter_to_json(measurement.info, measurement.latency),
        "firmware": firmware_to_json(deployment),
        "failed_attempts": list(deployment.failed_attempts),
        "parity": {
            "elements": measurement.parity.elements,
            "mismatches": int(measurement.parity.mismatches),
        },
        "per_op": per_op_to_json(deployment),
        "regions": _regions_to_json(deployment),
        "sram": {
            "predicted": deployment.ledger.sram_bytes,
            "linked": linked.sram_bytes,
            "reported": measurement.info.sram_bytes if deployment.twin is None else None,
        },
        "flash": {
            "predicted": deployment.ledger.flash_bytes,
            "linked": linked.flash_bytes,
            "constants": {"predicted": deployment.ledger.constant_bytes, "linked": linked.constants},
            "code": linked.code + linked.rodata,
        },
    }


def latency_range(latency: Latency) -> dict[str, Json]:
    """Keys of a modelled latency: its range and the wait states; none for others."""
    if latency.low_ms is None or latency.high_ms is None:
        return {}
    return {"low_ms": latency.low_ms, "high_ms": latency.high_ms, "wait_states": latency.wait_states}


def runs_to_json(runs: RunStatistics) -> dict[str, Json]:
    """Timed runs of one input: counts in order, median, interquartile range, and outliers (shown only)."""
    return {
        "warm_up": runs.warm_up,
        "counts": [int(c) for c in runs.counts],
        "median": runs.median,
        "iqr": runs.iqr,
        "outliers": [int(c) for c in runs.outliers],
    }


def clock_to_json(measurement: Measurement) -> dict[str, Json]:
    """The core clock as the firmware set it, and by the host's time; null if that cannot be determined."""
    info, clock = measurement.info, measurement.clock
    return {
        "hz": clock.firmware_hz,
        "host_hz": clock.host_hz,
        "source": info.clock_source.name.lower(),
        "fallback": info.clock_fallback,
    }


def counter_to_json(info: Info, latency: Latency) -> dict[str, Json]:
    """The counter from which the figures were read, ``unknown`` for old firmware, and what it counts.

    In an emulator, the firmware's cycle counter counts instructions.
    """
    counts = info.counter.name.lower() if latency.instructions is None else "instructions"
    return {"name": str(info.counted_by), "counts": counts}


def firmware_to_json(deployment: Deployment) -> dict[str, Json]:
    """The firmware that ran: build id, clock, compiler and flags, and the network's kernels."""
    board = deployment.firmware.board
    running = deployment.twin or deployment.firmware
    kernels: list[Json] = [*sorted({lowered.kernel for lowered in deployment.ledger.lowered})]
    return {
        "build_id": running.build_id.hex(),
        "board": running.board.name,
        "clock_hz": board.clock.hz,
        "wait_states": board.region("flash").wait_states,
        "compiler": deployment.compiler,
        "flags": list(code_flags(running.board)),
        "kernels": kernels,
    }


def _regions_to_json(deployment: Deployment) -> dict[str, Json]:
    """Bytes used in each memory region by the ledger and by the ELF, and the region's size."""
    ledger, linked = deployment.ledger, deployment.firmware.regions
    return {
        region.name: {
            "predicted": ledger.region_bytes(region.name),
            "linked": linked[region.name],
            "size": region.length,
        }
        for region in ledger.regions
    }


def int8_core_to_json(deployment: Deployment, per_op: Sequence[Mapping[str, Json]]) -> Json:
    """``instructions`` and ``ms`` of ``per_op`` without the ops that convert inputs and outputs.

    None for a network whose inputs and outputs are int8 as they are.
    """
    graph, rim = deployment.graph, rim_ops(deployment.graph)
    if not rim:
        return None
    core = [row for row in per_op if row["op"] not in rim]
    converted: list[Json] = [graph.ops[i].kind for i in sorted(rim)]
    return {
        "instructions": _total(core, "instructions"),
        "ms": _total(core, "ms"),
        "without": converted,
    }


def _total(rows: Sequence[Mapping[str, Json]], key: str) -> float:
    return sum(value for row in rows if isinstance(value := row[key], int | float))


def per_op_to_json(deployment: Deployment) -> list[Json]:
    """One object per op: kind, output shape, count, share of the run, constants in bytes, milliseconds."""
    measurement, graph = deployment.measurement, deployment.graph
    total = sum(op.count for op in measurement.per_op) or 1
    ms_per_count = measurement.latency.ms / measurement.median
    rows: list[Json] = []
    for op in measurement.per_op:
        row: dict[str, Json] = {
            "op": op.index,
            "kind": op.kind,
            "output_shape": list(graph.tensors[graph.ops[op.index].outputs[0]].shape),
            "instructions": op.count,
            "share": op.count / total,
            "constant_bytes": deployment.ledger.ops[op.index].constant_bytes,
            "ms": op.count * ms_per_count,
        }
        rows.append(row)
    return rows
