"""Named sources, what they promise, and the refusal of what is unfit."""

import pickle

import numpy as np
import pytest

from micronas.config import DataConfig, load_config
from micronas.data import DataKind, load
from micronas.data.load import load_split
from micronas.data.sources.packaged import packaged
from micronas.data.value_range import robust_range
from micronas.errors import DataError
from tests.support.paths import REPOSITORY


def write_npz(path, **changes):
    rng = np.random.default_rng(0)
    arrays = {"x": rng.random((60, 6, 5)).astype(np.float32), "y": np.arange(60) % 3}
    np.savez(path, **{**arrays, **changes})
    return DataConfig(name="npz", path=path)


def test_digits_hold_what_a_data_set_promises():
    data = load(DataConfig(name="digits"))
    assert (len(data.train), len(data.validation), len(data.test)) == (1257, 270, 270)
    assert data.input_shape == (8, 8, 1)
    assert data.class_names == tuple("0123456789")
    assert data.train.x.dtype == np.float32
    assert data.train.y.dtype == np.int64
    assert (data.train.x.min(), data.train.x.max()) == data.input_range
    assert data.majority_baseline == pytest.approx(0.1, abs=0.01)
    assert data.front_end.version == 1


def test_splits_share_no_sample_and_lose_none():
    data = load(DataConfig(name="digits"))
    everything = np.concatenate(
        [data.train.x, data.validation.x, data.test.unseal("to see that the splits are a partition").x]
    )
    expected = packaged("digits")[0].reshape(-1, 64) / 16
    assert sorted(map(bytes, everything.reshape(-1, 64))) == sorted(map(bytes, expected.astype(np.float32)))


def test_the_test_split_counts_who_looks_and_stays_home():
    data = load(DataConfig(name="digits"))
    assert data.test.touches == ()
    assert len(data.test.unseal("final report")) == 270
    assert data.test.touches == ("final report",)
    with pytest.raises(ValueError, match="reason"):
        data.test.unseal(" ")
    with pytest.raises(TypeError, match="sealed"):
        pickle.dumps(data)


def test_arrays_cannot_be_changed():
    data = load(DataConfig(name="digits"))
    with pytest.raises(ValueError, match="read-only"):
        data.train.x[0] = 1


def test_calibration_draws_all_classes_from_training():
    data = load(DataConfig(name="digits"))
    drawn = data.calibration(50, seed=1)
    index = {bytes(x): y for x, y in zip(data.train.x, data.train.y, strict=True)}
    labels = [index[bytes(x)] for x in drawn]
    assert np.bincount(labels).tolist() == [5] * 10


def test_an_unknown_source_names_the_nearest():
    with pytest.raises(DataError, match="mnist5k") as error:
        load(DataConfig(name="mnist"))
    assert "did you mean 'mnist5k'" in str(error.value)


def test_an_unknown_option_names_the_nearest(tmp_path):
    config = DataConfig(name="folder", path=tmp_path, options={"hight": 3})
    with pytest.raises(DataError) as error:
        load(config)
    assert "'hight'" in str(error.value)
    assert "'height'" in str(error.value)


def test_an_npz_of_floats_keeps_its_values(tmp_path):
    data = load(write_npz(tmp_path / "a.npz"))
    assert data.input_shape == (6, 5, 1)
    assert data.kind is DataKind.IMAGE
    assert data.input_range[0] <= data.train.x.min() < data.train.x.max() <= data.input_range[1]


def test_an_npz_stream_becomes_time_by_one_by_channels(tmp_path):
    x = (np.arange(60 * 8 * 3) % 200 - 100).astype(np.int8).reshape(60, 8, 3)
    config = write_npz(tmp_path / "a.npz", x=x)
    data = load(config.model_copy(update={"options": {"kind": "stream", "normalise": False}}))
    assert data.input_shape == (8, 1, 3)
    low, high = data.input_range
    assert (low, high) == (float(data.train.x.min()), float(data.train.x.max()))
    assert {float(v) for v in np.unique(data.train.x)} <= {v / 128 for v in range(-128, 128)}


def test_twelve_bit_counts_in_int16_use_the_whole_range(tmp_path):
    rng = np.random.default_rng(0)
    x = rng.integers(0, 4096, (60, 8, 3)).astype(np.int16)
    config = write_npz(tmp_path / "a.npz", x=x)
    data = load(config.model_copy(update={"options": {"kind": "stream", "normalise": False}}))
    assert data.front_end.parameters["scale"] == 1 / 4096
    low, high = data.input_range
    assert 0.0 <= low < 0.05
    assert 0.95 < high < 1.0
    assert (low, high) == (float(data.train.x.min()), float(data.train.x.max()))
    assert data.notes == ()


def test_full_scale_int16_is_divided_by_the_types_range(tmp_path):
    x = np.random.default_rng(0).integers(-32768, 32768, (60, 8, 3)).astype(np.int16)
    config = write_npz(tmp_path / "a.npz", x=x).model_copy(update={"options": {"kind": "stream"}})
    assert load(config).front_end.parameters["scale"] == 1 / 32768


