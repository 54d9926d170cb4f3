"""Augmentation: stateless, range-keeping, and of the size that its constants say."""

import numpy as np
import pytest

from micronas.data import DataKind

tf = pytest.importorskip("tensorflow")

from micronas.train import augment  # noqa: E402

SHAPES = {DataKind.IMAGE: (20, 24, 1), DataKind.SPECTROGRAM: (30, 10, 1), DataKind.STREAM: (32, 1, 3)}


def seed(a, b):
    return tf.constant([a, b])


@pytest.fixture(params=list(DataKind), ids=lambda kind: kind.value)
def kind(request):
    return request.param


def test_equal_seeds_give_equal_batches_in_the_range_of_the_input(kind):
    x = np.random.default_rng(0).uniform(-1, 1, (16, *SHAPES[kind])).astype(np.float32)
    change = augment.augmentation(kind, 2.0)
    once, again, other = change(x, seed(1, 2)), change(x, seed(1, 2)), change(x, seed(1, 3))
    assert once.shape == x.shape
    assert np.array_equal(once, again)
    assert not np.array_equal(once, other)
    assert x.min() - 1e-6 <= np.min(once)
    assert np.max(once) <= x.max() + 1e-6


def test_strength_zero_is_none(kind):
    assert augment.augmentation(kind, 0.0) is None


def test_a_spot_moves_no_farther_than_the_distortion_allows():
    side, strength = 29, 1.0
    x = np.zeros((200, side, side, 1), np.float32)
    x[:, 13:16, 13:16] = 1  # at the centre rotation, zoom and shear move nothing
    y = augment.distort(x, seed(0, 0), strength).numpy()[..., 0]
    mass = y.sum(axis=(1, 2))
    rows = (y.sum(axis=2) * np.arange(side)).sum(axis=1) / mass - 14
    limit = (augment.SHIFT + 4 * augment.ELASTIC) * (side - 1) + 1
    assert np.abs(rows).max() < limit
    assert 0.2 * augment.SHIFT * side < rows.std()
    assert abs(rows.mean()) < 0.5


def test_bilinear_against_scipy():
    scipy = pytest.importorskip("scipy.ndimage")
    rng = np.random.default_rng(1)
    x = rng.random((2, 9, 7, 2)).astype(np.float32)
    rows, columns = rng.uniform(-2, 11, (2, 9, 7)), rng.uniform(-2, 9, (2, 9, 7))
    ours = augment.bilinear(x, rows.astype(np.float32), columns.astype(np.float32)).numpy()
    for sample in range(2):
        for channel in range(2):
            expected = scipy.map_coordinates(
                x[sample, ..., channel], [rows[sample], columns[sample]], order=1, mode="nearest"
            )
            assert np.allclose(ours[sample, ..., channel], expected, atol=1e-4)


def test_spectrogram_masks_are_stretches_of_the_mean():
    x = np.random.default_rng(2).random((64, 40, 20, 1)).astype(np.float32)
    y = augment.mask_and_shift(x, seed(0, 0), 0.2).numpy()  # too weak to shift: less than half a frame
    changed = (y != x)[..., 0]
    means = x.mean(axis=(1, 2, 3))
    for sample in range(64):
        assert np.allclose(y[sample][changed[sample]], means[sample], atol=1e-5)
    assert 0 < changed.mean() < 0.2


def test_jitter_scales_channels_apart():
    x = np.zeros((500, 32, 1, 2), np.float32)
    x[:, 8::2], x[:, 9::2] = 0.5, -0.5
    x[:, 0], x[:, 1] = 2.0, -2.0  # the batch's own range, which clips
    y = augment.jitter(x, seed(0, 1), 1.0).numpy()[:, 12:, 0]
    gain = y.std(axis=1) / 0.5
    assert np.abs(gain - 1).max() < augment.GAIN + 0.2
    assert abs(np.corrcoef(gain.T)[0, 1]) < 0.2


def test_jitter_is_in_the_units_of_each_channel_and_leaves_its_offset():
    rng = np.random.default_rng(3)
    x = rng.standard_normal((400, 32, 1, 2)).astype(np.float32) * [1.0, 1000.0] + [50.0, 0.0]
    still = x.astype(np.float32)
    y = augment.jitter(still, seed(0, 1), 0.2).numpy()  # too weak to shift: less than half a step
    changed = (y - still).std(axis=(0, 1, 2))
    assert changed[1] / changed[0] == pytest.approx(1000, rel=0.1)
    assert changed[0] < 0.1
    assert np.abs((y - still)[..., 0].mean(axis=(1, 2))).max() < 0.05  # a gain of 2 % of 50 would be 1
