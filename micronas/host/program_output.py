"""Another program's output as part of a message: bounded, and without control characters."""

from __future__ import annotations

LIMIT = 600
"""Characters of a program's output that a message shows."""


def shown(text: str, limit: int = LIMIT) -> str:
    """``text`` with control characters escaped (``\\x1b``), and its middle left out beyond ``limit``.

    Line breaks stay. The beginning and the end are kept: programs report a cause first or last.
    """
    text = text.strip()
    if len(text) > limit:
        half = limit // 2
        text = f"{text[:half]} [{len(text) - 2 * half} characters left out] {text[-half:]}"
    return "".join(char if char.isprintable() or char == "\n" else _escaped(char) for char in text)


def exit_text(code: int | None) -> str:
    """``exit code 3``, or ``signal 9`` for a process that a signal ended (``Popen.returncode``)."""
    if code is None:
        return "still running"
    return f"signal {-code}" if code < 0 else f"exit code {code}"


def _escaped(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")
