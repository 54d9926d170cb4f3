"""An image of ``host.forking`` whose import takes longer than any test waits.

``SLOW_IMPORT`` switches that on. ``MARKS`` is the folder of the files by which processes say where they are.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from micronas.search.evaluation.task import Evaluate


def native_work() -> None:
    """Many minutes inside one call of native code, which no handler of Python's interrupts."""
    hashlib.pbkdf2_hmac("sha512", b"password", b"salt", 2**31 - 1)


def mark(name: str) -> None:
    """The id of this process in the file ``name``, as a whole or not at all."""
    folder = Path(os.environ["MARKS"])
    draft = folder / f"{name}.part"
    draft.write_text(str(os.getpid()))
    draft.rename(folder / name)


def busy_factory() -> Evaluate:
    """A worker that starts, and loads its data."""
    mark("starting")
    native_work()
    raise AssertionError("no test waits for the end of it")


if "SLOW_IMPORT" in os.environ:
    mark("importing")
    native_work()
