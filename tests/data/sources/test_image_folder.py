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
    for number, label in enumerate(("cat", "ant", "Bee")):
        for i in range(8):
            picture(tmp_path / label / f"{i}.png", seed=i + 100 * number)
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


def test_a_folder_of_damaged_files_only_is_not_told_to_skip_them(root):
    for path in root.rglob("*.png"):
        path.write_bytes(b"no image")
    for options in ({}, {"skip_bad": True}):
        with pytest.raises(DataError, match=r"none of the images can be read: Bee/0\.png") as error:
            load(DataConfig(name="folder", path=root, options=options))
        assert error.value.remedy == "repair or replace these files"


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
    picture(root / "cat" / "1.png", size=(9, 4))
    data = load(DataConfig(name="folder", path=root, options=options))
    assert data.notes[1].startswith("1 image enlarged by that: a device only shrinks")


def test_empty_class_folders_are_refused_by_name(root):
    (root / "dog").mkdir()
    (root / "eel").mkdir()
    (root / "eel" / "notes.txt").write_text("later")
    with pytest.raises(
        DataError, match=r"without images: dog \(empty\), eel \(1 file of other kinds: .txt\)"
    ):
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


def loaded(root, **options):
    return load(DataConfig(name="image_folder", path=root, options=options))


def pictures_of(data):
    """Name -> pixels 0..255 of every sample."""
    test = data.test.unseal("to find pictures among all parts")
    parts = (data.train, data.validation, test)
    return {n: np.rint(255 * x).astype(int) for p in parts for n, x in zip(p.origins, p.x, strict=True)}


def save(root, name, image, **how):
    image.save(root / name, **how)


def test_pictures_as_people_have_them_are_read_as_they_look(tmp_path):
    """One class of plain pictures, one with a picture of every awkward kind, all 4 x 6 and grey 100."""
    for i in range(8):
        picture(tmp_path / "plain" / f"{i}.png", size=(6, 4), seed=i)
    odd = tmp_path / "odd"
    odd.mkdir()
    grey = np.full((4, 6), 100, np.uint8)
    grey[0] = 200  # the first row tells whether it is upright
    colour = np.repeat(grey[..., None], 3, axis=2)
    save(odd, "deep.png", Image.fromarray(grey.astype(np.uint16) * 257))
    save(odd, "deep.tif", Image.fromarray(grey.astype(np.uint16) * 257))
    save(odd, "palette.png", Image.fromarray(colour).quantize(4))
    save(odd, "print.jpg", Image.fromarray(colour).convert("CMYK"), quality=100)
    save(odd, "bits.png", Image.fromarray(np.where(grey > 150, 255, 0).astype(np.uint8)).convert("1"))
    glass = np.dstack([colour, np.full((4, 6), 255, np.uint8)])
    glass[3] = (0, 0, 0, 0)
    save(odd, "glass.png", Image.fromarray(glass))
    save(odd, "plain.webp", Image.fromarray(colour), lossless=True)
    save(odd, "plain.bmp", Image.fromarray(colour))
    turned = Image.fromarray(np.rot90(colour, 1).copy())  # as a camera held upright stores it
    exif = Image.Exif()
    exif[0x0112] = 6
    save(odd, "turned.jpg", turned, exif=exif.tobytes(), quality=100)
    (odd / "more").mkdir()
    save(odd / "more", "deeper.png", Image.fromarray(colour))
    data = loaded(tmp_path, height=4, width=6, channels=1)
    found = {name.removeprefix("odd/"): x[..., 0] for name, x in pictures_of(data).items() if "odd" in name}
    assert len(found) == 10
    for name in ("deep.png", "deep.tif", "palette.png", "print.jpg", "plain.webp", "plain.bmp", "turned.jpg"):
        assert np.abs(found[name] - grey).max() <= 12, name
    assert np.array_equal(found["more/deeper.png"], grey)
    assert set(found["bits.png"].ravel()) == {0, 255}
    assert (found["glass.png"][3] == 255).all()
    assert (found["glass.png"][1] == 100).all()
    notes = " / ".join(data.notes)
    for words in (
        "2 images: 16 bits reduced to 8",
        "1 image: CMYK converted to RGB",
        "1 image: transparency replaced by white",
        "1 image: turned upright (EXIF)",
    ):
        assert words in notes


def test_pixels_of_more_than_sixteen_bits_are_named(root):
    Image.fromarray(np.full((5, 6), 0.5, np.float32)).save(root / "cat" / "deep.tif")
    Image.fromarray(np.full((5, 6), 70_000, np.int32)).save(root / "cat" / "deeper.tif")
    with pytest.raises(DataError) as error:
        loaded(root)
    assert "cat/deep.tif (floating-point pixels" in str(error.value)
    assert "cat/deeper.tif (pixels from 70000 to 70000" in str(error.value)


def test_what_is_left_out_is_counted_and_named(root):
    (root / "cat" / "notes.txt").write_text("x")
    (root / "cat" / "live.heic").write_bytes(b"x")
    (root / "readme.md").write_text("x")
    assert loaded(root).notes == ("3 files of other kinds skipped: readme.md, cat/live.heic, cat/notes.txt",)


def test_a_folder_of_pictures_of_an_unknown_kind_is_not_to_be_deleted(root):
    (root / "dog").mkdir()
    (root / "dog" / "1.heic").write_bytes(b"x")
    with pytest.raises(DataError, match=r"dog \(1 file of other kinds: .heic\)") as error:
        loaded(root)
    assert "delete" not in str(error.value)
    assert "convert images (.bmp" in str(error.value)
    assert loaded(root, classes=["cat", "ant"]).class_names == ("cat", "ant")


def test_groups_come_from_the_names(tmp_path):
    for label in ("cat", "dog"):
        for i in range(12):
            picture(tmp_path / label / f"amy{i % 4}_{i}.png", seed=i + 50 * (label == "dog"))
    data = loaded(tmp_path, groups="(?P<person>amy[0-9])_")
    assert data.group_names == ("amy0", "amy1", "amy2", "amy3")
    assert not set(data.train.groups) & set(data.validation.groups)


def test_train_validation_and_test_folders_are_the_split(tmp_path):
    for number, (part, count) in enumerate((("Train", 4), ("val", 2), ("test", 3))):
        for label in ("cat", "dog"):
            for i in range(count):
                picture(tmp_path / part / label / f"{i}.png", seed=i + 100 * number + 10 * (label == "dog"))
    data = loaded(tmp_path)
    assert (len(data.train), len(data.validation), len(data.test)) == (8, 4, 6)
    assert all(name.startswith("val/") for name in data.validation.origins)


def test_copies_in_several_splits_and_under_two_labels_are_said(root):
    for i in range(8):
        (root / "cat" / f"copy{i}.png").write_bytes((root / "cat" / "0.png").read_bytes())
    (root / "ant" / "cat0.png").write_bytes((root / "cat" / "0.png").read_bytes())
    (note,) = loaded(root).notes
    assert "exact copies of other samples: 9 (1 in more than one split, 1 under more than one label)" in note


@pytest.mark.parametrize("size", [480_000, 2_000])
def test_sizes_beyond_every_board_are_refused_before_they_are_allocated(root, size):
    options = {"height": size, "width": size, "channels": 3}
    with pytest.raises(DataError, match=f"images of {size} x {size} x 3 values are too large"):
        load(DataConfig(name="folder", path=root, options=options))
