"""Accuracy of a network on a device, from samples of a data set, beside the host's.

The device gets features, or raw samples that its own front end turns into features. Inputs, outputs and
answers are compared with the host's, element by element.
"""

from __future__ import annotations

from micronas.deploy.device_accuracy.choose import choose_input, with_learned_target
from micronas.deploy.device_accuracy.cost import FrontEndRun, run_front_end
from micronas.deploy.device_accuracy.firmware import RawFirmware, build_raw_firmware
from micronas.deploy.device_accuracy.result import DeviceAccuracy, compare
from micronas.deploy.device_accuracy.run import DEADLINE_S, RawInput, device_accuracy
from micronas.deploy.device_accuracy.stream import Streamed, stream_features, stream_raw

__all__ = [
    "DEADLINE_S",
    "DeviceAccuracy",
    "FrontEndRun",
    "RawFirmware",
    "RawInput",
    "Streamed",
    "build_raw_firmware",
    "choose_input",
    "compare",
    "device_accuracy",
    "run_front_end",
    "stream_features",
    "stream_raw",
    "with_learned_target",
]
