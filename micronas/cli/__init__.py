"""The command line: one file per verb, all heavy imports inside the verbs."""

from micronas.cli.app import main

__all__ = ["main"]