@pytest.mark.parametrize("dtype", [np.float32, np.int16])
def test_one_outlier_is_named_and_stretches_neither_scale_nor_calibration(tmp_path, dtype):
    x = np.random.default_rng(0).uniform(-100, 100, (60, 640, 3)).astype(dtype)
    config = write_npz(tmp_path / "a.npz", x=x).model_copy(update={"options": {"kind": "stream"}})
    clean = load(config)
    spoilt = x.copy()
    spoilt[:, 0, 0] = 5000  # a glitch in every sample: 0.05 % of the values
    data = load(write_npz(tmp_path / "b.npz", x=spoilt).model_copy(update={"options": {"kind": "stream"}}))
    if dtype == np.float32:
        found, expected = (one.front_end.parameters["spread"] for one in (data, clean))
        assert found == pytest.approx(expected, rel=0.05)
    assert np.ptp(data.input_range) < 4 * np.ptp(clean.input_range)
    calibration = data.calibration(len(data.train), 0)
    assert calibration.max() == pytest.approx(data.input_range[1])
    (note,) = data.notes
    assert "values lie outside" in note


def test_values_of_which_nearly_all_are_equal_keep_their_whole_span():
    sparse = np.zeros(100_000)
    sparse[7] = 3.0
    assert robust_range(sparse) == (0.0, 3.0)


def test_groups_of_an_npz_stay_together(tmp_path):
    groups = np.arange(60) // 5
    config = write_npz(tmp_path / "a.npz", g=groups).model_copy(update={"options": {"groups": "g"}})
    data = load(config)
    in_train, in_validation = set(data.train.groups), set(data.validation.groups)
    in_test = set(data.test.unseal("to compare groups").groups)
    assert in_train | in_validation | in_test == set(range(12))
    assert not in_train & in_validation
    assert not (in_train | in_validation) & in_test


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"x": np.full((60, 6, 5), np.nan, np.float32)}, "NaN or infinite values in 60 samples: 0, 1, 2"),
        ({"x": np.ones((60, 6, 5), np.float32)}, "every value is 1"),
        (
            {"x": 1e9 * np.random.default_rng(0).random((60, 6, 5))},
            r"reach .*e\+0[89] in magnitude.*scale them",
        ),
        ({"x": -1e-9 * np.random.default_rng(0).random((60, 6, 5))}, "reach .*e-10 in magnitude"),
        ({"x": np.zeros((60, 6), np.float32)}, "rank 2"),
        ({"x": np.zeros((59, 6, 5), np.float32)}, "differ in length"),
        ({"x": np.zeros((60, 6, 5), np.complex64)}, "complex64"),
        ({"y": np.zeros(60, np.int64)}, "only one class: '0'"),
        ({"y": np.arange(60) - 1}, "labels -1 outside"),
        ({"y": np.array(["a", "b\nc", "d"])[np.arange(60) % 3]}, r"control characters: 'b\\nc'"),
        ({"y": np.arange(60) % 3 * 2}, r"fewer than two samples: '1' \(0\), '3' \(0\)"),
        ({"y": np.linspace(0, 1, 60)}, "whole numbers"),
        ({"y": np.eye(3)[np.arange(60) % 3] / 2}, r"not one-hot: row 0 is \[0.5"),
        ({"y": np.zeros((60, 2, 2), np.int64)}, r"labels have shape \(60, 2, 2\)"),
    ],
)
def test_unfit_arrays_are_refused_by_name(tmp_path, changes, words):
    with pytest.raises(DataError, match=words):
        load(write_npz(tmp_path / "a.npz", **changes))


def test_files_that_are_not_data_are_refused(tmp_path):
    with pytest.raises(DataError, match="needs a path"):
        load(DataConfig(name="npz"))
    with pytest.raises(DataError, match="data file not found"):
        load(DataConfig(name="npz", path=tmp_path / "none.npz"))
    pointer = tmp_path / "pointer.npz"
    pointer.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 3\n")
    with pytest.raises(DataError, match="LFS pointer"):
        load(DataConfig(name="npz", path=pointer))
    config = write_npz(tmp_path / "cut.npz")
    config.path.write_bytes(config.path.read_bytes()[:-400])
    with pytest.raises(DataError, match="damaged"):
        load(config)
    with pytest.raises(DataError, match="lacks 'g'; its arrays: x, y"):
        load(write_npz(tmp_path / "b.npz").model_copy(update={"options": {"groups": "g"}}))


