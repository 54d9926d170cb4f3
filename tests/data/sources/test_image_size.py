"""The size that ``init`` proposes for pictures: that of most of them, not of the first."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from micronas.data.sources.image_size import common_shape
from micronas.data.sources.recognise import recognise
from micronas.errors import DataError


def write(folder: Path, sizes: list[tuple[int, int]], mode: str = "RGB") -> list[Path]:
    """Pictures of ``sizes`` (width, height)."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{number:02}.png" for number in range(len(sizes))]
    for path, size in zip(paths, sizes, strict=True):
        Image.new(mode, size).save(path)
    return paths


def test_a_tiny_first_picture_does_not_decide(tmp_path: Path) -> None:
    assert common_shape(write(tmp_path, [(1, 1), *[(40, 30)] * 19])) == (30, 40, 3)


def test_nine_of_ten_are_not_enlarged(tmp_path: Path) -> None:
    files = write(tmp_path, [(side, 2 * side) for side in range(20, 40)])
    assert common_shape(files) == (44, 22, 3)


def test_large_ones_are_read_at_96(tmp_path: Path) -> None:
    assert common_shape(write(tmp_path, [(400, 300)] * 3)) == (96, 96, 3)


def test_grey_if_most_are(tmp_path: Path) -> None:
    grey = write(tmp_path / "grey", [(8, 8)] * 3, "L")
    assert common_shape([*grey, *write(tmp_path / "colour", [(8, 8)] * 2)]) == (8, 8, 1)
    assert common_shape([*grey[:2], *write(tmp_path / "colour", [(8, 8)] * 2)]) == (8, 8, 3)


def test_a_picture_on_its_side_is_turned(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (40, 30)).save(tmp_path / "a.jpg", exif=exif)
    assert common_shape([tmp_path / "a.jpg"]) == (40, 30, 3)


def test_damaged_and_hidden_files_do_not_decide(tmp_path: Path) -> None:
    write(tmp_path / "cat", [(40, 30)] * 3)
    (tmp_path / "cat" / ".00.png").write_bytes(b"written by another system")
    (tmp_path / "cat" / "000.png").write_bytes(b"")
    assert recognise(tmp_path).options == {"height": 30, "width": 40, "channels": 3}


def test_no_picture_at_all_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"x")
    with pytest.raises(DataError, match="none of 1 files can be read as an image"):
        common_shape([tmp_path / "a.png"])
