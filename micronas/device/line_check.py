"""Checks that a line transfers long frames both ways at the first attempt."""

from __future__ import annotations

import struct
from itertools import cycle, islice

from micronas.device.client import Client
from micronas.device.framing import MAX_PAYLOAD, Message
from micronas.errors import DeviceError

_ROUNDS = 4
_DEADLINE_S = 0.3
_LOAD_HEADER_BYTES = 5
_PATTERNS = (b"\x55\xaa", b"\xff\x00\x01", bytes(range(1, 255)), b"\x00")


def carries_frames(client: Client) -> bool:
    """Whether frames of maximum length travel to the device and back without a retry.

    Overwrites the first input and everything that shares its memory; use only at the start of a session.
    """
    try:
        size = min(client.input_info(0).nbytes, MAX_PAYLOAD - _LOAD_HEADER_BYTES)
        length = min(client.info().arena_bytes, MAX_PAYLOAD)
        for pattern in islice(cycle(_PATTERNS), _ROUNDS):
            data = bytes(islice(cycle(pattern), size))
            client.once(Message.LOAD, struct.pack("<BI", 0, 0) + data, _DEADLINE_S)
            client.once(Message.PEEK, struct.pack("<IH", 0, length), _DEADLINE_S)
    except DeviceError:
        return False
    return True
