"""The command line: one file per verb, all heavy imports inside the verbs."""

from __future__ import annotations

import signal

_ASKED_TO_STOP = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))


def main() -> None:
    """Entry point of ``micronas``; Ctrl-C ends it without a traceback, even during imports.

    ``kill``, a service manager and a closed terminal have the same effect: a running uploader or compiler
    ends with its verb, and a search prints how to resume.
    """
    try:
        _stop_as_by_ctrl_c()
        from micronas.cli.app import main as run

        run()
    except KeyboardInterrupt:
        raise SystemExit(130) from None


def _stop_as_by_ctrl_c() -> None:
    for number in _ASKED_TO_STOP:
        if signal.getsignal(number) == signal.SIG_DFL:  # not with nohup, which ignores SIGHUP
            signal.signal(number, signal.default_int_handler)


__all__ = ["main"]
