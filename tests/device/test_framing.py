"""The frame codec in Python against worked examples, zlib and hypothesis' noise."""

from __future__ import annotations

import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from micronas.device.framing import (
    MAX_PAYLOAD,
    Decoder,
    Frame,
    Message,
    cobs_decode,
    cobs_encode,
    decode_frame,
    encode_frame,
)

frames = st.builds(
    Frame,
    type=st.integers(0, 255),
    nonce=st.integers(0, 2**32 - 1),
    payload=st.binary(max_size=MAX_PAYLOAD),
    version=st.integers(0, 255),
)


@pytest.mark.parametrize(
    ("message", "encoded"),
    [  # from the paper and from working it out by hand
        ("", "01"),
        ("00", "0101"),
        ("0000", "010101"),
        ("11220033", "0311220233"),
        ("11000000", "0211010101"),
        ("01" * 253, "fe" + "01" * 253),
        ("01" * 254, "ff" + "01" * 254 + "01"),
        ("01" * 255, "ff" + "01" * 254 + "0201"),
    ],
)
def test_cobs_gives_the_known_encodings(message: str, encoded: str) -> None:
    assert cobs_encode(bytes.fromhex(message)).hex() == encoded
    assert cobs_decode(bytes.fromhex(encoded)) == bytes.fromhex(message)


@given(st.binary(max_size=600))
def test_cobs_round_trips_without_a_zero_byte(message: bytes) -> None:
    encoded = cobs_encode(message)
    assert 0 not in encoded
    assert cobs_decode(encoded) == message


def test_a_frame_is_laid_out_as_protocol_md_says() -> None:
    body = bytes([1, 4]) + struct.pack("<I", 0xA1B2C3D4) + b"\x07\x08"
    message = body + struct.pack("<I", zlib.crc32(body))
    wire = encode_frame(Frame(type=4, nonce=0xA1B2C3D4, payload=b"\x07\x08"))
    assert wire[-1] == 0
    assert cobs_decode(wire[:-1]) == message


def test_a_payload_above_the_limit_is_refused() -> None:
    with pytest.raises(ValueError, match="241"):
        encode_frame(Frame(1, 1, bytes(MAX_PAYLOAD + 1)))


@given(frames)
def test_frames_round_trip(frame: Frame) -> None:
    assert decode_frame(encode_frame(frame)[:-1]) == frame


@given(st.lists(frames, max_size=5), st.data())
def test_the_decoder_does_not_care_how_bytes_are_cut(sent: list[Frame], data: st.DataObject) -> None:
    stream = b"".join(encode_frame(frame) for frame in sent)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=10)))
    decoder = Decoder()
    received = []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        received += decoder.feed(stream[start:end])
    assert received == sent
    assert decoder.garbled == 0


@given(frames, st.data())
def test_no_single_bit_flip_or_truncation_passes(frame: Frame, data: st.DataObject) -> None:
    wire = bytearray(encode_frame(frame)[:-1])
    bit = data.draw(st.integers(0, 8 * len(wire) - 1))
    wire[bit // 8] ^= 1 << bit % 8
    assert Decoder().feed(bytes(wire) + b"\0") != [frame]
    cut = data.draw(st.integers(0, len(wire) - 1))
    assert Decoder().feed(encode_frame(frame)[:cut] + b"\0") == []


@given(st.binary(max_size=2000), frames)
def test_a_frame_is_found_after_any_noise(noise: bytes, frame: Frame) -> None:
    decoder = Decoder()
    decoder.feed(noise)
    assert decoder.feed(b"\0" + encode_frame(frame))[-1] == frame


def test_endless_noise_is_kept_within_bounds_and_counted() -> None:
    decoder = Decoder()
    for _ in range(100):
        assert decoder.feed(b"AT+GCAP\r\n" * 50) == []
    assert len(decoder._pending) <= 256
    assert decoder.feed(b"\0") == []
    assert decoder.garbled == 1


def test_the_end_of_an_overlong_frame_is_no_frame() -> None:
    """What lies between two delimiters is one frame; a good one at the end of 300 bytes of noise is not."""
    decoder = Decoder()
    frame = Frame(Message.HELLO, 7)
    assert decoder.feed(b"\x01" * 300) == []
    assert decoder.feed(encode_frame(frame)) == []
    assert decoder.garbled == 1
    assert decoder.feed(encode_frame(frame)) == [frame]
