"""Frames of the device protocol (PROTOCOL.md): bytes on the wire <-> ``Frame``. Pure, no I/O.

A frame is COBS(version u8, type u8, nonce u32, payload, CRC-32) followed by a zero byte. Bytes that do not
decode are noise: they are counted and dropped, without an exception.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from enum import IntEnum

VERSION = 1
MAX_PAYLOAD = 240
_HEADER = struct.Struct("<BBI")
_CRC = struct.Struct("<I")
_MAX_ENCODED = 1 + _HEADER.size + MAX_PAYLOAD + _CRC.size


class Message(IntEnum):
    """Message types; a reply's type is its request's with ``REPLY`` set."""

    HELLO = 0x01
    TENSOR = 0x02
    LOAD = 0x03
    RUN = 0x04
    READ = 0x05
    PROFILE = 0x06
    PEEK = 0x07
    BAUD = 0x08
    RESET = 0x09
    RAW = 0x0A
    INPUT = 0x0B
    REPLY = 0x80
    FAULT = 0xFE
    ERROR = 0xFF


@dataclass(frozen=True)
class Frame:
    """One message. ``nonce`` is chosen by the host per request and returned in the reply."""

    type: int
    nonce: int
    payload: bytes = b""
    version: int = VERSION


def cobs_encode(message: bytes) -> bytes:
    """COBS of ``message`` (Cheshire and Baker, 1999), without the delimiter."""
    out = bytearray()
    for block in message.split(b"\0"):
        while len(block) >= 254:
            out += b"\xff" + block[:254]
            block = block[254:]
        out += bytes([len(block) + 1]) + block
    return bytes(out)


def cobs_decode(encoded: bytes) -> bytes | None:
    """The message encoded in ``encoded``, or None if it is not valid COBS."""
    out = bytearray()
    at = 0
    while at < len(encoded):
        code = encoded[at]
        block = encoded[at + 1 : at + code]
        if code == 0 or len(block) != code - 1 or 0 in block:
            return None
        out += block
        at += code
        if at < len(encoded) and code < 255:
            out.append(0)
    return bytes(out)


def encode_frame(frame: Frame) -> bytes:
    """The frame's bytes with its delimiter; ``ValueError`` for a payload above ``MAX_PAYLOAD``."""
    if len(frame.payload) > MAX_PAYLOAD:
        raise ValueError(f"payload of {len(frame.payload)} bytes, at most {MAX_PAYLOAD} fit a frame")
    body = _HEADER.pack(frame.version, frame.type, frame.nonce) + frame.payload
    return cobs_encode(body + _CRC.pack(zlib.crc32(body))) + b"\0"


def decode_frame(encoded: bytes) -> Frame | None:
    """The frame between two delimiters, or None if the bytes are not a frame."""
    message = cobs_decode(encoded)
    if message is None or not _HEADER.size + _CRC.size <= len(message) < _MAX_ENCODED:
        return None
    body, (crc,) = message[: -_CRC.size], _CRC.unpack(message[-_CRC.size :])
    if zlib.crc32(body) != crc:
        return None
    version, kind, nonce = _HEADER.unpack_from(body)
    return Frame(type=kind, nonce=nonce, payload=body[_HEADER.size :], version=version)


class Decoder:
    """Splits a byte stream into frames in bounded memory; ``garbled`` counts dropped ones."""

    def __init__(self) -> None:
        self.garbled = 0
        self._pending = bytearray()
        self._overlong = False

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that ``data`` completes."""
        frames = []
        *complete, rest = data.split(b"\0")
        for part in complete:
            self._append(part)
            frame = self._take()
            if frame is not None:
                frames.append(frame)
        self._append(rest)
        return frames

    def _append(self, part: bytes) -> None:
        self._pending += part
        if len(self._pending) > _MAX_ENCODED:
            self._overlong = True
            self._pending.clear()

    def _take(self) -> Frame | None:
        encoded, overlong = bytes(self._pending), self._overlong
        self._pending.clear()
        self._overlong = False
        if not encoded and not overlong:
            return None
        frame = None if overlong else decode_frame(encoded)
        self.garbled += frame is None
        return frame
