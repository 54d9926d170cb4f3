"""The Speech Commands archive's layout, from a folder and from a server on this machine."""

from __future__ import annotations

import hashlib
import tarfile
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from micronas.config import DataConfig
from micronas.config.schema import Option
from micronas.data import Dataset, load
from micronas.errors import DataError
from tests.support.recordings import tone, write_audio

pytest.importorskip("soundfile", reason="soundfile is not installed")

WORDS = {"yes": 1800.0, "no": 600.0, "bed": 300.0, "tree": 900.0}
SPEAKERS = 10


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four words by ten speakers and one recording of noise; two speakers each in validation and test."""
    root = tmp_path_factory.mktemp("archive") / "speech_commands"
    for number, (word, hz) in enumerate(WORDS.items()):
        for i in range(SPEAKERS):
            write_audio(root / word / f"{i:08x}_nohash_0.wav", tone(hz, 16_000, 0.9, 20 * number + i), 16_000)
    noise = 0.1 * np.random.default_rng(0).standard_normal(16_000 * 4).astype(np.float32)
    write_audio(root / "_background_noise_" / "fan.wav", noise, 16_000)
    for name, speakers in (("validation_list.txt", (6, 7)), ("testing_list.txt", (8, 9))):
        lines = [f"{word}/{i:08x}_nohash_0.wav" for word in WORDS for i in speakers]
        (root / name).write_text("\n".join(lines) + "\n")
    return root


@pytest.fixture
def server(archive: Path, tmp_path: Path) -> Iterator[str]:
    """Address of the archive as tar.gz, on loopback."""
    served = tmp_path / "served"
    served.mkdir()
    with tarfile.open(served / "words.tar.gz", "w:gz") as tar:
        for path in sorted(archive.iterdir()):
            tar.add(path, path.name)
    (served / "cut.tar.gz").write_bytes((served / "words.tar.gz").read_bytes()[:5000])

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(served))) as http:
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield f"http://127.0.0.1:{http.server_address[1]}"
        http.shutdown()
        thread.join()


def loaded(path: Path, **options: Option) -> Dataset:
    return load(DataConfig(name="speech_commands", path=path, options={"words": ["yes", "no"], **options}))


def test_the_official_split_and_the_two_extra_classes(archive: Path) -> None:
    data = loaded(archive)
    assert data.class_names == ("yes", "no", "silence", "unknown")
    assert data.input_shape == (49, 40, 1)
    test = data.test.unseal("to compare with the lists")
    for part, speakers in ((data.train, range(6)), (data.validation, (6, 7)), (test, (8, 9))):
        words = [n for n in part.origins if not n.startswith("_")]
        assert {int(name.split("/")[1][:8], 16) for name in words if name[:3] in ("yes", "no/")} == set(
            speakers
        )
    everything = np.concatenate([data.train.y, data.validation.y, test.y])
    assert np.bincount(everything).tolist() == [10, 10, 10, 10]  # unknown: as many as an average word has
    assert {name.split("/")[0] for name in data.train.origins} == {
        "yes",
        "no",
        "bed",
        "tree",
        "_background_noise_",
    }


def test_classes_may_be_left_out_and_limited(archive: Path) -> None:
    data = loaded(archive, unknown=False, silence=False, max_per_class=5)
    assert data.class_names == ("yes", "no")
    assert len(data.train) + len(data.validation) + len(data.test) == 10


def test_it_is_downloaded_once_and_proven(archive: Path, server: str, tmp_path: Path) -> None:
    digest = hashlib.sha256((tmp_path / "served" / "words.tar.gz").read_bytes()).hexdigest()
    options: dict[str, Option] = {"download": True, "url": f"{server}/words.tar.gz", "sha256": digest}
    downloaded = loaded(tmp_path / "sets" / "words", **options)
    assert downloaded.digest == loaded(archive).digest
    (tmp_path / "served" / "words.tar.gz").unlink()
    assert loaded(tmp_path / "sets" / "words", **options).digest == downloaded.digest
    assert [p.name for p in (tmp_path / "sets").iterdir()] == ["words"]


@pytest.mark.parametrize(
    ("name", "sha256", "words"),
    [
        ("words.tar.gz", "0" * 64, "not 0000000000000000..."),
        ("gone.tar.gz", "0" * 64, "cannot be downloaded"),
        ("cut.tar.gz", None, "the archive is damaged"),
    ],
)
def test_a_download_that_is_not_right_leaves_nothing(
    server: str, tmp_path: Path, name: str, sha256: str | None, words: str
) -> None:
    path = tmp_path / "served" / name
    digest = sha256 or hashlib.sha256(path.read_bytes()).hexdigest()
    with pytest.raises(DataError, match=words):
        loaded(tmp_path / "sets" / "words", download=True, url=f"{server}/{name}", sha256=digest)
    assert not (tmp_path / "sets" / "words").exists()
    assert not list((tmp_path / "sets").glob("*.download"))


def test_other_folders_are_refused(archive: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such folder"):
        loaded(tmp_path / "none")
    (tmp_path / "yes").mkdir()
    with pytest.raises(DataError, match=r"lacks validation_list.txt.*\n.*audio_folder"):
        loaded(tmp_path)
    with pytest.raises(DataError, match="no folders of the words left"):
        loaded(archive, words=["yes", "left"])
