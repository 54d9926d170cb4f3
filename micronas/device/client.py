"""The host's side of PROTOCOL.md: one request, one reply, one deadline."""

from __future__ import annotations

import secrets
import struct
import time
from collections.abc import Callable

from micronas.device.framing import MAX_PAYLOAD, VERSION, Decoder, Frame, Message, encode_frame
from micronas.device.link import Link
from micronas.device.replies import (
    Fault,
    Info,
    Refusal,
    TensorInfo,
    parse_error,
    parse_fault,
    parse_info,
    parse_profile,
    parse_run,
    parse_tensor,
)
from micronas.errors import BoardLostError, DeadlineError, DeviceError, ProtocolError

SHORT_DEADLINE_S = 3.0
EMULATED_DEADLINE_S = 30.0
"""For an answer of an emulator, which may share its host with many others."""
RUN_DEADLINE_S = 60.0
ALL_OPS = 0xFFFFFFFF
MAX_REPEATS = (MAX_PAYLOAD - 1) // 8
_LOAD_CHUNK = MAX_PAYLOAD - 5
_RAW_CHUNK = MAX_PAYLOAD - 4
_RESEND_S = 0.3
_BAUD_TRIAL_S = 1.0
_GARBLED = b"\0\x05\x01\0"  # announces four bytes and has one
_MARKS = 3

_REFUSALS = {
    1: "does not know this request",
    2: "uses protocol version {detail}",
    3: "expects another length or count: {detail}",
    4: "does not have this input, output or op (it has {detail})",
    5: "has only {detail} bytes there, less than the range requested",
    6: "stopped in op {detail}: its kernel refused its parameters",
    7: "cannot make this baud rate, the nearest is {detail}",
}