@pytest.mark.parametrize(
    ("name", "shape", "classes"),
    [
        ("kws_gsc12", (49, 40, 1), 12),
        ("kws_gsc12_mfcc", (49, 10, 1), 12),
        ("har_st", (64, 1, 3), 3),
        ("sign_digits", (64, 64, 1), 10),
        ("fsdd", (49, 32, 1), 10),
    ],
)
@pytest.mark.usefixtures("shared_data")
def test_prepared_sets_split_without_leaks(name, shape, classes):
    data = load(load_config(REPOSITORY / "benchmarks" / "configs" / f"{name}.yaml").data)
    assert data.input_shape == shape
    assert data.n_classes == classes
    parts = [data.train.groups, data.validation.groups, data.test.unseal("to compare groups").groups]
    owners = [set(groups) for groups in parts]
    assert not (owners[0] & owners[1])
    assert not (owners[0] & owners[2])
    assert not (owners[1] & owners[2])


def test_gsc12_folds_are_speaker_disjoint(shared_data):
    with np.load(shared_data / "gsc12_logmel49x40.npz", allow_pickle=False) as file:
        known = file["speaker"] != 255  # 255 has no speaker: background noise
        pairs = {(int(s), int(f)) for s, f in zip(file["speaker"][known], file["fold"][known], strict=True)}
    assert len({speaker for speaker, _ in pairs}) == len(pairs)


def test_logmel_equals_features_computed_elsewhere(shared_data):
    from micronas.data.front_end.logmel import log_mel
    from micronas.model.front_end import LogMel

    with np.load(shared_data / "gsc12_logmel49x40.npz", allow_pickle=False) as file:
        clips, expected = file["raw"][:60], file["logmel"][file["raw_index"][:60]]
    spec = LogMel(16000, window=480, hop=320, fft=512, bands=40, low_hz=20, high_hz=8000)
    ours = log_mel(clips, spec)[..., 0] * 255
    # The stored features are rounded to whole 1/255ths; quiet cells feel float32's log of near zero.
    assert np.mean(np.abs(ours - expected) <= 1.0) > 0.999


def test_mfcc_equals_features_computed_elsewhere(shared_data):
    from micronas.data.front_end.logmel import mfcc
    from micronas.model.front_end import LogMel, Mfcc

    with np.load(shared_data / "gsc12_logmel49x40.npz", allow_pickle=False) as file:
        clips, expected = file["raw"][:60], file["mfcc"][file["raw_index"][:60]].astype(int)
    mel = LogMel(16000, window=480, hop=320, fft=512, bands=40, low_hz=20, high_hz=8000)
    ours = np.clip(1.4 * mfcc(clips, Mfcc(mel, 10))[..., 0], -128, 127)  # stored as int8, times 1.4
    assert np.mean(np.abs(ours - expected) <= 1.0) > 0.999


def test_mfcc_is_the_orthonormal_dct_of_the_logarithms():
    from scipy.fft import dct

    from micronas.data.front_end.logmel import log_mel, mfcc
    from micronas.model.front_end import LogMel, Mfcc

    mel = LogMel(8000, window=200, hop=80, fft=256, bands=24, low_hz=20, high_hz=4000)
    clips = np.random.default_rng(0).integers(-9000, 9000, (3, 1000)).astype(np.int16)
    logarithms = mel.low + log_mel(clips, mel)[..., 0] * (mel.high - mel.low)
    expected = dct(logarithms, type=2, norm="ortho", axis=-1)[..., :13]
    assert np.allclose(mfcc(clips, Mfcc(mel, 13))[..., 0], expected, atol=1e-3)


@pytest.mark.parametrize(
    ("channels", "declared", "expected"),
    [(3, None, True), (1, None, False), (3, False, False), (1, True, True)],
)
def test_colour_pictures_may_be_mirrored_unless_declared_otherwise(tmp_path, channels, declared, expected):
    x = np.random.default_rng(0).integers(0, 256, (60, 6, 5, channels)).astype(np.uint8)
    config = write_npz(tmp_path / "a.npz", x=x).model_copy(update={"mirror": declared})
    assert load(config).mirror is expected


@pytest.mark.parametrize("shape", [(6, 5), (6, 5, 1), (6, 5, 3)])
def test_a_device_gets_the_bytes_of_a_picture(tmp_path, shape):
    x = np.random.default_rng(0).integers(0, 256, (60, *shape), dtype=np.uint8)
    np.savez(tmp_path / "p.npz", x=x, y=np.arange(60) % 3)
    found = load_split(DataConfig(name="npz", path=tmp_path / "p.npz")).samples
    assert found.front_end.name == "image"
    assert (found.raw(7) == x[7].reshape(6, 5, -1)).all()
    assert found.raw(7).dtype == np.uint8


@pytest.mark.parametrize(("dtype", "channels"), [(np.float32, 1), (np.int8, 1), (np.uint8, 2)])
def test_other_arrays_have_a_scale_only(tmp_path, dtype, channels):
    x = np.random.default_rng(0).integers(0, 100, (60, 6, 5, channels)).astype(dtype)
    np.savez(tmp_path / "p.npz", x=x, y=np.arange(60) % 3)
    found = load_split(DataConfig(name="npz", path=tmp_path / "p.npz")).samples
    assert (found.front_end.name, found.raw) == ("scale", None)
