"""Mel-frequency cepstral coefficients: the first few of an orthonormal DCT-II of a log-mel spectrogram.

What ``librosa.feature.mfcc(S=..., n_mfcc=..., dct_type=2, norm="ortho")`` computes of the clipped natural
logarithms of ``LogMel``, natural ones or decibels.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from micronas.model.front_end.definition import FrontEnd, Parameter
from micronas.model.front_end.log_mel import LogMel, log_mel_of

NAME = "mfcc"
"""Its version is that of the log-mel spectrogram."""


@dataclass(frozen=True)
class Mfcc:
    """The first ``coefficients`` of each frame of ``mel``, at most its number of bands."""

    mel: LogMel
    coefficients: int

    @property
    def front_end(self) -> FrontEnd:
        """The description that is deployed with the model."""
        mel = self.mel.front_end
        return replace(mel, name=NAME, parameters={**mel.parameters, "coefficients": self.coefficients})

    @property
    def matrix(self) -> npt.NDArray[np.float64]:
        """(coefficients, bands): natural logarithms of the bands to coefficients in the unit of ``log``."""
        return self.mel.unit * dct_matrix(self.mel.bands, self.coefficients)

    @property
    def window(self) -> int:
        """Samples of a frame."""
        return self.mel.window


def mfcc_of(parameters: Mapping[str, Parameter]) -> Mfcc:
    """The inverse of ``Mfcc.front_end``; raises ``KeyError`` or ``ValueError`` for other parameters."""
    return Mfcc(log_mel_of(parameters), int(float(str(parameters["coefficients"]))))


def dct_matrix(bands: int, coefficients: int) -> npt.NDArray[np.float64]:
    """(coefficients, bands): the first rows of the orthonormal DCT-II."""
    k, band = np.arange(coefficients)[:, None], np.arange(bands)[None, :]
    rows = np.sqrt(2 / bands) * np.cos(np.pi * k * (2 * band + 1) / (2 * bands))
    rows[0] = np.sqrt(1 / bands)
    return np.asarray(rows, np.float64)
