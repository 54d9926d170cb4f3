"""What the engine's benchmark calls a regression."""

from __future__ import annotations

import json

import pytest

from benchmarks.engine.emulate import check_counts
from benchmarks.engine.run import EVERY, NAMES, TABLE, Row, regressions, remarks
from micronas.latency.counts.classes import ClassCounts

OLD: Row = {
    "instructions": 100,
    "arena_bytes": 8,
    "constant_bytes": 8,
    "code_bytes": 8,
    "stack_bytes": 8,
    "per_op": [60, 40],
    "cycles_0ws": 150,
    "per_op_cycles_0ws": [90, 60],
    "cycles_5ws": 200,
    "per_op_cycles_5ws": [120, 80],
}


def test_more_instructions_in_fewer_cycles_are_no_regression() -> None:
    better: Row = {
        **OLD,
        "instructions": 120,
        "per_op": [80, 40],
        "cycles_5ws": 190,
        "per_op_cycles_5ws": [110, 80],
    }
    assert regressions("k", better, {"k": OLD}) == []
    assert remarks("k", better, {"k": OLD}) == ["k: instructions 100 -> 120 (not guarded)"]


def test_more_cycles_are_one_even_with_fewer_instructions() -> None:
    worse: Row = {**OLD, "instructions": 90, "cycles_5ws": 210, "per_op_cycles_5ws": [130, 80]}
    assert regressions("k", worse, {"k": OLD}) == [
        "k: cycles_5ws 200 -> 210",
        "k: op 0 120 -> 130 cycles_5ws",
    ]


def test_without_cycles_instructions_are_guarded() -> None:
    plain = {name: value for name, value in OLD.items() if "cycles" not in name}
    worse: Row = {**plain, "instructions": 101, "per_op": [61, 40]}
    assert regressions("k", worse, {"k": plain}) == [
        "k: instructions 100 -> 101",
        "k: op 0 60 -> 61 instructions",
    ]


def test_bytes_are_guarded_as_ever() -> None:
    assert regressions("k", {**OLD, "arena_bytes": 9}, {"k": OLD}) == ["k: arena_bytes 8 -> 9"]


def test_instructions_by_the_log_that_the_counter_does_not_see_are_an_error() -> None:
    """A log with the instructions after the last op would make that op dear."""
    check_counts((519, 40), (ClassCounts(insn=526), ClassCounts(insn=35)))
    with pytest.raises(RuntimeError, match="op 1: 40 instructions by the counter, 7038 by the log"):
        check_counts((519, 40), (ClassCounts(insn=526), ClassCounts(insn=7038)))


def test_one_command_repeats_every_line_of_the_table() -> None:
    """What has no such form (no chain of ops by rows) has no line."""
    possible = {variant.key(name) for variant in EVERY for name in NAMES}
    committed = set(json.loads(TABLE.read_text()))
    assert committed <= possible
    without_rows = {key for key in possible - committed if "by rows" not in key}
    assert without_rows == set()
