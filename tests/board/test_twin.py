"""Emulated twins: their memory, what they refuse, and that one core's counts do not depend on the machine."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest

from micronas.board import Board, Core, Emulator, MemoryRegion, RegionKind, board_names, load_board
from micronas.board.twin import MACHINES, machine_for, twin_of
from micronas.codegen import generate
from micronas.codegen.lowering import Target
from micronas.codegen.lowering.lower import lower_graph
from micronas.deploy.deployment import Deployment, deploy
from micronas.deploy.measure import Measurement, measure
from micronas.deploy.to_json import deployment_to_json
from micronas.device.client import Client
from micronas.device.qemu import QemuDevice, qemu_command, require_qemu
from micronas.device.replies import CountedBy, Counter
from micronas.device.targets import Qemu, SerialBoard, built_for, execution_target, require_device
from micronas.errors import BoardError, BudgetError, BuildError, DeviceError
from micronas.firmware import Firmware, LinkedSizes, assert_same_network, build_firmware
from micronas.memory.plan import plan_memory
from micronas.model.graph import Graph
from micronas.model.tflite import read
from tests.support.oracle import random_inputs, run_tflm
from tests.support.paths import FIRMWARE_MODELS
from tests.support.random_cases import random_case

F446 = load_board("nucleo_f446re")
COUNTED = (FIRMWARE_MODELS / "counted.c").read_text(encoding="utf-8")
# A read of the counter is one call; ports differ by an instruction or two in it.
READ_INSTRUCTIONS = 8
SECOND_OF_A_CORE = {"netduino2", "mps2-an385", "mps2-an386"}
"""Machines of a core that another machine emulates, too: run by ``make test-all``."""


def board_on(machine: str, core: Core = Core.M4F, *regions: MemoryRegion) -> Board:
    """A made-up board of ``core`` that says it is emulated on ``machine``."""
    emulator = Emulator(machine=machine, own_chip=False)
    return F446.model_copy(
        update={"core": core, "emulator": emulator, "regions": regions or F446.regions, "name": "made_up"}
    )


def twin(board: Board) -> Board:
    found = twin_of(board)
    assert found is not None
    return found


@pytest.mark.parametrize("name", board_names())
def test_every_shipped_board_that_names_such_a_machine_has_a_twin(name: str) -> None:
    board = load_board(name)
    if board.emulator is None or board.emulator.machine not in MACHINES:
        assert twin_of(board) is None
        return
    found, machine = twin(board), MACHINES[board.emulator.machine]
    assert (found.core, found.clock, found.timing) == (board.core, board.clock, board.timing)
    assert (found.stack_bytes, found.arena_regions) == (board.stack_bytes, board.arena_regions)
    assert [(r.name, r.length) for r in found.regions] == [(r.name, r.length) for r in board.regions]
    for region in found.regions:
        memory = machine.code if region.kind is RegionKind.FLASH else machine.ram
        assert memory.origin <= region.origin < region.end <= memory.origin + memory.length


def test_regions_keep_their_lengths_and_distances_and_nothing_lies_below_the_stack() -> None:
    regions = (
        MemoryRegion(name="flash", kind=RegionKind.FLASH, origin=0x08000000, length=1000),
        MemoryRegion(name="dtcm", kind=RegionKind.DTCM, origin=0x20000000, length=1001),
        MemoryRegion(name="sram", kind=RegionKind.SRAM, origin=0x24000000, length=500),
    )
    moved = twin(board_on("mps2-an521", Core.M33, *regions)).regions
    assert [(r.name, r.origin, r.length) for r in moved] == [
        ("flash", 0x10000000, 1000),
        ("dtcm", 0x38000000 + 512 + 64 * 1024, 1001),
        ("sram", 0x38000000, 500),
    ]
    ordered = sorted(moved, key=lambda r: r.origin)
    assert all(a.end <= b.origin for a, b in itertools.pairwise(ordered))


def test_a_machine_of_another_core_is_refused_and_the_right_one_named() -> None:
    with pytest.raises(BoardError, match=r"mps2-an386 is a cortex-m4, not a cortex-m7\n.*mps2-an500"):
        twin_of(board_on("mps2-an386", Core.M7))


def test_memory_that_the_machine_does_not_have_is_refused() -> None:
    flash = MemoryRegion(name="flash", kind=RegionKind.FLASH, origin=0x08000000, length=1024 * 1024)
    with pytest.raises(BoardError, match="flash take 1048576 bytes, its twin has 524288"):
        twin_of(board_on("mps3-an547", Core.M55, flash, F446.region("sram")))


@pytest.mark.parametrize("core", Core)
def test_every_core_has_a_machine_that_runs_it(core: Core) -> None:
    assert machine_for(core).runs(core)


def test_an_instruction_is_more_than_two_ticks_so_that_the_nearest_number_is_exact() -> None:
    assert min(m.ticks_per_instruction for m in MACHINES.values()) > 2
    assert "shift=7" in qemu_command(Emulator(machine="mps2-an500", own_chip=False), Path("x.elf"))
    assert "shift=0" in qemu_command(Emulator(machine="netduinoplus2", own_chip=True), Path("x.elf"))


def test_it_is_said_where_a_network_ran() -> None:
    stand_in = board_on("mps2-an500", Core.M7)
    said = "emulated on mps2-an500, a proxy for the core; not this board's ELF"
    assert str(execution_target(Qemu(), stand_in)) == said
    assert built_for(Qemu(), stand_in).name == "made_up_on_mps2-an500"
    assert built_for(SerialBoard(), stand_in) is stand_in
    assert "another chip with this core; this board's ELF" in str(execution_target(Qemu(), F446))
    assert "this board's chip family" in str(execution_target(Qemu(), load_board("netduinoplus2")))
    assert str(execution_target(SerialBoard(), stand_in)) == "run on the board"
    with pytest.raises(DeviceError, match="has no QEMU machine"):
        execution_target(Qemu(), F446.model_copy(update={"emulator": None}))


def test_a_machine_that_the_installed_qemu_lacks_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    qemu = tmp_path / "qemu-system-arm"
    qemu.write_text(
        "#!/bin/sh\n"
        'case "$1" in --version) echo "QEMU emulator version 5.2.0 (Debian)";;\n'
        '*) echo "Supported machines are:"; echo "netduino2  Netduino 2 (Cortex-M3)";; esac\n'
    )
    qemu.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    require_qemu(board_on("netduino2", Core.M3))
    with pytest.raises(DeviceError, match=r"QEMU emulator version 5.2.0 has no machine 'mps2-an500'"):
        require_device(Qemu(), board_on("mps2-an500", Core.M7))


def test_a_twin_with_another_network_is_a_bug_that_is_told() -> None:
    sizes = {"arena": 64, "static": 10, "stack": 4096, "constants": 9, "code": 5, "rodata": 1}
    assert_same_network(LinkedSizes(**sizes), LinkedSizes(**{**sizes, "code": 7, "static": 12, "rodata": 0}))
    with pytest.raises(BuildError, match="arena: 64 bytes on the board, 80 on its twin"):
        assert_same_network(LinkedSizes(**sizes), LinkedSizes(**{**sizes, "arena": 80}))


# In the emulator


def build_twin(sources: dict[str, str], core: Core, folder: Path, cache: Path) -> Firmware:
    board = twin(board_on(machine_for(core).name, core))
    return build_firmware(sources, board, workdir=folder, cache_dir=cache)


@pytest.mark.emulator
@pytest.mark.parametrize("core", Core)
def test_counts_are_executed_instructions_on_every_machine(
    core: Core, tmp_path: Path, firmware_cache: Path
) -> None:
    """counted.c runs a loop of 2 x 100,000 instructions in its first op and 2 x 200,000 in its second."""
    firmware = build_twin({"mn_model.c": COUNTED}, core, tmp_path, firmware_cache)
    with QemuDevice(firmware.board, firmware.elf) as link:
        client = Client(link)
        info = client.info()
        first, second = client.profile(lambda: None)
    assert (info.counter, info.core) == (Counter.INSTRUCTIONS, core.value)
    assert info.counted_by is CountedBy.FPGAIO
    assert info.board == f"made_up_on_{machine_for(core).name}"
    assert second - first == 200_000
    assert 200_000 < first < 200_050


UNALIGNED_LOAD = r'__asm volatile("ldr %0, [%1]" : "=r"(word) : "r"(arena + 1) : "memory");'


@pytest.mark.emulator
@pytest.mark.parametrize("core", [Core.M0PLUS, Core.M3])
def test_an_unaligned_access_faults_where_the_core_would(
    core: Core, tmp_path: Path, firmware_cache: Path
) -> None:
    source = COUNTED.replace("loop(100000);", f"uint32_t word; {UNALIGNED_LOAD}")
    firmware = build_twin({"mn_model.c": source}, core, tmp_path, firmware_cache)
    with QemuDevice(firmware.board, firmware.elf) as link:
        client = Client(link, symbol_at=firmware.image.symbol_at)
        if core is Core.M3:
            client.run()
            return
        with pytest.raises(DeviceError, match="faulted in short_loop"):
            client.run()


def one_network() -> Graph:
    """A convolution, large enough that the DSP form has full and odd blocks."""
    rng = np.random.default_rng(5)
    return next(
        graph
        for graph in iter(lambda: random_case("CONV_2D", rng), None)
        if graph.tensors[graph.outputs[0]].elements > 100
    )


def small_network() -> Graph:
    """One that fits the smallest board, 8 KB of SRAM."""
    return random_case("FULLY_CONNECTED", np.random.default_rng(2))


def measured(
    graph: Graph, core: Core, folder: Path, cache: Path, model: bytes | None = None, processes: int = 1
) -> tuple[list[Measurement], set[str]]:
    """Runs on the core's twin, each in a process of its own, against TFLite Micro; the kernels used."""
    lowered = lower_graph(graph, Target(core))
    sources = generate(graph, lowered, plan_memory(graph, lowered), name="one")
    firmware = build_twin(dict(sources), core, folder, cache)
    samples = random_inputs(graph, np.random.default_rng(1), 2)
    expected = run_tflm(graph, samples, model)
    results = []
    for _ in range(processes):
        with QemuDevice(firmware.board, firmware.elf) as link:
            client = Client(link)
            results.append(
                measure(client, graph, firmware.board, samples, expected, build_id=firmware.build_id)
            )
    return results, {low.kernel for low in lowered}


