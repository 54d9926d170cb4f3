"""Images in class folders: one report for all that is wrong, and nothing done silently."""

import numpy as np
import pytest

from micronas.config import DataConfig
from micronas.data import load
from micronas.errors import DataError

Image = pytest.importorskip("PIL.Image", reason="Pillow is not installed")


def picture(path, size=(6, 5), mode="L", seed=0):
    width, height = size
    shape = (height, width) if mode == "L" else (height, width, 3)
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, shape).astype(np.uint8)
    Image.fromarray(pixels).save(path)
    return pixels


@pytest.fixture
def root(tmp_path):
    for label in ("cat", "ant", "Bee"):
        for i in range(8):
            picture(tmp_path / label / f"{i}.png", seed=i + 100 * len(label))
    return tmp_path


def test_classes_are_sorted_and_pixels_survive(root):
    pixels = picture(root / "ant" / "0.png", seed=77)
    (root / ".cache").mkdir()
    (root / "ant" / ".hidden.png").write_bytes(b"rubbish")
    data = load(DataConfig(name="folder", path=root))
    assert data.class_names == ("Bee", "ant", "cat")
    assert data.input_shape == (5, 6, 1)
    test = data.test.unseal("to find one picture among all parts")
    parts = [data.train, data.validation, test]
    everything = np.concatenate([p.x for p in parts])
    labels = np.concatenate([p.y for p in parts])
    found = np.flatnonzero((np.round(everything[..., 0] * 255) == pixels).all(axis=(1, 2)))
    assert labels[found].tolist() == [1]
    assert data.notes == ()


def test_every_bad_file_is_named_at_once(root):
    (root / "cat" / "3.png").write_bytes(b"no image")
    (root / "ant" / "1.png").write_bytes(b"")
    (root / "Bee" / "2.png").write_text("version https://git-lfs.github.com/spec/v1\n")
    good = (root / "cat" / "4.png").read_bytes()
    (root / "cat" / "4.png").write_bytes(good[: len(good) // 2])
    with pytest.raises(DataError) as error:
        load(DataConfig(name="folder", path=root))
    for words in (
        "4 damaged",
        "cat/3.png (not an image)",
        "ant/1.png (empty file)",
        "Bee/2.png (a Git LFS pointer)",
        "cat/4.png (",
    ):
        assert words in str(error.value)


def test_bad_files_can_be_left_out_and_it_is_said(root):
    (root / "cat" / "3.png").write_bytes(b"no image")
    data = load(DataConfig(name="folder", path=root, options={"skip_bad": True}))
    assert len(data.train) + len(data.validation) + len(data.test) == 23
    assert "cat/3.png" in data.notes[0]


def test_mixed_sizes_and_channels_are_refused_or_converted_and_said(root):
    picture(root / "cat" / "0.png", size=(9, 9))
    picture(root / "ant" / "0.png", mode="RGB")
    with pytest.raises(DataError, match="22 of 5 x 6 x 1, 1 of") as error:
        load(DataConfig(name="folder", path=root))
    assert "9 x 9 x 1" in str(error.value)
    assert "5 x 6 x 3" in str(error.value)
    options = {"height": 5, "width": 6, "channels": 1}
    data = load(DataConfig(name="folder", path=root, options=options))
    assert data.input_shape == (5, 6, 1)
    assert data.notes == ("1 image resized to 5 x 6, bilinear", "1 image converted to 1 channel")


def test_empty_class_folders_are_refused_by_name(root):
    (root / "dog").mkdir()
    (root / "eel").mkdir()
    (root / "eel" / "notes.txt").write_text("later")
    with pytest.raises(DataError, match="without images: dog, eel"):
        load(DataConfig(name="folder", path=root))


def test_a_folder_without_classes_is_refused(tmp_path):
    picture(tmp_path / "0.png")
    with pytest.raises(DataError, match="no class folders"):
        load(DataConfig(name="folder", path=tmp_path))


def test_the_split_does_not_depend_on_the_listing_order(root, monkeypatch):
    from pathlib import Path

    straight = load(DataConfig(name="folder", path=root))
    listing = Path.iterdir
    monkeypatch.setattr(Path, "iterdir", lambda self: iter(sorted(listing(self), reverse=True)))
    backwards = load(DataConfig(name="folder", path=root))
    assert (straight.train.x == backwards.train.x).all()
    assert (straight.validation.y == backwards.validation.y).all()


@pytest.mark.parametrize("size", [480_000, 2_000])
def test_sizes_beyond_every_board_are_refused_before_they_are_allocated(root, size):
    options = {"height": size, "width": size, "channels": 3}
    with pytest.raises(DataError, match=f"images of {size} x {size} x 3 values are too large"):
        load(DataConfig(name="folder", path=root, options=options))
