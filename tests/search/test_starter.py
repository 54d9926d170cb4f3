"""The configuration that ``micronas init`` writes: what it says of the features of recordings."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import yaml

from micronas.board import load_board
from micronas.config import DataConfig
from micronas.data.dataset import DataKind, Dataset, DataSplit, SealedTest
from micronas.data.front_end.options import front_end_of
from micronas.model.front_end import FrontEnd
from micronas.search.starter import Constraints, starter_text
from tests.support.raw_words import FILE

SPLIT = DataSplit(np.zeros((2, 24, 20, 1), np.float32), np.arange(2))
WORDS = Dataset(
    "words", DataKind.SPECTROGRAM, SPLIT, SPLIT, SealedTest(SPLIT), FILE.labels, (0.0, 1.0), FILE.front_end
)  # fmt: skip


def written(dataset: Dataset) -> str:
    data = DataConfig(name="audio_folder", path=Path("words"))
    board = load_board("nucleo_f446re")
    return starter_text("nucleo_f446re", board, data, dataset, Constraints(128, 64, 512, 128))


def test_every_option_that_is_proposed_for_recordings_works() -> None:
    text = written(WORDS)
    proposed = re.findall(r"^#   ((?:[a-z_]+: [a-z]+(?:, )?)+)", text, re.MULTILINE)
    options = [yaml.safe_load("{" + line + "}") for line in proposed]
    made = [front_end_of(option, 16000).front_end for option in options]
    assert [(front.name, front.version) for front in made] == [("mfcc", 1), ("micro", 1), ("logmel", 2)]
    assert yaml.safe_load(text)["data"] == {"name": "audio_folder", "path": "words"}


def test_other_data_get_no_options_of_recordings() -> None:
    assert "front_end" not in written(replace(WORDS, front_end=FrontEnd("image", 1)))
