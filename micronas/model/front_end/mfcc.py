"""Mel-frequency cepstral coefficients: the first few of an orthonormal DCT-II of a log-mel spectrogram.

What ``librosa.feature.mfcc(S=..., n_mfcc=..., dct_type=2, norm="ortho")`` computes of the clipped natural
logarithms of ``LogMel``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from micronas.model.front_end.definition import FrontEnd, Parameter
from micronas.model.front_end.log_mel import LogMel, log_mel_of

NAME, VERSION = "mfcc", 1


@dataclass(frozen=True)
class Mfcc:
    """The first ``coefficients`` of each frame of ``mel``, at most its number of bands."""

    mel: LogMel
    coefficients: int

    @property
    def front_end(self) -> FrontEnd:
        """The description that is deployed with the model."""
        parameters = {**self.mel.front_end.parameters, "coefficients": self.coefficients}
        return replace(self.mel.front_end, name=NAME, version=VERSION, parameters=parameters)

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
