"""Names of the user's in comments of C."""

from __future__ import annotations

_END = 28


def in_comment(name: str) -> str:
    """``name`` for the inside of a comment: no compiler ends it there or warns about it. Long names lose
    their middle.

    >>> in_comment("conv/*1*/")
    'conv/ *1* /'
    """
    plain = "".join(c if c.isascii() and c.isprintable() else "?" for c in name)
    for pair in ("*/", "/*", "??"):
        while pair in plain:
            plain = plain.replace(pair, f"{pair[0]} {pair[1]}")
    return plain if len(plain) <= 2 * _END + 3 else f"{plain[:_END]}...{plain[-_END:]}"
