"""Replies that are whole, and right by nonce and CRC, and yet not the answer: each one is refused."""

from __future__ import annotations

import struct
from collections.abc import Callable

import pytest

from micronas.device.client import Client
from micronas.device.framing import Decoder, Frame, Message, encode_frame
from micronas.errors import ProtocolError

Answer = Callable[[Frame], bytes]


class AnsweringLink:
    """A device in memory: ``answers`` gives the payload of the reply to each kind of request."""

    name = "memory"
    emulated = True

    def __init__(self, answers: dict[Message, Answer]) -> None:
        self._answers = answers
        self._decoder = Decoder()
        self._waiting = b""

    def write(self, data: bytes) -> None:
        for request in self._decoder.feed(data):
            payload = self._answers[Message(request.type)](request)
            self._waiting += encode_frame(Frame(request.type | Message.REPLY, request.nonce, payload))

    def read(self, timeout_s: float) -> bytes:
        data, self._waiting = self._waiting, b""
        return data

    def close(self) -> None:
        pass


def client(**answers: Answer) -> Client:
    return Client(AnsweringLink({Message[name]: answer for name, answer in answers.items()}))


def test_an_input_is_written_only_if_every_byte_is_acknowledged() -> None:
    honest = client(LOAD=lambda request: struct.pack("<I", len(request.payload) - 5))
    honest.load_input(0, bytes(500))
    with pytest.raises(ProtocolError, match="LOAD of 235 bytes was answered by ea000000"):
        client(LOAD=lambda request: struct.pack("<I", 234)).load_input(0, bytes(500))


def test_as_many_counts_as_runs_were_asked_for() -> None:
    counts = struct.pack("<B2Q", 1, 10, 11)
    assert client(RUN=lambda request: counts).run(2) == (True, (10, 11))
    with pytest.raises(ProtocolError, match="2 counts for 3 runs"):
        client(RUN=lambda request: counts).run(3)


def profile_of(n_ops: int, part: int) -> Answer:
    """Op i takes 100 + i, ``part`` ops to a reply."""

    def answer(request: Frame) -> bytes:
        (first,) = struct.unpack("<I", request.payload)
        counts = [100 + op for op in range(first, min(n_ops, first + part))]
        return struct.pack(f"<{2 + len(counts)}I", n_ops, first, *counts)

    return answer


def test_a_profile_is_put_together_in_order_or_not_at_all() -> None:
    loads: list[None] = []
    honest = client(PROFILE=profile_of(n_ops=5, part=2))
    assert honest.profile(lambda: loads.append(None)) == (100, 101, 102, 103, 104)
    assert len(loads) == 3
    first_again = client(PROFILE=lambda request: struct.pack("<4I", 5, 0, 100, 101))
    with pytest.raises(ProtocolError, match="the profile starts at op 0, not at op 2"):
        first_again.profile(lambda: None)


def test_memory_is_read_whole() -> None:
    def peek(request: Frame) -> bytes:
        offset, length = struct.unpack("<IH", request.payload)
        return bytes((offset + i) % 251 for i in range(length))

    assert client(PEEK=peek).read_arena(3, 700) == bytes((3 + i) % 251 for i in range(700))
    with pytest.raises(ProtocolError, match="239 bytes read, 240 asked for"):
        client(PEEK=lambda request: peek(request)[:239]).read_arena(3, 700)


@pytest.mark.parametrize(
    ("name", "payload"),
    [
        ("RUN", b""),
        ("RUN", b"\1"),
        ("RUN", b"\1" + bytes(9)),
        ("PROFILE", bytes(8)),
        ("PROFILE", bytes(13)),
        ("TENSOR", bytes(11)),
        ("HELLO", bytes(20)),
    ],
)
def test_a_reply_of_the_wrong_length_is_refused(name: str, payload: bytes) -> None:
    device = client(**{name: lambda request: payload})
    ask = {
        "RUN": device.run,
        "PROFILE": lambda: device.profile(lambda: None),
        "TENSOR": lambda: device.input_info(0),
        "HELLO": device.info,
    }
    with pytest.raises(ProtocolError, match=name):
        ask[name]()
