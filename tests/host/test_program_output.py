"""Another program's output in a message is short, and a terminal does not obey it."""

from __future__ import annotations

from micronas.host.program_output import exit_text, shown


def test_control_characters_are_escaped_and_lines_kept() -> None:
    assert shown("a\x1b[2Jb\r\x07\nc\u202e") == "a\\x1b[2Jb\\r\\x07\nc\\u202e"


def test_a_long_line_keeps_its_beginning_and_end() -> None:
    text = shown("begin" + "x" * 4_000_000 + "end", 100)
    assert text.startswith("begin")
    assert text.endswith("end")
    assert "[3999908 characters left out]" in text
    assert len(text) < 150


def test_how_a_process_ended() -> None:
    assert [exit_text(code) for code in (0, 3, -9, None)] == [
        *("exit code 0", "exit code 3", "signal 9", "still running")
    ]
