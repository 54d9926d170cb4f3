"""The C that shrinks frames against Pillow's resize, which training uses: noise, edges, ramps, odd sizes."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from micronas.codegen.front_end.image import image_tables
from micronas.config import DataConfig
from micronas.data.evaluation import evaluation
from micronas.errors import ModelError
from micronas.model.front_end import FrontEnd
from micronas.model.graph import Quant
from tests.support.front_end_c import build_front_ends, run_front_end

pytestmark = pytest.mark.slow  # the file compiles C many times

FRONT_END = FrontEnd("image", 1, {"height": 12, "width": 10, "channels": 1, "divide_by": 255})
USUAL, OTHER = Quant((float(np.float32(1 / 255)),), (-128,)), Quant((0.0061,), (-21,))
CASES = (((12, 10, 1), USUAL), ((12, 10, 3), USUAL), ((9, 16, 3), OTHER), ((1, 1, 1), USUAL))
FRAMES = ((12, 10), (12, 31), (47, 10), (24, 20), (25, 33), (113, 97), (160, 120))
"""Height and width: no change, one side, a half, odd ratios."""


PACKAGED = {
    "mnist5k": (FrontEnd("grey", 1, {"divide_by": 255}), (28, 28, 1)),
    "digits": (FrontEnd("grey", 1, {"divide_by": 16}), (8, 8, 1)),
}


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    tables = [image_tables(FRONT_END, shape, quant) for shape, quant in CASES]
    tables += [image_tables(front_end, shape, USUAL) for front_end, shape in PACKAGED.values()]
    return build_front_ends(tables, tmp_path_factory.mktemp("image"))


def pictures(height, width, channels):
    """Noise, a ramp, black and white halves, a checkerboard, all white."""
    rng = np.random.default_rng(height * width)
    y, x = np.mgrid[:height, :width]
    plain = [
        rng.integers(0, 256, (height, width)),
        255 * x // max(1, width - 1),
        np.where(y < height // 2, 0, 255),
        np.where((x + y) % 2, 255, 0),
        np.full((height, width), 255),
    ]
    shades = np.stack([np.stack([p, p[::-1], p[:, ::-1]], axis=-1) for p in plain]).astype(np.uint8)
    return shades if channels == 3 else shades[..., :1]


def expected(frames, shape, quant):
    """As micronas/data/sources/image_folder.py and micronas/estimate/accuracy.py do it."""
    image_module = pytest.importorskip("PIL.Image", reason="Pillow is not installed")
    from micronas.data.sources.image_folder import pixels

    images = [image_module.fromarray(f[..., 0] if f.shape[-1] == 1 else f) for f in frames]
    x = np.stack([pixels(image, shape) for image in images])
    q = np.rint(x / np.float32(quant.scale[0])) + quant.zero_point[0]
    return np.clip(q, -128, 127).astype(int).reshape(len(frames), -1)


def raw(frames):
    count, height, width, channels = frames.shape
    head = np.frombuffer(struct.pack("<4H", width, height, channels, 0), np.uint8)
    return np.concatenate([np.tile(head, (count, 1)), frames.reshape(count, -1)], axis=1)


@pytest.mark.parametrize("number", range(len(CASES)))
@pytest.mark.parametrize("channels", [1, 3])
def test_frames_of_every_size_are_as_pillow_shrinks_them(number, channels, program):
    (height, width, target), quant = CASES[number]
    sizes = [(h, w) for h, w in FRAMES if h >= height and w >= width]
    assert len(sizes) > 4
    differing = elements = 0
    for size in sizes:
        frames = pictures(*size, channels)
        got = run_front_end(program, number, raw(frames), step=1)
        want = expected(frames, (height, width, target), quant)
        apart = np.abs(got.astype(int) - want)
        assert apart.max() <= 1, size
        differing, elements = differing + np.count_nonzero(apart), elements + apart.size
    assert differing == 0 if quant is USUAL else differing <= 0.01 * elements  # halves of a step


def test_photographs_are_equal_in_every_bit(program, shared_data):
    with np.load(shared_data / "photos_32.npz", allow_pickle=False) as file:
        frames = file["x"][:200]
    for number in (0, 1):
        got = run_front_end(program, number, raw(frames), step=1)
        assert (got == expected(frames, *CASES[number])).all()


@pytest.mark.parametrize("number", range(len(PACKAGED)))
def test_packaged_digits_are_equal_in_every_bit(number, program):
    """What the source stores, through the C, is what training gets, as int8."""
    given = evaluation(DataConfig(name=list(PACKAGED)[number]), "validation", 200, "")
    frames = np.stack([given.read_raw(i) for i in range(200)])
    assert frames.dtype == np.uint8
    got = run_front_end(program, len(CASES) + number, raw(frames), step=1)
    q = np.rint(given.chosen.x / np.float32(USUAL.scale[0])) - 128
    assert (got == np.clip(q, -128, 127).reshape(200, -1)).all()


def test_a_frame_brighter_than_the_data_saturates(program):
    """255 of a scale of 16 would be 4,064 steps: more than 31 bits in the sum, and the largest input."""
    got = run_front_end(program, len(CASES) + 1, raw(np.full((1, 8, 8, 1), 255, np.uint8)), step=1)
    assert (got == 127).all()


def test_frames_that_do_not_shrink_are_refused(program):
    for size in ((11, 10, 1), (12, 9, 1), (12, 10, 2), (12, 2561, 1)):
        frames = np.zeros((1, *size), np.uint8)
        with pytest.raises(AssertionError):
            run_front_end(program, 0, raw(frames), step=1)


def test_what_has_no_c_is_refused_with_the_reason():
    with pytest.raises(ModelError, match="pictures of 2 channels"):
        image_tables(FRONT_END, (4, 4, 2), USUAL)
    with pytest.raises(ModelError, match=r"scale 0\.0001 is too small"):
        image_tables(FRONT_END, (4, 4, 1), Quant((0.0001,), (0,)))
