"""TensorFlow as workers import it: without what they do not use."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from micronas.train.tf_logging import _left_out

_ASKS = """
import sys
from micronas.train.tf_logging import import_tensorflow
tensorflow = import_tensorflow()
assert "keras" not in sys.modules, "a worker that trains does not need it"
assert tensorflow.keras.layers.Dense(1)(tensorflow.ones((1, 2))).shape == (1, 1)
"""


def test_modules_are_left_out_by_their_names_and_only_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("left", "right"):
        (tmp_path / f"{name}_out_for_a_test").mkdir()
        (tmp_path / f"{name}_out_for_a_test" / "__init__.py").touch()
        (tmp_path / f"{name}_out_for_a_test" / "part.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    with _left_out("left_out_for_a_test."):
        importlib.import_module("right_out_for_a_test.part")
        with pytest.raises(ImportError, match="left out here"):
            importlib.import_module("left_out_for_a_test.part")
    importlib.import_module("left_out_for_a_test.part")


@pytest.mark.exhaustive
def test_a_worker_imports_tensorflow_without_keras_and_keras_still_works() -> None:
    pytest.importorskip("tensorflow", reason="TensorFlow is not installed (extra: search)")
    done = subprocess.run([sys.executable, "-c", _ASKS], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
