"""Recordings through the "micro" front end in QEMU: no input and no output differs from the training's."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import micronas as mn
from micronas.config import load_config
from micronas.data import load
from micronas.data.front_end.file import front_end_file
from micronas.model.front_end import FILE_NAME, to_json
from micronas.model.graph import Quant
from micronas.model.tflite.writer import write
from tests.support.raw_words import network
from tests.support.recordings import write_words

CONFIG = """\
board: nucleo_f446re
data:
  name: audio_folder
  path: {root}
  options: {{clip_s: 0.5, front_end: micro, bands: 20}}
space: {{name: layerwise}}
"""


@pytest.mark.slow
@pytest.mark.emulator
@pytest.mark.exhaustive
def test_a_device_gets_the_inputs_of_the_training(tmp_path: Path) -> None:
    pytest.importorskip("soundfile", reason="soundfile is not installed")
    config = tmp_path / "words.yaml"
    config.write_text(CONFIG.format(root=write_words(tmp_path / "words")), encoding="utf-8")
    file = front_end_file(load(load_config(config).data))
    assert (file.front_end.name, file.input_shape, file.input_range) == ("micro", (24, 20, 1), (0.0, 26.0))
    graph = network(file, quant=Quant((float(np.float32(26 / 255)),), (-128,)))
    (tmp_path / "model.tflite").write_bytes(write(graph))
    (tmp_path / FILE_NAME).write_text(json.dumps(to_json(file)), encoding="utf-8")
    found = mn.bench(tmp_path / "model.tflite", "nucleo_f446re", data=config, data_samples=4).accuracy
    assert found is not None
    assert found.inputs is not None
    assert (found.inputs.elements, found.inputs.differing) == (4 * 24 * 20, 0)
    assert found.mismatches == 0
    found.require_equal()
