"""Keeps TensorFlow's C++ log off the user's terminal without losing messages that explain a failure."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import tempfile
from collections.abc import Iterator
from typing import IO, Any


class Captured:
    """Text written to the standard error descriptor during the capture."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def text(self) -> str:
        """Everything captured so far."""
        self._file.flush()
        self._file.seek(0)
        return self._file.read().decode("utf-8", "replace")


@contextlib.contextmanager
def captured_stderr() -> Iterator[Captured]:
    """Redirects file descriptor 2 to a temporary file, because C++ code does not use ``sys.stderr``.

    The redirection affects the whole process, so messages of other threads are captured too.
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


class _Refusal:
    """A finder of modules that finds none, and refuses those of ``packages``."""

    def __init__(self, packages: tuple[str, ...]) -> None:
        self._packages = packages

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        """See ``importlib.abc.MetaPathFinder``."""
        if name.startswith(self._packages):
            raise ImportError(f"{name} is left out here", name=name)


@contextlib.contextmanager
def _left_out(*packages: str) -> Iterator[None]:
    """Imports inside fail for modules whose names begin so."""
    refusal = _Refusal(packages)
    sys.meta_path.insert(0, refusal)
    try:
        yield
    finally:
        sys.meta_path.remove(refusal)


def import_tensorflow(*, gpu: bool = False) -> Any:
    """The ``tensorflow`` module, imported without start-up messages; from Python it logs only errors.

    ``gpu`` leaves the GPUs visible; it counts only where TensorFlow is imported for the first time. Keras is
    not imported with it: that takes as long again, and a worker that trains does not use it. ``import keras``
    works afterwards.
    """
    if "tensorflow" not in sys.modules:
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
        with captured_stderr():
            # TensorFlow imports Keras if it is there.
            with contextlib.nullcontext() if "keras" in sys.modules else _left_out("keras."):
                import tensorflow as tf

            # Networks this small train faster without a GPU. TensorFlow reports a missing GPU as an error
            # when it lists devices, so the GPU is disabled here, before anything runs.
            if not gpu:
                tf.config.set_visible_devices([], "GPU")
    for name in ("tensorflow", "absl"):
        logging.getLogger(name).setLevel(logging.ERROR)
    return sys.modules["tensorflow"]
