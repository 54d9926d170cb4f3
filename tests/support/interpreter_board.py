"""A board on a pseudo terminal that runs whatever network was flashed to it, by the reference interpreter."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from micronas.device.framing import MAX_PAYLOAD
from micronas.model.graph import Graph
from micronas.model.interpreter import Stream
from tests.support.fake_board import FakeBoard

PROFILE_PART = (MAX_PAYLOAD - 8) // 4


def packed_profile(request: bytes, counts: list[int]) -> bytes:
    """The part of a PROFILE that ``request`` asks for."""
    (first,) = struct.unpack("<I", request)
    part = counts[first : first + PROFILE_PART]
    return struct.pack(f"<II{len(part)}I", len(counts), first, *part)


@dataclass
class InterpreterBoard(FakeBoard):
    """Call ``flashed`` before it is asked anything. A run counts ``cycles_per_op`` for every op."""

    cycles_per_op: int = 20_000

    def flashed(self, graph: Graph, build_id: bytes) -> None:
        """The upload: another network, another identity, and the memory of a board just switched on."""
        self.graph, self.build_id = graph, build_id
        self._inputs = [bytearray(graph.tensors[t].nbytes) for t in graph.inputs]
        self._outputs = [bytes(graph.tensors[t].nbytes) for t in graph.outputs]
        self.restart()

    def restart(self) -> None:
        super().restart()
        for held in getattr(self, "_inputs", []):
            held[:] = bytes(len(held))
        if hasattr(self, "graph"):
            self._stream = Stream(self.graph)

    def _hello(self, payload: bytes) -> bytes:
        whole = bytearray(super()._hello(payload))
        struct.pack_into("<IHH", whole, 48, len(self.graph.ops), len(self._inputs), len(self._outputs))
        return bytes(whole)

    def _reply(self, request: Any) -> Any:
        special: dict[int, Callable[[bytes], bytes]] = {2: self._tensor, 6: self._profile, 9: self._reset}
        if (answer := special.get(request.type)) is not None:
            reply: Any = super()._reply(request)
            return type(reply)(reply.type, reply.nonce, answer(request.payload))
        return super()._reply(request)

    def _reset(self, payload: bytes) -> bytes:
        self._stream.reset()
        return struct.pack("<I", len(self.graph.states))

    def _tensor(self, payload: bytes) -> bytes:
        held = (self._inputs, self._outputs)[payload[0]][payload[1]]
        return struct.pack("<IIi", len(held), 0x3F800000, -1)

    def _load(self, payload: bytes) -> bytes:
        index, offset = struct.unpack_from("<BI", payload)
        self._inputs[index][offset : offset + len(payload) - 5] = payload[5:]
        return struct.pack("<I", len(payload) - 5)

    def _read(self, payload: bytes) -> bytes:
        index, offset, length = struct.unpack("<BIH", payload)
        return self._outputs[index][offset : offset + length]

    def _run(self, payload: bytes) -> bytes:
        repeats, wanted = struct.unpack("<BI", payload)
        ops = min(wanted, len(self.graph.ops))
        self.runs += repeats
        if ops == len(self.graph.ops):
            self._infer()
        counts = [ops * self.cycles_per_op] * repeats
        return struct.pack(f"<B{repeats}Q", 1, *counts)

    def _profile(self, payload: bytes) -> bytes:
        self._infer()
        return packed_profile(payload, [self.cycles_per_op] * len(self.graph.ops))

    def _infer(self) -> None:
        graph = self.graph
        arrays = [
            np.frombuffer(bytes(held), dtype=np.int8).reshape(graph.tensors[t].shape[1:])
            for held, t in zip(self._inputs, graph.inputs, strict=True)
        ]
        self._outputs = [values.tobytes() for values in self._stream.run(arrays)]
        if self.wrong_output:
            self._outputs[0] = bytes([self._outputs[0][0] ^ 1]) + self._outputs[0][1:]
