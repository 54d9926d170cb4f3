"""What a device computes from raw samples before the network: one definition for training and for C."""

from __future__ import annotations

from micronas.model.front_end.definition import FrontEnd
from micronas.model.front_end.front_end_file import (
    FILE_NAME,
    PACKAGED,
    PICTURES,
    RAW_TYPES,
    FrontEndFile,
    from_json,
    to_json,
)
from micronas.model.front_end.log_mel import LogMel, mel_filters
from micronas.model.front_end.mfcc import Mfcc
from micronas.model.front_end.micro import Micro
from micronas.model.front_end.target import RegressionTarget

__all__ = [
    "FILE_NAME",
    "PACKAGED",
    "PICTURES",
    "RAW_TYPES",
    "FrontEnd",
    "FrontEndFile",
    "LogMel",
    "Mfcc",
    "Micro",
    "RegressionTarget",
    "from_json",
    "mel_filters",
    "to_json",
]
