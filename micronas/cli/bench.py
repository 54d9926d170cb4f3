"""``micronas bench``: build a model, run it, verify its outputs, and show its use of bytes and time."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from micronas.cli.accuracy import print_accuracy
from micronas.cli.bench_json import bench_json
from micronas.cli.bench_text import print_bench, removed_channels
from micronas.cli.clock import ClockMhz
from micronas.cli.mlperf import (
    DEFAULT_MODE,
    Hardware,
    ModeName,
    Pin,
    Protocol,
    TaskName,
    is_mlperf_tiny,
    serve,
)
from micronas.cli.options import DEFAULT_PREFER, BenchDataOption, BoardOption, ModelArgument, PreferOption
from micronas.cli.output import print_json, require_effect, warn_of_open_ports
from micronas.cli.output_paths import filling, require_writable_folder
from micronas.errors import ConfigError

RANDOM_SAMPLES = 8


def bench(
    model: ModelArgument,
    board: BoardOption,
    device: Annotated[str, typer.Option(help="Where to run: qemu, renode or serial.")] = "qemu",
    probe: Annotated[str | None, typer.Option(help="Serial number of the debug probe.")] = None,
    port: Annotated[str | None, typer.Option(help="Serial port of the board.")] = None,
    samples: Annotated[
        str | None,
        typer.Option(
            metavar="N|FILE",
            help="N: samples of --data. FILE: .npz whose arrays, in order, are the model's inputs (N, ...).",
        ),
    ] = None,
    count: Annotated[int, typer.Option(min=1, help="Random samples, or those of FILE.")] = RANDOM_SAMPLES,
    data: BenchDataOption = None,
    split: Annotated[
        str, typer.Option(help="With --data: validation; test only for a network that is delivered.")
    ] = "validation",
    features: Annotated[
        bool, typer.Option("--features", help="With --data: send features, and skip the front end in C.")
    ] = False,
    deadline: Annotated[
        float, typer.Option(min=1, metavar="SECONDS", help="With --data: for all of its samples.")
    ] = 600.0,
    keep: Annotated[Path | None, typer.Option(help="Keep C, ELF and map in this folder.")] = None,
    remove_constant_channels: Annotated[
        bool, typer.Option(help="Remove channels that no input can change; outputs stay the same.")
    ] = False,
    witness: Annotated[
        bool, typer.Option("--witness", help="Run the samples by TensorFlow Lite on this machine, too.")
    ] = False,
    prefer: PreferOption = DEFAULT_PREFER,
    clock_mhz: ClockMhz = None,
    protocol: Protocol = "micronas",
    task: TaskName = None,
    mode: ModeName = DEFAULT_MODE,
    pin: Pin = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Build MODEL for a board, run it, compare every output element, and time each op.

    Without a board the time is modelled: a range, from the classes of instructions that QEMU ran.

    With --data CONFIG, samples of its validation split also run on the device, raw where the model has a
    front end: accuracy and confusion matrix beside those of the host.

    With --protocol mlperf-tiny, it is built for MLPerf Tiny's public runner.
    """
    from micronas.api.bench import DATA_SAMPLES
    from micronas.api.bench import bench as bench_model
    from micronas.board import load_board
    from micronas.firmware.clock_choice import board_at
    from micronas.memory.plan.prefer import prefer_named

    require_effect(device, probe, port)
    mlperf_tiny = is_mlperf_tiny(
        protocol,
        only_with_it={"--task": task is not None, "--mode": mode != DEFAULT_MODE, "--pin": pin is not None},
        never_with_it={
            "--data": data is not None,
            "--samples": samples is not None,
            "--keep": keep is not None,
            "--count": count != RANDOM_SAMPLES,
            "--remove-constant-channels": remove_constant_channels,
            "--witness": witness,
            "--json": as_json,
            "--split": split != "validation",
            "--features": features,
        },
    )
    wanted, file = _number_or_file(samples, data)
    plan = prefer_named(prefer, "--prefer")
    original, profile = load_board(board), board_at(board, clock_mhz)
    if mlperf_tiny:
        chosen = Hardware(profile, original, device, probe, port)
        serve(model, chosen, task=task, mode=mode, pin=pin, prefer=plan)
        return
    warn_of_open_ports(device)
    if keep is not None:
        require_writable_folder("--keep", keep)
    with filling("--keep", keep) if keep is not None else nullcontext():
        benched = bench_model(
            model,
            profile,
            device=device,
            probe=probe,
            port=port,
            samples=file,
            count=count,
            keep=keep,
            remove_constant_channels=remove_constant_channels,
            prefer=plan.value,
            calibration=data,
            witness=witness,
            data=data,
            data_samples=DATA_SAMPLES if wanted is None else wanted,
            split=split,
            features=features,
            deadline_s=deadline,
        )
    if as_json:
        print_json(bench_json(benched, model, device))
    else:
        if remove_constant_channels:
            print(removed_channels(benched))
        print_bench(benched, original, model, file)
        if benched.accuracy is not None:
            print_accuracy(benched.accuracy, benched.why_features)
    benched.deployment.require_parity()
    if benched.accuracy is not None:
        benched.accuracy.require_equal()


def _number_or_file(samples: str | None, data: str | None) -> tuple[int | None, Path | None]:
    """``--samples``: a number of samples of ``--data``, or a file of inputs."""
    if samples is None:
        return None, None
    if not samples.isdigit():
        return None, Path(samples)
    if data is None or int(samples) == 0:
        raise ConfigError(
            f"--samples {samples}: " + ("give at least 1" if data else "a number needs --data CONFIG"),
            remedy="--data CONFIG --samples 100 runs samples of a data set; --count 100 random ones",
        )
    return int(samples), None
