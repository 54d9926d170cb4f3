"""The figures of a deployment as JSON, for the store and `bench --json`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from micronas.deploy.deployment import Deployment
from micronas.deploy.measure import Measurement, RunStatistics
from micronas.device.replies import Info
from micronas.device.targets import ExecutionTarget
from micronas.firmware.compiler import code_flags
from micronas.model.graph import rim_ops
from micronas.store.deployment_figures import (
    ClockFigures,
    ConstantFigures,
    CounterFigures,
    DeploymentFigures,
    FirmwareFigures,
    FlashFigures,
    OpFigures,
    ParityFigures,
    RegionFigures,
    RunFigures,
    SramFigures,
    TargetFigures,
)
from micronas.trial import Json, Latency


def deployment_to_json(deployment: Deployment) -> dict[str, Json]:
    """The figures that the store keeps, by name."""
    return deployment_figures(deployment).to_json()


def deployment_figures(deployment: Deployment) -> DeploymentFigures:
    """The figures of a deployment."""
    measurement, linked, ledger = deployment.measurement, deployment.firmware.linked, deployment.ledger
    return DeploymentFigures(
        build_id=deployment.firmware.build_id.hex(),
        execution_target=_target(deployment.execution_target),
        latency=measurement.latency,
        runs=_runs(measurement.runs),
        clock=_clock(measurement),
        counter=counter_figures(measurement.info, measurement.latency),
        firmware=_firmware(deployment),
        failed_attempts=deployment.failed_attempts,
        parity=ParityFigures(measurement.parity.elements, int(measurement.parity.mismatches)),
        per_op=op_figures(deployment),
        regions=_regions(deployment),
        sram=SramFigures(
            ledger.sram_bytes,
            linked.sram_bytes,
            measurement.info.sram_bytes if deployment.twin is None else None,
        ),
        flash=FlashFigures(
            ledger.flash_bytes,
            linked.flash_bytes,
            ConstantFigures(ledger.constant_bytes, linked.constants),
            linked.code + linked.rodata,
        ),
    )


def latency_range(latency: Latency) -> dict[str, Json]:
    """Keys of a modelled latency: its range and the wait states; none for others."""
    if latency.low_ms is None or latency.high_ms is None:
        return {}
    return {"low_ms": latency.low_ms, "high_ms": latency.high_ms, "wait_states": latency.wait_states}


def _target(target: ExecutionTarget) -> TargetFigures:
    return TargetFigures(target.device, target.machine, target.own_chip, target.own_elf, str(target))


def _runs(runs: RunStatistics) -> RunFigures:
    counts, outliers = (tuple(int(c) for c in some) for some in (runs.counts, runs.outliers))
    return RunFigures(runs.warm_up, counts, runs.median, runs.iqr, outliers)


def _clock(measurement: Measurement) -> ClockFigures:
    info, clock = measurement.info, measurement.clock
    return ClockFigures(clock.firmware_hz, clock.host_hz, info.clock_source.name.lower(), info.clock_fallback)


def counter_figures(info: Info, latency: Latency) -> CounterFigures:
    """The counter of a measurement; in an emulator, the firmware's cycle counter counts instructions."""
    counts = info.counter.name.lower() if latency.instructions is None else "instructions"
    return CounterFigures(str(info.counted_by), counts)


def _firmware(deployment: Deployment) -> FirmwareFigures:
    board = deployment.firmware.board
    running = deployment.twin or deployment.firmware
    return FirmwareFigures(
        running.build_id.hex(),
        running.board.name,
        board.clock.hz,
        board.region("flash").wait_states,
        deployment.compiler,
        tuple(code_flags(running.board)),
        tuple(sorted({lowered.kernel for lowered in deployment.ledger.lowered})),
    )


def _regions(deployment: Deployment) -> dict[str, RegionFigures]:
    ledger, linked = deployment.ledger, deployment.firmware.regions
    return {
        region.name: RegionFigures(ledger.region_bytes(region.name), linked[region.name], region.length)
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


def op_figures(deployment: Deployment) -> tuple[OpFigures, ...]:
    """The figures of each op; its milliseconds are its share of the counted latency."""
    measurement, graph = deployment.measurement, deployment.graph
    total = sum(op.count for op in measurement.per_op) or 1
    ms_per_count = measurement.latency.ms / measurement.median
    return tuple(
        OpFigures(
            op.index,
            op.kind,
            tuple(graph.tensors[graph.ops[op.index].outputs[0]].shape),
            op.count,
            op.count / total,
            deployment.ledger.ops[op.index].constant_bytes,
            op.count * ms_per_count,
        )
        for op in measurement.per_op
    )