class Client:
    """Speaks to one device over an open link; keeps no state but the link's noise count.

    What a board does not answer in time is sent again, since a line loses bytes. An emulator's line loses
    none, and every frame more that it has not come to makes it slower: there only HELLO is sent again, which
    firmware that has not started yet misses.

    ``symbol_at`` turns a fault's program counter into a function's name (``Image.symbol_at``).
    """

    def __init__(self, link: Link, *, symbol_at: Callable[[int], str] = "{:#010x}".format) -> None:
        self.link = link
        self._decoder = Decoder()
        self._symbol_at = symbol_at

    def info(self, deadline_s: float = SHORT_DEADLINE_S) -> Info:
        """Who answers: build id, clock, counter and memory."""
        return parse_info(self._exchange(Message.HELLO, b"", deadline_s, resend_s=_RESEND_S))

    def input_info(self, index: int) -> TensorInfo:
        """Size and quantization of an input."""
        return parse_tensor(self._repeatable(Message.TENSOR, bytes([0, index])))

    def output_info(self, index: int) -> TensorInfo:
        """Size and quantization of an output."""
        return parse_tensor(self._repeatable(Message.TENSOR, bytes([1, index])))

    def load_input(self, index: int, data: bytes) -> None:
        """Write an input; several frames when it is long."""
        for offset in range(0, len(data), _LOAD_CHUNK):
            chunk = data[offset : offset + _LOAD_CHUNK]
            reply = self._repeatable(Message.LOAD, struct.pack("<BI", index, offset) + chunk)
            if reply != struct.pack("<I", len(chunk)):
                raise ProtocolError(
                    f"{self.link.name}: LOAD of {len(chunk)} bytes was answered by {reply.hex()}"
                )

    def load_raw(self, data: bytes) -> int:
        """Raw samples of one input, through the device's front end; returns the counts that it took.

        Only firmware with a front end knows this request; the samples of the input before are forgotten.
        """
        counts = 0
        for offset in range(0, len(data), _RAW_CHUNK):
            chunk = data[offset : offset + _RAW_CHUNK]
            reply = self._repeatable(Message.RAW, struct.pack("<I", offset) + chunk)
            received, taken = _two_numbers(self.link.name, "RAW", reply)
            if received != offset + len(chunk):
                raise ProtocolError(
                    f"{self.link.name}: RAW up to byte {offset + len(chunk)} was answered by {received}"
                )
            counts += taken
        return counts

    def compute_input(self) -> int | None:
        """Write the front end's features to input 0; returns the counts, None if samples are missing."""
        written, counts = _two_numbers(self.link.name, "INPUT", self._repeatable(Message.INPUT, b""))
        return counts if written else None

    def run(
        self, repeats: int = 1, *, ops: int = ALL_OPS, deadline_s: float = RUN_DEADLINE_S
    ) -> tuple[bool, tuple[int, ...]]:
        """Run the first ``ops`` ops ``repeats`` times: whether the inputs survived, and each run's counts.

        Inputs that did not survive must be loaded again before the next run means anything.
        """
        payload = self._exchange(Message.RUN, struct.pack("<BI", repeats, ops), deadline_s)
        survived, counts = parse_run(payload)
        if len(counts) != repeats:
            raise ProtocolError(f"{self.link.name}: {len(counts)} counts for {repeats} runs")
        return survived, counts

    def reset_states(self) -> None:
        """Set the network's states to their initial values, to begin a sequence."""
        self._repeatable(Message.RESET, b"")

    def read_output(self, index: int, size: int | None = None) -> bytes:
        """An output, whole; its ``size`` in bytes is requested unless given."""
        size = self.output_info(index).nbytes if size is None else size
        parts = [
            self._read_part(Message.READ, struct.pack("<BIH", index, offset, min(MAX_PAYLOAD, size - offset)))
            for offset in range(0, size, MAX_PAYLOAD)
        ]
        return b"".join(parts)

    def read_arena(self, offset: int, length: int) -> bytes:
        """Bytes of the arena, as the last run left them."""
        end = offset + length
        parts = [
            self._read_part(Message.PEEK, struct.pack("<IH", at, min(MAX_PAYLOAD, end - at)))
            for at in range(offset, end, MAX_PAYLOAD)
        ]
        return b"".join(parts)

    def profile(self, load: Callable[[], None], deadline_s: float = RUN_DEADLINE_S) -> tuple[int, ...]:
        """Counts per op. ``load`` writes the inputs; it is called before each of the runs that this takes."""
        counts: tuple[int, ...] = ()
        while True:
            load()
            payload = self._exchange(Message.PROFILE, struct.pack("<I", len(counts)), deadline_s)
            n_ops, first, part = parse_profile(payload)
            if first != len(counts):
                raise ProtocolError(
                    f"{self.link.name}: the profile starts at op {first}, not at op {len(counts)}"
                )
            counts += part
            if len(counts) >= n_ops:
                return counts

    def switch_baud(
        self,
        baud: int,
        set_baud: Callable[[int], None],
        old_baud: int,
        line_is_good: Callable[[Client], bool] = lambda client: True,
    ) -> bool:
        """Switch both ends to ``baud``; False when the line does not work at it and is back at ``old_baud``.

        ``set_baud`` changes the host's end (``SerialLink.set_baud``); ``line_is_good`` tries the new rate.
        """
        try:
            self.once(Message.BAUD, struct.pack("<I", baud), SHORT_DEADLINE_S)
        except ProtocolError:
            return False  # the device cannot, and says so
        try:
            set_baud(baud)
            self.info(_BAUD_TRIAL_S)
            good = line_is_good(self)
        except BoardLostError:
            raise
        except DeviceError:
            good = False
        if not good:
            set_baud(old_baud)
            self.info()  # sent again and again: the first ones make the device give the new rate up
        return good

    def leave_mark(self) -> int:
        """Make the device count some dropped frames, and return its count.

        A device that counts fewer later on was reset in between, and its inputs are lost.
        """
        count = 0
        for _ in range(_MARKS):
            self.link.write(_GARBLED)
            count = self.info().garbled_frames
        return count

    def once(self, message: Message, payload: bytes, deadline_s: float) -> bytes:
        """An exchange that is not sent again; raises ``DeadlineError`` when no answer comes."""
        return self._exchange(message, payload, deadline_s)

    def _read_part(self, message: Message, payload: bytes) -> bytes:
        (length,) = struct.unpack("<H", payload[-2:])
        reply = self._repeatable(message, payload)
        if len(reply) != length:
            raise ProtocolError(f"{self.link.name}: {len(reply)} bytes read, {length} asked for")
        return reply

    def _repeatable(self, message: Message, payload: bytes) -> bytes:
        """An exchange that may be sent again: asking twice changes nothing on the device."""
        if self.link.emulated:
            return self._exchange(message, payload, EMULATED_DEADLINE_S)
        return self._exchange(message, payload, SHORT_DEADLINE_S, resend_s=_RESEND_S)

    def _exchange(
        self, message: Message, payload: bytes, deadline_s: float, *, resend_s: float | None = None
    ) -> bytes:
        nonce = secrets.randbits(32)
        # The leading delimiter ends whatever noise the device has collected so far.
        request = b"\0" + encode_frame(Frame(message, nonce, payload))
        deadline = time.monotonic() + deadline_s
        while (now := time.monotonic()) < deadline:
            self.link.write(request)
            reply = self._await(message, nonce, min(deadline, now + (resend_s or deadline_s)))
            if reply is not None:
                return reply
        raise DeadlineError(
            f"{self.link.name}: no answer to {message.name} within {deadline_s:g} s"
            f" ({self._decoder.garbled} garbled frames seen)",
            remedy="check that this board has the right firmware and the baud rate of its profile",
        )

    def _await(self, message: Message, nonce: int, deadline: float) -> bytes | None:
        while (left := deadline - time.monotonic()) > 0:
            for frame in self._decoder.feed(self.link.read(left)):
                reply = self._accept(frame, message, nonce)
                if reply is not None:
                    return reply
        return None

    def _accept(self, frame: Frame, message: Message, nonce: int) -> bytes | None:
        """The reply's payload; None for a stale or foreign frame, which does not count."""
        if frame.type == Message.FAULT:
            raise DeviceError(
                f"{self.link.name}: {self._describe(parse_fault(frame.payload))}",
                remedy="reset the board; if it happens again, report it as a bug in micronas",
            )
        if frame.nonce != nonce:
            return None
        if frame.version != VERSION and frame.type != Message.ERROR:
            raise ProtocolError(
                f"{self.link.name}: answers in protocol version {frame.version}, this is version {VERSION}",
                remedy="the board runs the firmware of another version of micronas: flash it again",
            )
        if frame.type == Message.ERROR:
            raise ProtocolError(
                f"{self.link.name}: {message.name} refused: {_describe(parse_error(frame.payload))}"
            )
        return frame.payload if frame.type == message | Message.REPLY else None

    def _describe(self, fault: Fault) -> str:
        where = self._symbol_at(fault.pc) if fault.pc else "unknown (the stack overflowed)"
        return (
            f"the firmware faulted in {where}: exception {fault.exception}, pc {fault.pc:#010x}, "
            f"lr {fault.lr:#010x}, sp {fault.sp:#010x}, cfsr {fault.cfsr:#010x}, hfsr {fault.hfsr:#010x}, "
            f"bfar {fault.bfar:#010x}"
        )


def _two_numbers(name: str, request: str, reply: bytes) -> tuple[int, int]:
    if len(reply) != 8:
        raise ProtocolError(f"{name}: {len(reply)} bytes answer {request}, not 8")
    first, second = struct.unpack("<II", reply)
    return int(first), int(second)


def _describe(refusal: Refusal) -> str:
    text = _REFUSALS.get(refusal.code, "error {code}, detail {detail}")
    return "the device " + text.format(code=refusal.code, detail=refusal.detail)
