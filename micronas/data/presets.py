"""Layouts of known ``.npz`` data sets, each with a split that does not leak.

A speaker, a signing student or a recording is never in two parts: fold arrays and groups ensure it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from micronas.config import DataConfig
from micronas.data.dataset import DataKind
from micronas.data.logmel import LogMel
from micronas.data.npz import NpzLayout, read_npz, require_path
from micronas.data.options import read, refuse_unknown
from micronas.data.samples import Samples


@dataclass(frozen=True)
class Preset:
    """A file name and the layout of the file."""

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
    """The preset ``config.name``; the path is the file or the folder that holds it.

    Option of spectrograms: ``bands_as_channels`` (see ``bands_to_channels``).
    """
    preset = PRESETS[config.name]
    spectrogram = preset.layout.kind is DataKind.SPECTROGRAM
    refuse_unknown(config.name, config.options, ("bands_as_channels",) if spectrogram else ())
    path: Path = require_path(config)
    samples = read_npz(path / preset.file if path.is_dir() else path, config.name, preset.layout)
    if read(config.options, "bands_as_channels", bool, False):
        return bands_to_channels(samples)
    return samples


def bands_to_channels(samples: Samples) -> Samples:
    """(time, bands, 1) becomes a stream (time, 1, bands), so that convolutions run along time only.

    The first layer sees all bands at once, and depthwise kernels are k x 1 (TC-ResNet, Choi et al. 2019). The
    bytes of an input do not change, so this costs the device nothing.
    """
    front = samples.front_end
    return replace(
        samples,
        kind=DataKind.STREAM,
        x=np.ascontiguousarray(np.swapaxes(samples.x, 2, 3)),
        front_end=replace(front, parameters={**front.parameters, "bands_as_channels": 1}),
    )
