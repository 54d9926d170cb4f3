"""The command line: one file per verb, all heavy imports inside the verbs."""

from __future__ import annotations


def main() -> None:
    """Entry point of ``micronas``; Ctrl-C ends it quietly, also while its modules are imported."""
    try:
        from micronas.cli.app import main as run

        run()
    except KeyboardInterrupt:
        raise SystemExit(130) from None


__all__ = ["main"]
