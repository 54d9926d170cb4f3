"""Augmentation: stateless, range-keeping, and of the size that its constants say."""

import numpy as np
import pytest

from micronas.data import DataKind, Dataset, DataSplit, FrontEnd, SealedTest, Task
from micronas.data.dataset import Triad

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


def test_spectrograms_are_shifted_along_time_alone():
    x = np.random.default_rng(5).random((64, 40, 20, 1)).astype(np.float32)
    y = augment.mask_and_shift(x, seed(0, 0), 1.0).numpy()
    most = 2  # TIME_SHIFT of 40 frames
    shifts = []
    for sample in range(64):
        shown = ~np.isclose(y[sample], x[sample].mean(), atol=2e-2)  # the rest may be masked
        agree = [
            np.allclose(y[sample][shown], x[sample][np.clip(np.arange(40) + by, 0, 39)][shown])
            for by in range(-most, most + 1)
        ]
        assert sum(agree) == 1, "one shift explains all that is shown, with the edge repeated"
        assert shown.mean() > 0.6
        shifts.append(agree.index(True) - most)
    assert set(shifts) == {-2, -1, 0, 1, 2}


def photographs():
    return np.random.default_rng(4).random((200, 16, 16, 3)).astype(np.float32)


def test_photographs_are_shifted_and_mirrored_only_where_that_is_allowed(monkeypatch):
    for name in ("BRIGHTNESS", "CONTRAST", "CUTOUT"):
        monkeypatch.setattr(augment, name, 0.0)
    x = photographs()
    moved = augment.vary_photograph(x, seed(0, 0), 1.0, mirror=False).numpy()
    turned = augment.vary_photograph(x, seed(0, 0), 1.0, mirror=True).numpy()

    def found(y, picture):
        """Whether ``y`` shows the middle of ``picture`` at one of the shifts of up to 2."""
        middle = picture[4:-4, 4:-4]
        return any(
            np.allclose(y[4 + r : 12 + r, 4 + c : 12 + c], middle, atol=1e-5)
            for r in range(-2, 3)
            for c in range(-2, 3)
        )

    assert all(found(y, picture) for y, picture in zip(moved, x, strict=True))
    plain = np.mean([found(y, picture) for y, picture in zip(turned, x, strict=True)])
    mirrored = np.mean([found(y, picture[:, ::-1]) for y, picture in zip(turned, x, strict=True)])
    assert 0.35 < plain < 0.65
    assert plain + mirrored == 1


def test_a_quarter_of_the_photographs_have_a_hidden_square(monkeypatch):
    for name in ("BRIGHTNESS", "CONTRAST", "CROP"):
        monkeypatch.setattr(augment, name, 0.0)
    x = photographs()
    y = augment.vary_photograph(x, seed(0, 0), 1.0, mirror=False).numpy()
    hidden = ~np.isclose(y, x, atol=1e-5).all(axis=3)
    assert 0.15 < np.mean(hidden.any(axis=(1, 2))) < 0.35
    assert hidden.sum(axis=(1, 2)).max() == 16  # a quarter of the side


def test_photographs_change_in_contrast_and_brightness_each_by_itself(monkeypatch):
    for name in ("CROP", "CUTOUT"):
        monkeypatch.setattr(augment, name, 0.0)
    x = 0.25 + 0.5 * photographs()
    x[0, 0, 0], x[0, 0, 1] = 0.0, 1.0  # the range of the batch, which nothing else reaches
    y = augment.vary_photograph(x, seed(0, 0), 1.0, mirror=False).numpy()
    contrast, brightness = [], []
    for before, after in zip(x[1:].reshape(199, -1), y[1:].reshape(199, -1), strict=True):
        slope, shift = np.polyfit(before - before.mean(), after, 1)
        assert np.allclose(after, shift + slope * (before - before.mean()), atol=1e-4)
        contrast.append(slope - 1)
        brightness.append(shift - before.mean())
    for found, most in ((contrast, augment.CONTRAST), (brightness, augment.BRIGHTNESS)):
        assert 0.9 * most < np.abs(found).max() <= 1.01 * most
        assert abs(np.mean(found)) < 0.2 * most
    assert abs(np.corrcoef(contrast, brightness)[0, 1]) < 0.25


def test_a_stream_varies_in_speed_and_its_sensors_are_turned(monkeypatch):
    monkeypatch.setattr(augment, "jitter", lambda x, seed, strength: x)
    t = np.arange(65, dtype=np.float32) - 32
    x = np.tile(t[np.newaxis, :, np.newaxis, np.newaxis], (100, 1, 1, 3))
    speeds = augment.vary_stream(x, seed(0, 0), 1.0).numpy()[:, 40, 0] / 8
    assert 1 - augment.SPEED <= speeds.min() < 0.93
    assert 1.07 < speeds.max() <= 1 + augment.SPEED
    assert np.allclose(speeds, speeds[:, :1]), "all sensors of a sample at one speed"
    turned = augment.vary_stream(x, seed(0, 0), 1.0, triads=(Triad((0, 1, 2)),)).numpy()[:, 40, 0] / 8
    moved = ~np.isclose(turned, speeds, atol=1e-4).all(axis=1)
    assert 0.35 < moved.mean() < 0.65


