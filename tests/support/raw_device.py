"""A device in memory with a network and, optionally, a front end: RAW, INPUT, LOAD, RUN, READ and PEEK."""

from __future__ import annotations

import struct
from collections.abc import Callable

import numpy as np

from micronas.device.framing import Decoder, Frame, Message, encode_frame
from micronas.model.graph import Graph
from micronas.model.interpreter import Stream

Features = Callable[[bytes], bytes | None]
"""Raw samples since the last reset -> int8 features, None if there are too few."""


class RawDevice:
    """A link. ``drop_replies`` replies to RAW are lost; ``wrong_output`` flips a bit of every output."""

    name = "memory"

    def __init__(
        self,
        graph: Graph,
        features: Features = lambda raw: None,
        *,
        emulated: bool = True,
        drop_replies: int = 0,
        wrong_output: bool = False,
    ) -> None:
        self.emulated = emulated
        self.resets = 0
        self._stream, self._features = Stream(graph), features
        self._shape = graph.tensors[graph.inputs[0]].shape[1:]
        self._raw, self._input, self._output = b"", bytes(graph.tensors[graph.inputs[0]].nbytes), b""
        self._drop, self._wrong = drop_replies, wrong_output
        self._decoder, self._waiting = Decoder(), b""

    def write(self, data: bytes) -> None:
        answers = {
            Message.RAW: self._take,
            Message.INPUT: self._compute,
            Message.LOAD: self._load,
            Message.RUN: self._run,
            Message.READ: lambda p: self._output[slice(*_part(p[1:]))],
            Message.PEEK: lambda p: self._input[slice(*_part(p))],
            Message.TENSOR: lambda p: struct.pack("<IIi", len(self._output), 0, 0),
            Message.RESET: self._reset,
        }
        for request in self._decoder.feed(data):
            payload = answers[Message(request.type)](request.payload)
            if request.type == Message.RAW and self._drop:
                self._drop -= 1
                continue
            self._waiting += encode_frame(Frame(request.type | Message.REPLY, request.nonce, payload))

    def read(self, timeout_s: float) -> bytes:
        data, self._waiting = self._waiting, b""
        return data

    def close(self) -> None:
        pass

    def _take(self, payload: bytes) -> bytes:
        (offset,) = struct.unpack_from("<I", payload)
        self._raw = b"" if offset == 0 else self._raw
        assert offset <= len(self._raw), "a part was skipped"
        self._raw += payload[4 + len(self._raw) - offset :]
        return struct.pack("<II", len(self._raw), 100)

    def _compute(self, payload: bytes) -> bytes:
        found = self._features(self._raw)
        self._input = found or self._input
        return struct.pack("<II", found is not None, 7)

    def _load(self, payload: bytes) -> bytes:
        _, offset = struct.unpack_from("<BI", payload)
        data = payload[5:]
        self._input = self._input[:offset] + data + self._input[offset + len(data) :]
        return struct.pack("<I", len(data))

    def _run(self, payload: bytes) -> bytes:
        given = np.frombuffer(self._input, np.int8).reshape(self._shape)
        self._output = self._stream.run([given])[0].tobytes()
        if self._wrong:
            self._output = bytes([self._output[0] ^ 1]) + self._output[1:]
        return struct.pack("<BQ", 1, 1000)

    def _reset(self, payload: bytes) -> bytes:
        self.resets += 1
        self._stream.reset()
        return struct.pack("<I", 1)


def _part(payload: bytes) -> tuple[int, int]:
    offset, length = struct.unpack("<IH", payload)
    return offset, offset + length
