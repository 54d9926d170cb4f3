"""What the front end of a network takes on a device: bytes, and the time of one input."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from micronas.codegen.front_end import LogMelTables, MicroTables, StreamTables, Tables
from micronas.codegen.front_end.firmware_text import MOST_ROW_BYTES
from micronas.deploy.deployment import Deployment
from micronas.deploy.device_accuracy.firmware import build_raw_firmware
from micronas.deploy.measure import check_identity
from micronas.deploy.measure.measurement import latency_of
from micronas.device.client import Client
from micronas.device.link import Link
from micronas.device.targets import Device, use_device
from micronas.errors import DeviceError, ModelError
from micronas.trial import Latency


@dataclass(frozen=True)
class FrontEndRun:
    """``latency`` of all raw samples of one input; a stream shares most of them with the input before."""

    latency: Latency


def run_front_end(
    deployed: Deployment, tables: Tables, device: Device, *, workdir: Path, cache_dir: Path | None
) -> FrontEndRun:
    """Build the network of ``deployed`` with its front end, and send noise that fills one input.

    Raises the errors of building and running: ``BudgetError`` if both together do not fit, ``ModelError`` for
    rows that the firmware does not take.
    """
    running = build_raw_firmware(deployed, tables, workdir=workdir, cache_dir=cache_dir).firmware

    def session(link: Link) -> Latency:
        client = Client(link, symbol_at=running.image.symbol_at)
        info = client.info()
        check_identity(info, deployed.graph, running.board, running.build_id)
        counts, last = client.load_raw(noise(tables)), client.compute_input()
        if last is None:
            raise DeviceError("noise of the length of an input did not fill it; this is a bug: report it")
        return latency_of(counts + last, info, running.board, emulated=link.emulated)

    return FrontEndRun(use_device(device, running, session).value)


def noise(tables: Tables) -> bytes:
    """Raw samples for exactly one input; a frame of pictures is twice as high and wide, if that is possible.

    Raises ``ModelError`` for pictures that are wider than what the firmware takes.
    """
    rng = np.random.default_rng(0)
    if isinstance(tables, LogMelTables | MicroTables):
        spec = tables.spec
        samples = (tables.frames - 1) * spec.hop + spec.window
        return rng.integers(-9000, 9000, samples).astype("<i2").tobytes()
    if isinstance(tables, StreamTables):
        return rng.normal(0, 1, (tables.window, tables.channels)).astype("<f4").tobytes()
    row_bytes = tables.width * tables.channels
    if row_bytes > MOST_ROW_BYTES:
        raise ModelError(f"rows of {row_bytes} bytes; the firmware takes {MOST_ROW_BYTES}")
    times = 2 if 2 * row_bytes <= MOST_ROW_BYTES else 1
    shape = times * tables.height, times * tables.width, tables.channels
    head = struct.pack("<4H", shape[1], shape[0], shape[2], 0)
    return head + rng.integers(0, 256, shape).astype(np.uint8).tobytes()
