"""The firmware's frame codec, compiled for the host with sanitizers, against the Python one."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

import pytest

from micronas.device.framing import MAX_PAYLOAD, Frame, decode_frame, encode_frame
from tests.support.host_c import COMPILERS, build_program
from tests.support.paths import FIRMWARE, SUPPORT

PROTO = FIRMWARE / "lib" / "mn_proto"
PROGRAM = SUPPORT / "host_c_programs" / "frame_filter.c"


@pytest.fixture(scope="module", params=COMPILERS)
def frame_filter(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    program = tmp_path_factory.mktemp("proto") / f"filter-{request.param}"
    return build_program(request.param, [*sorted(PROTO.glob("*.c")), PROGRAM], [PROTO], program)


def run_filter(program: Path, lines: list[str]) -> list[str]:
    result = subprocess.run([program], input="\n".join(lines), capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
    return result.stdout.splitlines()


def random_frames(rng: random.Random, count: int) -> list[Frame]:
    lengths = [0, 1, MAX_PAYLOAD - 1, MAX_PAYLOAD, *(rng.randrange(MAX_PAYLOAD + 1) for _ in range(count))]
    payloads = [bytes(rng.choice([0, 0, rng.randrange(256)]) for _ in range(n)) for n in lengths]
    return [Frame(rng.randrange(256), rng.getrandbits(32), payload) for payload in payloads]


def described(frame: Frame | None) -> str:
    if frame is None:
        return "garbled"
    return f"{frame.version} {frame.type} {frame.nonce} {frame.payload.hex()}"


def test_c_encodes_what_python_encodes(frame_filter: Path) -> None:
    frames = random_frames(random.Random(1), 200)
    lines = [f"e {f.type} {f.nonce} {f.payload.hex()}" for f in frames]
    assert run_filter(frame_filter, lines) == [encode_frame(f).hex() for f in frames]


def test_c_decodes_what_python_encodes(frame_filter: Path) -> None:
    frames = random_frames(random.Random(2), 200)
    lines = [f"d {encode_frame(f)[:-1].hex()}" for f in frames]
    assert run_filter(frame_filter, lines) == [described(f) for f in frames]


def test_c_and_python_agree_on_damaged_frames_and_noise(frame_filter: Path) -> None:
    rng = random.Random(3)
    blobs = [rng.randbytes(rng.randrange(260)) for _ in range(300)]
    for frame in random_frames(rng, 300):
        wire = bytearray(encode_frame(frame)[:-1])
        wire[rng.randrange(len(wire))] ^= 1 << rng.randrange(8)
        blobs += [bytes(wire), encode_frame(frame)[: rng.randrange(len(wire))]]
    answers = run_filter(frame_filter, [f"d {blob.hex()}" for blob in blobs])
    assert answers == [described(decode_frame(blob)) for blob in blobs]
    assert answers.count("garbled") > 800
