"""Leases, failures and quarantine of the boards of a pool."""

from __future__ import annotations

from micronas.search.pool.state import BoardPool


def test_a_board_has_one_lease_and_the_least_used_board_is_next() -> None:
    pool = BoardPool(["a", "b"], quarantine_after=2)
    assert pool.lease(0) == "a"
    assert pool.lease(1) == "b"
    assert pool.lease(2) is None
    pool.release("a")
    pool.succeeded("a")
    assert pool.lease(2, but={"a"}) is None
    pool.release("b")
    assert pool.lease(2) == "b"


def test_failures_in_a_row_quarantine_a_board_and_the_message_says_what_to_do() -> None:
    pool = BoardPool(["a", "b", "c"], quarantine_after=2)
    assert pool.failed("a", "no reply") == ""
    pool.succeeded("a")
    assert pool.failed("a", "no reply") == ""
    said = pool.failed("a", "the port disappeared")
    assert "board a is quarantined after 2 failures in a row, the last one: the port disappeared" in said
    assert "repeated on b, c" in said
    assert "Check its cable" in said
    assert pool.usable == ("b", "c")
    assert pool.boards["a"].failures == 3
    assert pool.failed("a", "again") == "", "said once"


def test_the_last_board_is_not_quarantined() -> None:
    pool = BoardPool(["a", "b"], quarantine_after=1)
    assert pool.failed("a", "dead")
    assert [pool.failed("b", "dead") for _ in range(3)] == ["", "", ""]
    assert pool.usable == ("b",)


def test_a_resumed_search_tries_every_board_again_and_keeps_the_count() -> None:
    pool = BoardPool(["a", "b"], quarantine_after=2, failures={"a": 5})
    assert pool.usable == ("a", "b")
    assert pool.failed("a", "dead") == ""
    assert pool.boards["a"].failures == 6