@pytest.mark.emulator
@pytest.mark.parametrize("core", Core)
def test_a_network_on_every_twin_equals_tflite_micro(
    core: Core, tmp_path: Path, firmware_cache: Path
) -> None:
    graph = one_network()
    (first, again), kernels = measured(graph, core, tmp_path, firmware_cache, processes=2)
    assert (first.parity.mismatches, again.parity.mismatches) == (0, 0)
    assert first.parity.elements == 2 * graph.tensors[graph.outputs[0]].elements
    assert set(first.counts) == set(again.counts)
    assert first.spread == 0
    assert any("dsp" in kernel for kernel in kernels) == core.has_dsp


def deployed(graph: Graph, board: Board, folder: Path, cache: Path) -> Deployment:
    samples = random_inputs(graph, np.random.default_rng(1), 2)
    return deploy(graph, board, samples, device=Qemu(), workdir=folder, cache_dir=cache)


@pytest.mark.emulator
def test_one_core_counts_the_same_on_its_own_chip_and_on_its_twin(
    tmp_path: Path, firmware_cache: Path
) -> None:
    graph, board = one_network(), load_board("netduinoplus2")
    own = deployed(graph, board, tmp_path / "own", firmware_cache)
    twin_board = board.model_copy(update={"emulator": Emulator(machine="mps2-an386", own_chip=False)})
    other = deployed(graph, twin_board, tmp_path / "other", firmware_cache)
    for a, b in zip(own.measurement.per_op, other.measurement.per_op, strict=True):
        assert abs(a.count - b.count) <= READ_INSTRUCTIONS
        assert a.count > 100 * READ_INSTRUCTIONS
    assert own.twin is None
    assert other.twin is not None
    assert other.twin.linked.arena == own.firmware.linked.arena

    figures = deployment_to_json(other)
    assert figures["execution_target"] == {
        "device": "qemu",
        "machine": "mps2-an386",
        "own_chip": False,
        "own_elf": False,
        "text": "emulated on mps2-an386, a proxy for the core; not this board's ELF",
    }
    # Sizes are the board's own; a stand-in cannot confirm them.
    assert figures["sram"] == {
        "predicted": own.ledger.sram_bytes,
        "linked": own.firmware.linked.sram_bytes,
        "reported": None,
    }
    count = other.measurement.median
    ms = count * board.timing.cycles_per_instruction / board.clock.hz * 1000
    assert other.measurement.latency.ms == pytest.approx(ms)


