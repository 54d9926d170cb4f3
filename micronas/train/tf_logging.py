"""Keeps TensorFlow's C++ chatter off the user's terminal without losing what explains a failure."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import tempfile
from collections.abc import Iterator
from typing import IO, Any


class Captured:
    """What was written to the standard error descriptor meanwhile."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def text(self) -> str:
        """Everything captured so far."""
        self._file.flush()
        self._file.seek(0)
        return self._file.read().decode("utf-8", "replace")


@contextlib.contextmanager
def captured_stderr() -> Iterator[Captured]:
    """Redirects file descriptor 2 into a temporary file: C++ code does not ask ``sys.stderr``.

    The redirection is of the whole process, so other threads' messages of that time are kept back too.
    """
    sys.stderr.flush()
    saved = os.dup(2)
    with tempfile.TemporaryFile() as file:
        os.dup2(file.fileno(), 2)
        try:
            yield Captured(file)
        finally:
            sys.stderr.flush()
            os.dup2(saved, 2)
            os.close(saved)


def import_tensorflow() -> Any:
    """The ``tensorflow`` module, imported without its greetings and with errors only from Python."""
    if "tensorflow" not in sys.modules:
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
        with captured_stderr():
            import tensorflow as tf

            # Networks this small train faster without a GPU, and a machine without one is reported as an
            # error when devices are listed: that is done here, before anything runs.
            tf.config.set_visible_devices([], "GPU")
    for name in ("tensorflow", "absl"):
        logging.getLogger(name).setLevel(logging.ERROR)
    return sys.modules["tensorflow"]