def dataset(kind, channels, mirror=False, triads=(), task=Task.CLASSIFY):
    x, y = np.zeros((4, 8, 8, channels), np.float32), np.arange(4) % 2
    split = DataSplit(x, y)
    return Dataset(
        "toy", kind, split, split, SealedTest(split), ("a", "b"), (0.0, 1.0), FrontEnd("none", 1),
        task=task, mirror=mirror, triads=triads,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("given", "expected", "options"),
    [
        (dataset(DataKind.IMAGE, 1), "distort", {}),
        (dataset(DataKind.IMAGE, 1, mirror=True), "vary_photograph", {"mirror": True}),
        (dataset(DataKind.IMAGE, 3), "vary_photograph", {"mirror": False}),
        (dataset(DataKind.IMAGE, 3, mirror=True), "vary_photograph", {"mirror": True}),
        (dataset(DataKind.SPECTROGRAM, 1), "mask_and_shift", {}),
        (dataset(DataKind.STREAM, 3), "vary_stream", {}),
        (
            dataset(DataKind.STREAM, 3, triads=(Triad((0, 1, 2)),)),
            "vary_stream",
            {"triads": (Triad((0, 1, 2)),)},
        ),
        (dataset(DataKind.IMAGE, 3, task=Task.DETECT_ANOMALIES), "", {}),
    ],
)
def test_the_kind_of_data_decides_and_only_classes_without_a_hand_are_mirrored(
    monkeypatch, given, expected, options
):
    called = []
    for name in ("distort", "vary_photograph", "mask_and_shift", "vary_stream"):

        def noted(x, seed, strength, name=name, **named):
            called.append((name, named))
            return x

        monkeypatch.setattr(augment, name, noted)
    augment.augmentation.cache_clear()
    change = augment.augmentation_of(given, 1.0)
    augment.augmentation.cache_clear()
    if change is not None:
        change(given.train.x, seed(0, 0))
    assert called == ([(expected, options)] if expected else [])


def test_a_stream_at_another_speed_keeps_its_middle():
    t = np.arange(65, dtype=np.float32) - 32
    x = np.tile(t[np.newaxis, :, np.newaxis, np.newaxis], (100, 1, 1, 2))
    y = augment._at_speed(x, seed(0, 0), 0.1).numpy()
    assert np.allclose(y[:, 32], 0, atol=1e-4)
    slopes = y[:, 40, 0, 0] / 8
    assert 0.9 <= slopes.min() < 0.93
    assert 1.07 < slopes.max() <= 1.1
    assert np.allclose(y[:, 34] / 2, slopes[:, np.newaxis, np.newaxis], atol=1e-4)


def test_half_of_the_samples_of_a_sensor_are_turned_and_keep_their_length_in_raw_units():
    """Gravity in one direction: a rotation keeps its length and sends it everywhere; channel 1 is no axis."""
    mean, spread = (0.5, -0.25, 0.0), (2.0, 4.0, 1.0)
    raw = np.tile(np.array([0.0, 0.0, 1.0], np.float32), (2000, 4, 1, 1))
    inputs = (raw - mean) / spread
    x = np.insert(inputs, 1, 7.0, axis=3).astype(np.float32)
    x[0, 0, 0, [0, 2, 3]] = 9.0  # so that nothing is clipped
    x[0, 1, 0, [0, 2, 3]] = -9.0
    y = augment.turned(x, seed(0, 0), Triad((0, 2, 3), mean, spread)).numpy()[1:]
    assert (y[..., 1] == 7.0).all()
    after = (y[..., [0, 2, 3]] * spread + mean)[:, :, 0]
    assert np.allclose(np.linalg.norm(after, axis=2), 1.0, atol=1e-4)
    assert np.allclose(after, after[:, :1], atol=1e-4)  # one rotation per sample
    moved = ~np.isclose(after[:, 0], raw[1:, 0, 0], atol=1e-4).all(axis=1)
    assert 0.45 < moved.mean() < 0.55
    assert np.allclose(after[moved, 0].mean(axis=0), 0.0, atol=0.08)  # evenly over all directions
    assert np.allclose((after[moved, 0] ** 2).mean(axis=0), 1 / 3, atol=0.04)


def test_what_a_rotation_sends_out_of_the_range_is_clipped():
    x = np.random.default_rng(3).uniform(-1, 1, (500, 8, 1, 3)).astype(np.float32)
    y = augment.turned(x, seed(0, 0), Triad((0, 1, 2))).numpy()
    assert x.min() <= y.min() < -0.99
    assert 0.99 < y.max() <= x.max()
    varied = augment.vary_stream(x, seed(0, 0), 1.0, triads=(Triad((0, 1, 2)),))
    assert varied.shape == x.shape


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