def one_board_per_machine() -> dict[str, str]:
    """A shipped board's name by the machine that emulates it."""
    boards = [load_board(name) for name in board_names()]
    return {b.emulator.machine: b.name for b in reversed(boards) if b.emulator}


@pytest.mark.emulator
@pytest.mark.parametrize(
    "machine",
    [
        pytest.param(machine, marks=pytest.mark.exhaustive if machine in SECOND_OF_A_CORE else [])
        for machine in one_board_per_machine()
    ],
)
def test_a_shipped_board_on_each_machine_runs_a_network_with_equal_outputs(
    machine: str, tmp_path: Path, firmware_cache: Path
) -> None:
    board = load_board(one_board_per_machine()[machine])
    done = deployed(small_network(), board, tmp_path, firmware_cache)
    assert done.execution_target.machine == machine
    own_elf = machine not in MACHINES and board.arena_regions == ("sram",)
    assert done.execution_target.own_elf == (done.twin is None) == own_elf
    assert done.measurement.parity.mismatches == 0
    assert done.measurement.parity.elements > 0
    assert done.measurement.spread == 0
    assert done.measurement.latency.clock_hz == board.clock.hz


@pytest.mark.emulator
def test_what_does_not_fit_the_board_does_not_fit_its_twin(tmp_path: Path, firmware_cache: Path) -> None:
    small = MemoryRegion(name="sram", kind=RegionKind.SRAM, origin=0x20000000, length=4096 + 512)
    board = twin(board_on("mps2-an386", Core.M4F, F446.region("flash"), small))
    with pytest.raises(BudgetError, match="does not fit made_up_on_mps2-an386: over sram by"):
        build_firmware({"mn_model.c": COUNTED}, board, workdir=tmp_path, cache_dir=firmware_cache)


@pytest.mark.emulator
@pytest.mark.slow
@pytest.mark.parametrize("core", Core)
def test_keyword_spotting_on_every_twin_equals_tflite_micro(
    core: Core, networks: Path, tmp_path: Path, firmware_cache: Path
) -> None:
    path = networks / "mlperf_tiny_kws.tflite"
    (result,), _ = measured(read(path), core, tmp_path, firmware_cache, path.read_bytes())
    assert (result.parity.elements, result.parity.mismatches) == (2 * 12, 0)
