"""QEMU's log of executed blocks, whole and in pieces."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
import pytest

from micronas.latency.counts import block_log
from micronas.latency.counts.block_log import read_log


def record(address: int, registers: Sequence[int], *, digits: int = 8, symbol: str = "op") -> str:
    names = [f"R{i:02d}={value:08x}" for i, value in enumerate([*registers, address])]
    lines = [" ".join(names[i : i + 4]) for i in range(0, 16, 4)]
    trace = f"Trace 0: 0x7feae0000100 [00800408/{address:0{digits}x}/00000110/ff000200] {symbol}"
    return "\n".join([trace, *lines, "XPSR=41000000 -Z-- T priv-thread"]) + "\n"


def read(text: str) -> tuple[list[int], list[list[int]]]:
    pieces = list(read_log(io.BytesIO(text.encode())))
    addresses = np.concatenate([p.address for p in pieces]).tolist()
    return addresses, np.concatenate([p.registers for p in pieces]).tolist()


BLOCKS = [(0x08000200 + 2 * i, [i * 16 + r for r in range(15)]) for i in range(40)]


@pytest.mark.parametrize("digits", [8, 16])
def test_addresses_and_registers_are_read(digits: int) -> None:
    text = "".join(record(a, r, digits=digits, symbol=f"f{a}") for a, r in BLOCKS)
    assert read(text) == ([a for a, _ in BLOCKS], [r for _, r in BLOCKS])


@pytest.mark.parametrize("piece", [300, 777, 5000])
def test_pieces_of_any_size_give_the_same(piece: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(block_log, "_PIECE_BYTES", piece)
    assert read("".join(record(a, r) for a, r in BLOCKS)) == ([a for a, _ in BLOCKS], [r for _, r in BLOCKS])


def test_a_block_that_was_announced_and_stopped_did_not_run() -> None:
    zeros = [0] * 15
    text = record(0x100, zeros) + record(0x200, zeros)
    text += "Stopped execution of TB chain before 0x7feae0000100 [00000200] op\n" + record(0x300, zeros)
    assert read(text)[0] == [0x100, 0x300]


def test_a_record_that_breaks_off_is_left_out() -> None:
    zeros = [0] * 15
    text = record(0x100, zeros) + record(0x200, zeros)[:-120]
    assert read(text)[0] == [0x100]
