"""Recordings in class folders: rates, lengths, formats, and one report for all that is wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from micronas.config import DataConfig
from micronas.config.schema import Option
from micronas.data import DataKind, Dataset, Task, load
from micronas.data.sources.audio_file import read_audio
from micronas.data.sources.audio_folder import cut_signal
from micronas.errors import DataError
from tests.support.recordings import tone, write_audio, write_words

pytest.importorskip("soundfile", reason="soundfile is not installed")
pytest.importorskip("soxr", reason="soxr is not installed")


def loaded(root: Path, **options: Option) -> Dataset:
    return load(DataConfig(name="audio_folder", path=root, options={"clip_s": 0.5, **options}))


def everything(data: Dataset) -> list[str]:
    test = data.test.unseal("to name the samples of all parts")
    return sorted([*data.train.origins, *data.validation.origins, *test.origins])


def test_tones_become_spectrograms_whose_loudest_band_is_theirs(tmp_path: Path) -> None:
    data = loaded(write_words(tmp_path), bands=20)
    assert data.kind is DataKind.SPECTROGRAM
    assert data.class_names == ("high", "low")
    assert data.input_shape == (24, 20, 1)  # (4000 - 240) / 160 + 1 frames
    assert data.front_end.parameters["rate_hz"] == 8000
    bands = data.train.x.mean(axis=(1, 3)).argmax(axis=1)
    assert bands[data.train.y == 0].min() > bands[data.train.y == 1].max()
    assert data.notes == ()


def test_the_front_end_is_an_option(tmp_path: Path) -> None:
    data = loaded(write_words(tmp_path), front_end="micro", hop_ms=10)
    assert (data.front_end.name, data.front_end.version) == ("micro", 1)
    assert (data.input_shape, data.input_range) == ((48, 40, 1), (0.0, 26.0))
    high, low = (data.train.x[data.train.y == y].mean(axis=(0, 1, 3)) for y in (0, 1))
    assert high.argmax() > low.argmax()
    with pytest.raises(DataError, match="'mel_scale' is not for the front end micro"):
        loaded(tmp_path, front_end="micro", mel_scale="slaney")


def test_a_speaker_is_in_one_part_only(tmp_path: Path) -> None:
    data = loaded(write_words(tmp_path), groups="(amy[0-9]+)_")
    assert data.group_names == tuple(f"amy{i}" for i in range(6))
    test = data.test.unseal("to compare the speakers of the parts")
    speakers = [
        {name.split("/")[1].split("_")[0] for name in part.origins}
        for part in (data.train, data.validation, test)
    ]
    assert not speakers[0] & speakers[1]
    assert not speakers[0] & speakers[2]
    assert not speakers[1] & speakers[2]


def test_other_rates_are_resampled_and_said(tmp_path: Path) -> None:
    root = write_words(tmp_path)
    write_audio(root / "low" / "amy0_0.wav", tone(400, 44_100, seed=1), 44_100)
    write_audio(root / "low" / "amy1_1.wav", tone(400, 16_000, seed=2), 16_000)
    data = loaded(root)
    assert "recordings resampled to 8,000 Hz: 1 of 16,000 Hz, 1 of 44,100 Hz" in data.notes
    signal = read_audio(root / "low" / "amy0_0.wav", 8000)
    spectrum = np.abs(np.fft.rfft(signal.astype(float) * np.hanning(len(signal))))
    assert np.fft.rfftfreq(len(signal), 1 / 8000)[spectrum.argmax()] == pytest.approx(400, abs=4)
    assert np.abs(signal).max() == pytest.approx(0.42 * 32768, rel=0.1)


@pytest.mark.parametrize("suffix", [".flac", ".ogg"])
def test_other_formats_are_read_as_wav_is(tmp_path: Path, suffix: str) -> None:
    data = loaded(write_words(tmp_path / "a", suffix=suffix))
    as_wav = loaded(write_words(tmp_path / "b"))
    assert data.train.x.shape == as_wav.train.x.shape
    if suffix == ".flac":  # without loss
        assert np.abs(data.train.x - as_wav.train.x).max() < 0.01


def test_channels_are_averaged(tmp_path: Path) -> None:
    root = write_words(tmp_path)
    signal = tone(400, seed=9)
    write_audio(root / "low" / "amy0_0.wav", np.stack([signal, 0 * signal], axis=1))
    assert "1 recording of several channels averaged to one" in loaded(root).notes
    assert np.abs(read_audio(root / "low" / "amy0_0.wav", 8000) - np.rint(signal * 16384)).max() <= 1


def test_every_bad_file_is_named_at_once_and_may_be_left_out(tmp_path: Path) -> None:
    root = write_words(tmp_path)
    (root / "low" / "amy0_0.wav").write_bytes(b"")
    (root / "low" / "amy1_1.wav").write_text("version https://git-lfs.github.com/spec/v1\n")
    (root / "high" / "amy2_2.wav").write_bytes(b"RIFF\x00\x00\x00\x00nothing of the kind")
    write_audio(root / "high" / "amy3_3.wav", np.zeros(0, np.float32))
    with pytest.raises(DataError) as error:
        loaded(root)
    for words in (
        "4 damaged files",
        "low/amy0_0.wav (empty file)",
        "low/amy1_1.wav (a Git LFS pointer)",
        "high/amy2_2.wav (not readable as audio",
        "high/amy3_3.wav (no samples)",
    ):
        assert words in str(error.value)
    data = loaded(root, skip_bad=True)
    assert len(everything(data)) == 20
    assert data.notes[0].startswith("4 damaged files skipped")


def test_a_file_that_ends_before_its_header_says_is_said(tmp_path: Path) -> None:
    root = write_words(tmp_path / "words")
    whole = (root / "low" / "amy0_0.wav").read_bytes()
    (root / "low" / "amy0_0.wav").write_bytes(whole[: len(whole) // 2])
    streamed = bytearray(whole)  # as of a recorder that cannot go back to its header
    streamed[4:8] = streamed[40:44] = b"\xff" * 4
    (root / "low" / "amy0_6.wav").write_bytes(streamed)
    data = load(DataConfig(name="audio_folder", path=root, options={"clip_s": 0.5}))
    assert [note for note in data.notes if "cut short" in note] == [
        "1 file cut short: less audio than the header says: low/amy0_0.wav"
    ]


def test_a_folder_of_damaged_files_only_is_not_told_to_skip_them(tmp_path: Path) -> None:
    for label in ("high", "low"):
        (tmp_path / label).mkdir()
        (tmp_path / label / "a.wav").write_bytes(b"RIFF")
    with pytest.raises(DataError, match=r"none of the recordings can be read: high/a\.wav") as error:
        load(DataConfig(name="audio_folder", path=tmp_path))
    assert error.value.remedy == "repair or replace these files"


def test_long_recordings_are_cut_and_stay_in_one_part(tmp_path: Path) -> None:
    for name, hz in (("fan", 300.0), ("pump", 900.0)):
        for i in range(6):
            write_audio(tmp_path / name / f"{i}.wav", tone(hz, seconds=1.7, seed=i))
    data = loaded(tmp_path)
    assert len(everything(data)) == 36  # three whole clips each; 0.2 s is too short for another
    assert "12 recordings cut into 36 clips of 0.5 s" in data.notes
    assert "the rest of 12 recordings, too short for a clip, skipped" in data.notes
    files = [{name.split(" at ")[0] for name in part.origins} for part in (data.train, data.validation)]
    assert not files[0] & files[1]


def test_clips_of_a_signal_by_hand() -> None:
    signal = np.arange(10, dtype=np.int16)
    assert [c.tolist() for c in cut_signal(signal, 4, 4)[0]] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 0, 0]]
    assert [c.tolist() for c in cut_signal(signal[:9], 4, 4)[0]] == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert cut_signal(signal, 4, 3)[1] == [0, 3, 6]
    assert [c.tolist() for c in cut_signal(signal[:2], 4, 4)[0]] == [[0, 1, 0, 0]]


def test_a_train_and_test_layout_is_the_split(tmp_path: Path) -> None:
    write_words(tmp_path / "train")
    for number, (name, hz) in enumerate((("high", 2100.0), ("low", 420.0))):
        for i in range(3):
            write_audio(tmp_path / "test" / name / f"bob_{i}.wav", tone(hz, seed=900 + 10 * number + i))
    data = loaded(tmp_path)
    assert data.class_names == ("high", "low")
    test = data.test.unseal("to compare with the folder")
    assert all(name.startswith("test/") for name in test.origins)
    assert len(test) == 6
    assert "the split is that of the folders (24 training files, 6 test files)" in data.notes


def test_a_normal_class_makes_it_anomaly_detection(tmp_path: Path) -> None:
    for name, count in (("normal", 20), ("worn", 6)):
        for i in range(count):
            write_audio(tmp_path / name / f"{i}.wav", tone(300.0 if name == "normal" else 2000.0, seed=i))
    data = loaded(tmp_path, normal="normal")
    assert data.task is Task.DETECT_ANOMALIES
    assert set(data.train.y) == {0}


def test_public_anomaly_sets_have_their_anomalies_in_the_test_folder(tmp_path: Path) -> None:
    for part, name, count in (("train", "normal", 20), ("test", "normal", 6), ("test", "anomaly", 6)):
        for i in range(count):
            signal = tone(300.0 if name == "normal" else 2000.0, seed=i + 100 * (part == "test"))
            write_audio(tmp_path / part / name / f"{i}.wav", signal)
    data = loaded(tmp_path, normal="normal")
    test = data.test.unseal("to count the anomalies of the parts")
    assert set(data.train.y) == {0}
    assert [int(part.y.sum()) for part in (data.validation, test)] == [3, 3]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"rate_hz": 10}, "'rate_hz' must be a whole number from 1000"),
        ({"high_hz": 6000}, "low_hz 20 to high_hz 6000 is not a range of frequencies at 8000 Hz"),
        ({"clip_s": -1}, "'clip_s' must be a number above 0, not -1"),
        ({"clip_s": 0.01}, "shorter than one window of 240 samples"),
        ({"groups": "("}, "is not a regular expression"),
        ({"groups": "amy"}, "has no group in parentheses"),
        ({"groups": "(bob)_"}, "matches no part of: high/amy0_0.wav"),
        ({"classes": ["high", "low", "mid"]}, "lists folders that do not exist: mid"),
        ({"classes": ["high"]}, "only one class: 'high'"),
        ({"clip": 1}, "no such options: 'clip'"),
    ],
)
def test_options_that_cannot_be_are_refused(tmp_path: Path, options: dict[str, Option], words: str) -> None:
    with pytest.raises(DataError) as error:
        loaded(write_words(tmp_path), **options)
    assert words in str(error.value)
