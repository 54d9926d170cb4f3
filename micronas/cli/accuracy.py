"""The accuracy of samples of a data set on a device, as ``micronas bench --data`` prints it."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from micronas.cli.output import percent, print_labelled, print_table

if TYPE_CHECKING:
    from micronas.deploy.device_accuracy import DeviceAccuracy
    from micronas.deploy.device_accuracy.result import ErrorsOnDevice
    from micronas.estimate.confusion import Confusion

MOST_CLASSES = 12
"""Larger confusion matrices are only in ``--json``."""


def print_accuracy(found: DeviceAccuracy, why_features: str) -> None:
    """Figures of device and host, what was compared, and the confusion matrices."""
    print()
    split = f"{found.samples} of {found.available} {found.split} samples"
    print_labelled(
        f"{found.figure:<9} {percent(found.device)} on the device ({found.source.value}), "
        f"{percent(found.host)} on the host; {split}"
    )
    if found.split == "test":
        print_labelled(
            "          (the test split was unsealed: report this figure, and choose no network by it)"
        )
    _print_errors(found.errors)
    equal = found.elements - found.mismatches
    print_labelled(
        f"outputs   {equal:,} of {found.elements:,} elements equal to the reference's for the same inputs"
    )
    _print_inputs(found, why_features)
    if found.answers_apart is not None:
        print_labelled(
            f"answers   {found.samples - found.answers_apart} of {found.samples} equal to the host's"
        )
    _print_matrices(found.device_confusion, found.host_confusion)


def _print_errors(errors: ErrorsOnDevice | None) -> None:
    if errors is None:
        return
    unit = f" {errors.unit}" if errors.unit else ""
    for name, device, host in (
        ("MAE", errors.device_mae, errors.host_mae),
        ("RMSE", errors.device_rmse, errors.host_rmse),
    ):
        print_labelled(
            f"{name:<9} {device:.4g}{unit} on the device, {host:.4g}{unit} on the host ({errors.target})"
        )


def _print_inputs(found: DeviceAccuracy, why_features: str) -> None:
    inputs = found.inputs
    if inputs is None:
        print_labelled(f"inputs    features of the training were sent ({why_features})")
        return
    print_labelled("inputs    raw samples were sent; the device's front end in C computed the features:")
    same = inputs.elements - inputs.differing
    others = f", the others differ by at most {inputs.most_steps}" if inputs.differing else ""
    print_labelled(f"          {same:,} of {inputs.elements:,} elements equal to the training's{others}")
    if any(found.front_end_counts):
        unit = "instructions" if found.source.value == "emulated" else "cycles"
        print_labelled(
            f"          {median(found.front_end_counts):,.0f} {unit} of the front end per input, median"
        )


def _print_matrices(device: Confusion | None, host: Confusion | None) -> None:
    if device is None or host is None:
        return
    if len(device.classes) > MOST_CLASSES:
        print(f"confusion of {len(device.classes)} classes: see --json")
        return
    same = device.matrix == host.matrix
    for title, shown in (
        ("device and host" if same else "device", device),
        *(() if same else (("host", host),)),
    ):
        rows = [(name, *map(str, row)) for name, row in zip(shown.classes, shown.matrix, strict=True)]
        print_table(f"confusion, {title} (row: true class)", ("", *shown.classes), rows)
