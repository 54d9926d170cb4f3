"""Layouts of known ``.npz`` data sets, each with a split that does not leak.

A speaker, a signing student or a recording is never in two parts: fold arrays and groups see to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from micronas.config import DataConfig
from micronas.data.dataset import DataKind
from micronas.data.logmel import LogMel
from micronas.data.npz import NpzLayout, read_npz, require_path
from micronas.data.options import refuse_unknown
from micronas.data.samples import Samples


@dataclass(frozen=True)
class Preset:
    """A file name and what is in it."""

    file: str
    layout: NpzLayout


PRESETS = {
    # Speech Commands v0.02 test clips; log-mel energies as fractions of their stated range.
    "gsc12_logmel": Preset(
        "gsc12_logmel49x40.npz",
        NpzLayout(
            DataKind.SPECTROGRAM, x="logmel", classes="classes", fold="fold", keep="is_first", scale=1 / 255
        ),
    ),
    "gsc12_mfcc": Preset(
        "gsc12_logmel49x40.npz",
        NpzLayout(
            DataKind.SPECTROGRAM,
            x="mfcc",
            classes="classes",
            fold="fold",
            keep="is_first",
            scale=1 / 128,
            low=-1.0,
        ),
    ),
    # Spoken digits at 8 kHz; the official index split shares speakers, so a whole speaker is left out.
    "fsdd": Preset(
        "fsdd.npz",
        NpzLayout(
            DataKind.SPECTROGRAM,
            fold="speaker",
            front_end=LogMel(8000, window=240, hop=160, fft=256, bands=32, low_hz=20, high_hz=4000),
        ),
    ),
    # Accelerometer, mg, full scale 4 g.
    "st_har": Preset(
        "st_har_26hz.npz",
        NpzLayout(DataKind.STREAM, classes="classes", groups="recording", scale=1 / 4000, low=-1.0),
    ),
    "sign_digits": Preset("sign_digits_64g.npz", NpzLayout(DataKind.IMAGE, groups="group", scale=1 / 255)),
}


def load_preset(config: DataConfig) -> Samples:
    """The preset ``config.name``; the path is the file or the folder that holds it."""
    refuse_unknown(config.name, config.options, ())
    preset = PRESETS[config.name]
    path: Path = require_path(config)
    return read_npz(path / preset.file if path.is_dir() else path, config.name, preset.layout)
