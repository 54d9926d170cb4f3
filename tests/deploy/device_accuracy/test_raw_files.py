"""From raw files to accuracy through the C front end in QEMU, for each kind of data, with tiny budgets.

Words, movements and pictures are recorded ones from the prepared sets; the machine and the walkers are
synthetic.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from micronas.config import DataConfig
from micronas.data.sources.walking_speed import RATE_HZ, ROWS, load_walking_speed
from tests.support.command_line import micronas
from tests.support.recordings import write_audio, write_csv

pytestmark = [pytest.mark.slow, pytest.mark.emulator, pytest.mark.exhaustive, pytest.mark.timeout(1800)]

SAMPLES = 12
AUTOENCODER = {"space": {"name": "autoencoder", "min_blocks": 1, "max_blocks": 1, "max_width": 32}}


def words(here: Path, shared: Path) -> dict[str, Any]:
    """Spoken digits of six speakers as wav files, for MFCC."""
    with np.load(shared / "fsdd.npz", allow_pickle=False) as file:
        x, y, speaker, length = (file[name] for name in ("x", "y", "speaker", "length"))
    for label, word in enumerate(("zero", "one", "two")):
        for who in range(6):
            for i in np.flatnonzero((y == label) & (speaker == who))[:16]:
                signal = x[i, : max(1, length[i])].astype(np.float32) / 32768
                write_audio(here / "raw" / word / f"s{who}_{i}.wav", signal, 8000)
    options = {"clip_s": 0.5, "coefficients": 10, "groups": "(?P<speaker>s[0-9])_"}
    return {"data": {"name": "audio_folder", "path": "raw", "options": options}}


def movements(here: Path, shared: Path) -> dict[str, Any]:
    """Accelerations in mg, a CSV file per recording and activity."""
    with np.load(shared / "st_har_26hz.npz", allow_pickle=False) as file:
        x, y, recording = file["x"], file["y"], file["recording"]
    for label, activity in enumerate(("stationary", "walking", "running")):
        for number in np.unique(recording[y == label])[:12]:
            rows = x[(y == label) & (recording == number)][:6].reshape(-1, 3)
            columns = dict(zip(("ax", "ay", "az"), rows.T.tolist(), strict=True))
            write_csv(here / "raw" / activity / f"{number}.csv", columns)
    return {"data": {"name": "csv", "path": "raw", "options": {"window": 64, "rate_hz": 26}}}


def photographs(here: Path, shared: Path) -> dict[str, Any]:
    """Two of the ten kinds, as JPEG, shrunk to 24 x 24."""
    with np.load(shared / "photos_32.npz", allow_pickle=False) as file:
        x, y = file["x"], file["y"]
    for label in (0, 1):
        write_pictures(here / "raw" / f"kind{label}", x[y == label][:90], ".jpg")
    return {
        "data": {"name": "image_folder", "path": "raw", "options": {"height": 24, "width": 24, "channels": 3}}
    }


def signs(here: Path, shared: Path) -> dict[str, Any]:
    """Hand signs in grey, as PNG, shrunk from 64 x 64 to 24 x 24; a student is in one split."""
    with np.load(shared / "sign_digits_64g.npz", allow_pickle=False) as file:
        x, y, group = file["x"], file["y"], file["group"]
    for label in (0, 1, 2):
        chosen = np.flatnonzero(y == label)[:60]
        names = [f"g{group[i]}_{i}" for i in chosen]
        write_pictures(here / "raw" / f"sign{label}", x[chosen], ".png", names)
    options = {"height": 24, "width": 24, "channels": 1, "groups": "(?P<student>g[0-9]+)_"}
    return {"data": {"name": "image_folder", "path": "raw", "options": options}}


def machine(here: Path, shared: Path) -> dict[str, Any]:
    """Synthetic vibration: harmonics of a shaft, and for anomalies the ringing of a damaged bearing."""
    rng = np.random.default_rng(0)
    t = np.arange(2000) / 4000
    for label, count in (("normal", 120), ("faulty", 40)):
        for i in range(count):
            hz = rng.uniform(24, 30)
            signal = 0.02 * rng.standard_normal(len(t))
            for order in range(1, 6):
                signal += 0.2 / order * np.sin(2 * np.pi * (order * hz * t + rng.random()))
            if label == "faulty":
                since = (t + rng.random()) % (1 / (3.6 * hz))
                signal += 0.3 * np.exp(-350 * since) * np.sin(2 * np.pi * 900 * since)
            write_audio(here / "raw" / label / f"{i}.wav", signal.astype(np.float32), 4000)
    options = {"normal": "normal", "clip_s": 0.5, "window_ms": 64, "hop_ms": 64, "bands": 16}
    return {"data": {"name": "audio_folder", "path": "raw", "options": options}, **AUTOENCODER}


def walkers(here: Path, shared: Path) -> dict[str, Any]:
    """Synthetic acceleration of walking persons, a CSV file per person, with the speed to predict."""
    samples = load_walking_speed(DataConfig(name="walking_speed"))
    assert samples.targets is not None
    assert samples.groups is not None
    for person in np.unique(samples.groups):
        mine = np.flatnonzero(samples.groups == person)
        axes = samples.x[mine].reshape(-1, 3)
        columns = {
            "time": [f"{i / RATE_HZ:.2f}" for i in range(len(axes))],
            **dict(zip(("ax", "ay", "az"), axes.T.tolist(), strict=True)),
            "speed": np.repeat(samples.targets[mine], ROWS).tolist(),
        }
        write_csv(here / "raw" / f"{str(person).replace(' ', '_')}.csv", columns)
    options = {
        "target": "speed",
        "unit": "km/h",
        "time": "time",
        "window": ROWS,
        "pattern": "(?P<person>person_[0-9]+)",
    }
    return {"data": {"name": "csv", "path": "raw", "options": options}}


def write_pictures(folder: Path, pixels: Any, suffix: str, names: list[str] | None = None) -> None:
    image = pytest.importorskip("PIL.Image", reason="Pillow is not installed")
    folder.mkdir(parents=True)
    for i, values in enumerate(pixels):
        image.fromarray(values).save(folder / f"{names[i] if names else i}{suffix}")


@pytest.mark.parametrize(
    ("make", "front_end", "least"),
    [
        (words, "mfcc", 0.5),
        (movements, "stream", 0.6),
        (photographs, "image", 0.5),
        (signs, "image", 0.4),
        (machine, "logmel", 0.7),
        (walkers, "stream", 0.5),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_raw_files_lead_to_accuracy_on_the_device(
    make: Callable[[Path, Path], dict[str, Any]],
    front_end: str,
    least: float,
    tmp_path: Path,
    shared_data: Path,
) -> None:
    pytest.importorskip("soundfile", reason="soundfile is not installed")
    config = make(tmp_path, shared_data) | {
        "board": "nucleo_f446re",
        "constraints": {"flash_kb": 64, "sram_kb": 32},
        "budget": {"trials": 1},
        "estimator": {"epochs": 12, "batch_size": 8},
        "final_fit": {"epochs": 12},
        "workers": 1,
    }
    (tmp_path / "tiny.yaml").write_text(yaml.safe_dump(config))
    done = micronas("search", "tiny.yaml", "--device", "none", cwd=tmp_path, timeout_s=900)
    assert done.returncode == 0, done.stdout + done.stderr
    best = tmp_path / "runs" / "tiny-1" / "best"
    file = json.loads((best / "front_end.json").read_text())
    assert file["name"] == front_end
    regression = make is walkers
    assert len(file["thresholds"]) == (0 if regression else 1)
    benched = micronas(
        *("bench", best / "model.tflite", "--board", "nucleo_f446re", "--data", "tiny.yaml"),
        *("--samples", SAMPLES, "--count", 1, "--json"),
        cwd=tmp_path,
        timeout_s=600,
    )
    assert benched.returncode == 0, benched.stderr
    found = json.loads(benched.stdout)["accuracy"]
    assert found["samples"] == SAMPLES
    assert found["outputs"]["mismatches"] == 0
    assert found["why_features"] is None
    assert found["inputs"]["most_steps"] <= 1
    assert found["device"] >= least
    assert abs(found["device"] - found["host"]) <= 1 / SAMPLES
    assert (found["errors"] is not None) == regression
    if regression:
        device, host = found["errors"]["device"], found["errors"]["host"]
        assert device["mae"] == pytest.approx(host["mae"], abs=0.05)
        assert device["mae"] <= device["rmse"] < 1.2  # km/h; always the mean: about 1.8
    print(make.__name__, {key: found[key] for key in ("figure", "device", "host", "inputs", "errors")})
