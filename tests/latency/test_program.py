"""Which functions an op may run, from the bytes of a program."""

from __future__ import annotations

import struct

from micronas.latency.counts.program import CodeFunction, ElfProgram

OP, CALLED, POINTED, START_UP = 0x100, 0x200, 0x300, 0x400
SIZE = 0x20
BX_LR, NOP = 0x4770, 0xBF00


def halfwords(*values: int) -> bytes:
    return struct.pack(f"<{len(values)}H", *values)


def test_an_op_runs_what_it_calls_or_points_to_and_not_what_a_word_lies_in() -> None:
    jump = 0xE000 | ((CALLED - OP - 4) >> 1)  # B, with its distance in halfwords
    literals = struct.pack("<2I", POINTED | 1, START_UP + 0x0C | 1)
    like_a_jump = halfwords(0xE000 | ((START_UP + 0x0C - (OP + 12) - 4) >> 1), NOP)
    code = bytearray(0x500)
    code[OP : OP + 8 + len(literals)] = halfwords(jump, NOP) + literals + like_a_jump
    for start in (CALLED, POINTED, START_UP):
        code[start : start + 4] = halfwords(BX_LR, NOP)
    names = {OP: "op", CALLED: "called", POINTED: "pointed", START_UP: "reset"}
    functions = tuple(CodeFunction(name, start, start + SIZE) for start, name in names.items())
    marks = ((OP, True), (OP + 4, False), (CALLED, True))
    program = ElfProgram(((0, bytes(code)),), functions, (OP,), marks)
    assert [f.name for f in program.inference] == ["op", "called", "pointed"]
