"""A board on a real pseudo terminal: the device's half of PROTOCOL.md in Python, with scripted faults.

The network it pretends to hold has one input and one output of ``SIZE`` bytes; output = input + 1, op by op:
op 0 adds one, op 1 copies. ``faults`` says what goes wrong, once each, in order of arrival; ``after`` keeps
a fault until so many requests of a kind were seen.
"""

from __future__ import annotations

import os
import select
import struct
import termios
import threading
import time
import tty
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType

from micronas.device.framing import Decoder, Frame, Message, encode_frame

SIZE = 12
ARENA = 240  # as long as a frame carries
BUILD_ID = bytes(range(16))
CLOCK_HZ = 180_000_000
N_OPS = 2

_SPEEDS = {getattr(termios, f"B{rate}"): rate for rate in (57_600, 115_200, 230_400, 460_800, 921_600)}

# A fault turns the bytes of an answer into what is really sent, and may do something else on the way.
Fault = Callable[["FakeBoard", bytes], bytes]


def drop(board: FakeBoard, answer: bytes) -> bytes:
    return b""


def half(board: FakeBoard, answer: bytes) -> bytes:
    return answer[: len(answer) // 2]


def flip(board: FakeBoard, answer: bytes) -> bytes:
    return answer[:3] + bytes([answer[3] ^ 0x10]) + answer[4:]


def twice(board: FakeBoard, answer: bytes) -> bytes:
    return answer * 2


def noisy(board: FakeBoard, answer: bytes) -> bytes:
    return b"AT\r\nAT+GCAP\r\n\xff\xfe\0" + answer


def stale(board: FakeBoard, answer: bytes) -> bytes:
    """An answer to an earlier question, right in every other way, comes first."""
    return board.earlier_answer + answer


def late(board: FakeBoard, answer: bytes) -> bytes:
    time.sleep(0.5)
    return answer


def reset(board: FakeBoard, answer: bytes) -> bytes:
    """The board restarts instead of answering: boot noise, and its memory is gone."""
    board.restart()
    return b"\xf0\x00\x1b"


def reset_after(board: FakeBoard, answer: bytes) -> bytes:
    """The board restarts once it has answered, at the same rate: nothing on the line tells."""
    board.restart()
    return answer


def unplug(board: FakeBoard, answer: bytes) -> bytes:
    """The cable is pulled instead of an answer."""
    board.pulled.set()
    return b""


def after(count: int, message: Message, fault: Fault) -> Fault:
    """``fault`` at the ``count``-th request of this kind; before and afterwards all is well."""

    def waits(board: FakeBoard, answer: bytes) -> bytes:
        seen = [r.type for r in board.requests].count(message)
        if board.requests[-1].type == message and seen == count:
            return fault(board, answer)
        board.faults.insert(0, waits)
        return answer

    return waits


def crash(board: FakeBoard, answer: bytes) -> bytes:
    fault = struct.pack(
        "<B8I", 3, 0x08000101, 0x08000203, 0x01000003, 0x20000100, 0x82, 0x40000000, 0, 0xA0000000
    )
    return encode_frame(Frame(Message.FAULT, 0, fault))


@dataclass
class FakeBoard:
    """Use as a context manager; ``port`` is what pyserial opens.

    ``count_of`` gives each run's count, of which a run of fewer ops counts its share unless ``constant``.
    Above ``lossy_above`` baud answers longer than 150 bytes arrive damaged. ``run_s`` is a run's time.
    """

    faults: list[Fault | None] = field(default_factory=list)
    board: str = "nucleo_f446re"
    counter: int = 1
    counted_by: int = 2
    count_of: Callable[[int], int] = lambda run: 1000 + run
    delay_s: float = 0.0
    wrong_output: bool = False
    baud: int = 115_200
    deaf_above: int = 10_000_000
    run_s: float = 0.0
    lossy_above: int = 10_000_000
    constant: bool = False
    build_id: bytes = BUILD_ID

    def __enter__(self) -> FakeBoard:
        self.arena = bytearray(ARENA)
        self.requests: list[Frame] = []
        self.runs = self.garbled = 0
        self.pulled = threading.Event()
        self._first_baud, self._switched, self._misreads = self.baud, False, 0
        self.earlier_answer = b""
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        self.port = os.ttyname(self._slave)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.unplug()

    def unplug(self) -> None:
        """The cable is pulled: the port's other end is gone."""
        if not self._stop.is_set():
            self._stop.set()
            self._thread.join()
            if not self.pulled.is_set():
                self._close()

    def restart(self) -> None:
        """Power-on state but for the line's rate; see ``reset``."""
        self.arena, self.garbled = bytearray(ARENA), 0

    def _close(self) -> None:
        os.close(self._master)
        os.close(self._slave)

    def say(self, data: bytes) -> None:
        """Send bytes that nobody asked for."""
        os.write(self._master, data)

    def _serve(self) -> None:
        decoder = Decoder()
        while not self._stop.is_set():
            ready, _, _ = select.select([self._master], [], [], 0.02)
            data = os.read(self._master, 4096) if ready else b""
            if data and not self._in_step():
                self._misread()
                continue
            before = decoder.garbled
            for frame in decoder.feed(data):
                self.garbled += decoder.garbled - before
                before = decoder.garbled
                self._answer(frame)
                if self.pulled.is_set():
                    self._close()
                    return
            self.garbled += decoder.garbled - before

    def _in_step(self) -> bool:
        """Whether the host's end has the board's rate: a pty carries bytes at any, but knows it."""
        host = _SPEEDS.get(termios.tcgetattr(self._slave)[4], 0)
        return host == self.baud and self.baud <= self.deaf_above

    def _misread(self) -> None:
        """Garbage at another rate; twice in a row and a switched rate is given up."""
        self._misreads += 1
        if self._misreads >= 2 and self._switched:
            self.baud, self._switched = self._first_baud, False

    def _answer(self, request: Frame) -> None:
        self.requests.append(request)
        time.sleep(self.delay_s)
        reply = self._reply(request)
        wire = encode_frame(reply)
        fault = self.faults.pop(0) if self.faults else None
        sent = wire if fault is None else fault(self, wire)
        if self.baud > self.lossy_above and len(sent) > 150:
            sent = sent[:30] + bytes([sent[30] ^ 0x10]) + sent[31:]
        self.earlier_answer = encode_frame(Frame(reply.type, request.nonce ^ 1, bytes(len(reply.payload))))
        if sent and not self._stop.is_set():
            os.write(self._master, sent)
        if request.type == Message.BAUD:
            (self.baud,) = struct.unpack("<I", request.payload)
            self._switched, self._misreads = True, 0

    def _reply(self, request: Frame) -> Frame:
        handlers = {
            Message.HELLO: self._hello,
            Message.TENSOR: lambda payload: struct.pack("<IIi", SIZE, 0x3F800000, -1),
            Message.LOAD: self._load,
            Message.RUN: self._run,
            Message.READ: self._read,
            Message.PROFILE: lambda payload: struct.pack("<IIII", N_OPS, 0, 700, 300),
            Message.PEEK: self._peek,
            Message.BAUD: lambda payload: payload,
        }
        payload = handlers[Message(request.type)](request.payload)
        return Frame(request.type | Message.REPLY, request.nonce, payload)

    def _hello(self, payload: bytes) -> bytes:
        board, core = self.board.encode(), b"cortex-m4"
        head = struct.pack("<16sIBBBB", self.build_id, CLOCK_HZ, 1, 0, self.counter, self.counted_by)
        memory = struct.pack("<6I", ARENA, 528, 4096, 100, 400, self.garbled)
        return head + memory + struct.pack("<IHHHBB", N_OPS, 1, 1, 240, len(board), len(core)) + board + core

    def _load(self, payload: bytes) -> bytes:
        _, offset = struct.unpack_from("<BI", payload)
        self.arena[offset : offset + len(payload) - 5] = payload[5:]
        return struct.pack("<I", len(payload) - 5)

    def _run(self, payload: bytes) -> bytes:
        repeats, ops = struct.unpack("<BI", payload)
        counts = []
        for _ in range(repeats):
            self.runs += 1
            share = 1.0 if self.constant else min(ops, N_OPS) / N_OPS
            time.sleep(self.run_s * share)
            counts.append(round(self.count_of(self.runs) * share))
            if ops >= 1:
                self.arena[:SIZE] = bytes((b + 1) & 255 for b in self.arena[:SIZE])
            if ops >= 2:
                self.arena[SIZE : 2 * SIZE] = self.arena[:SIZE]
                self.arena[SIZE + 5] ^= self.wrong_output
        return struct.pack(f"<B{repeats}Q", 0, *counts)

    def _read(self, payload: bytes) -> bytes:
        _, offset, length = struct.unpack("<BIH", payload)
        return bytes(self.arena[SIZE + offset : SIZE + offset + length])

    def _peek(self, payload: bytes) -> bytes:
        offset, length = struct.unpack("<IH", payload)
        return bytes(self.arena[offset : offset + length])
