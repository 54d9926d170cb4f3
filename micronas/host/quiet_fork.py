"""Imported by the process that forks: a forked process that gets no work ends silently.

It gets none if the process that asked for it is stopped at that moment, for example by Ctrl-C. Python would
print the traceback of the read that found nothing.
"""

from __future__ import annotations

import sys
from types import TracebackType


def _report(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if not issubclass(kind, EOFError):
        sys.__excepthook__(kind, error, trace)


sys.excepthook = _report
