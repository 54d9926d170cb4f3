"""The firmware gives a fast rate up after two garbled frames in a row, and never the profile's own."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.support.host_c import COMPILERS, build_program
from tests.support.paths import FIRMWARE, SUPPORT

PROTO = FIRMWARE / "lib" / "mn_proto"
INCLUDES = [FIRMWARE / "src", PROTO, FIRMWARE / "lib" / "mn_kernels"]
SOURCES = [
    SUPPORT / "host_c_programs" / "baud_switch.c",
    FIRMWARE / "src" / "mn_baud.c",
    *sorted(PROTO.glob("*.c")),
]


@pytest.mark.parametrize("compiler", COMPILERS)
def test_two_garbled_frames_in_a_row_end_a_switch(compiler: str, tmp_path: Path) -> None:
    """s: asked to switch, g: a good frame, x: a garbled one; 0 is the profile's rate."""
    program = build_program(compiler, SOURCES, INCLUDES, tmp_path / "baud_switch")
    for events, rates in {
        "xxxx": [],
        "sx": [921_600],
        "sxx": [921_600, 0],
        "sxgxgx": [921_600],
        "xsx": [921_600],
        "sxxxxx": [921_600, 0],
        "sxxsgxx": [921_600, 0, 921_600, 0],
    }.items():
        done = subprocess.run([program, events], capture_output=True, text=True, timeout=20, check=True)
        assert [int(rate) for rate in done.stdout.split()] == rates, events
