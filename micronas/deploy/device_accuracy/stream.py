"""Many samples through a device, one after the other: features, or raw samples through its front end."""

from __future__ import annotations

import struct
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from micronas.codegen.front_end.firmware_text import MOST_ROW_BYTES
from micronas.device.client import Client
from micronas.errors import DataError, DeviceError, plural
from micronas.model.front_end import PICTURES, RAW_TYPES, FrontEndFile

Int8 = npt.NDArray[np.int8]
T = TypeVar("T")
MOST_SIDE = 640
"""Rows of a picture that is sent to a device; its rows have as many pixels of three colours at most."""


@dataclass(frozen=True, eq=False)
class Streamed:
    """``inputs`` (N, values) that the network got, ``outputs`` (N, values) that it gave, both int8.

    ``front_end_counts`` are the counter ticks of the front end, an item per sample; empty for features.
    """

    inputs: Int8
    outputs: Int8
    front_end_counts: tuple[int, ...] = ()


def stream_features(client: Client, features: Int8, *, has_states: bool, deadline_s: float) -> Streamed:
    """Outputs for ``features`` int8 (N, ...); each sample begins with the initial states."""
    flat = features.reshape(len(features), -1)
    outputs = []
    for row in _until(list(flat), deadline_s):
        client.load_input(0, row.tobytes())
        outputs.append(_run(client, has_states))
    return Streamed(flat, _stacked(outputs))


def stream_raw(
    client: Client,
    samples: Sequence[bytes],
    *,
    input_at: tuple[int, int],
    has_states: bool,
    deadline_s: float,
) -> Streamed:
    """Inputs and outputs for ``samples``, the raw bytes of one input each.

    ``input_at`` is (offset, bytes) of the network's input in the arena. Raises ``DeviceError`` if the front
    end needs more raw samples than one has, or if not all are through after ``deadline_s``.
    """
    inputs, outputs, counts = [], [], []
    for number, raw in enumerate(_until(samples, deadline_s)):
        taken = client.load_raw(raw)
        last = client.compute_input()
        if last is None:
            raise DeviceError(
                f"sample {number}: {plural(len(raw), 'byte')} of raw samples do not fill an input",
                remedy="use the front_end.json and the data of the same run",
            )
        inputs.append(np.frombuffer(client.read_arena(*input_at), np.int8))
        outputs.append(_run(client, has_states))
        counts.append(taken + last)
    return Streamed(np.stack(inputs), _stacked(outputs), tuple(counts))


def raw_bytes(file: FrontEndFile, sample: npt.NDArray[np.generic]) -> bytes:
    """``sample`` as the front end of ``file`` takes it: little endian, without gaps.

    A clip whose front end settles is sent twice. A picture (height, width, channels) begins with its width,
    height and channels. Raises ``DataError`` for
    one that the firmware does not take.
    """
    if file.front_end.name in PICTURES:
        return _frame(file, np.asarray(sample, np.uint8))
    if file.front_end.parameters.get("settle"):
        sample = np.concatenate([sample, sample])
    return np.ascontiguousarray(sample).astype(RAW_TYPES[file.front_end.name]).tobytes()


def _frame(file: FrontEndFile, sample: npt.NDArray[np.uint8]) -> bytes:
    height, width, channels = sample.shape
    least_height, least_width, _ = file.input_shape
    if (
        width * channels > MOST_ROW_BYTES
        or height > MOST_SIDE
        or height < least_height
        or width < least_width
    ):
        raise DataError(
            f"a picture of {width} x {height} pixels, but the device takes {least_width} x "
            f"{least_height} to {MOST_ROW_BYTES // 3} x {MOST_SIDE}",
            remedy="pass --features to send the resized pictures, or give pictures as your camera takes them",
        )
    return struct.pack("<4H", width, height, channels, 0) + sample.tobytes()


def _run(client: Client, has_states: bool) -> bytes:
    if has_states:
        client.reset_states()
    client.run()
    return client.read_output(0)


def _stacked(outputs: list[bytes]) -> Int8:
    return np.stack([np.frombuffer(output, np.int8) for output in outputs])


def _until(items: Sequence[T], deadline_s: float) -> Iterator[T]:
    """Every item, or ``DeviceError`` that says how many were done in time."""
    end = time.monotonic() + deadline_s
    for done, item in enumerate(items):
        if time.monotonic() >= end:
            raise DeviceError(
                f"{done} of {len(items)} samples ran within {deadline_s:g} s",
                remedy=f"use fewer samples (--samples {max(1, done)}), or raise --deadline",
            )
        yield item
