"""Pictures of their own size that a device does not take: the message names one and counts them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from micronas.config import DataConfig
from micronas.data.evaluation import Evaluation, evaluation
from micronas.data.front_end.file import front_end_file
from micronas.deploy.device_accuracy.run import raw_samples
from micronas.errors import DataError


def pictures(root: Path, sides: list[int]) -> DataConfig:
    rng = np.random.default_rng(0)
    for name in ("cat", "dog"):
        (root / name).mkdir(parents=True)
        for number, side in enumerate(sides):
            pixels = rng.integers(0, 255, (side, side, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(root / name / f"{number:02}.png")
    return DataConfig(name="image_folder", path=root, options={"height": 16, "width": 16, "channels": 3})


def chosen(config: DataConfig) -> Evaluation:
    return evaluation(config, "validation", 4, "")


def test_one_that_is_too_small_is_named_and_all_are_counted(tmp_path: Path) -> None:
    given = chosen(pictures(tmp_path, [15] * 20))
    with pytest.raises(DataError) as refusal:
        raw_samples(front_end_file(given.dataset), given)
    assert refusal.value.message.startswith(f"{given.chosen.origins[0]}: a picture of 15 x 15 pixels")
    assert "(4 of 4 samples are unsuitable)" in refusal.value.message
    assert "--features" in str(refusal.value)


def test_those_of_a_camera_are_taken(tmp_path: Path) -> None:
    given = chosen(pictures(tmp_path, [40] * 20))
    found = raw_samples(front_end_file(given.dataset), given)
    assert [len(sample) for sample in found] == [8 + 40 * 40 * 3] * 4
