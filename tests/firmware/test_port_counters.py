"""Which counter a port uses: CYCCNT (M3 to M33), TIM2 at the core's clock (M0+); what is not believed."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from micronas.board import Board, Core, board_names, load_board
from micronas.board.twin import twin_of
from micronas.device import qemu
from micronas.device.client import Client
from micronas.device.qemu import QemuDevice
from micronas.device.replies import CountedBy, Counter
from micronas.errors import DeviceError
from micronas.firmware import build_firmware, families
from micronas.firmware.families import family_of
from tests.support.host_c import COMPILERS, build_program
from tests.support.paths import FIRMWARE, FIRMWARE_MODELS, SUPPORT

COUNTED = (FIRMWARE_MODELS / "counted.c").read_text(encoding="utf-8")
NOPS = 64  # between two readings, in port/counter_tim2


@pytest.mark.parametrize("name", board_names())
def test_only_cores_without_a_cycle_counter_use_a_timer(name: str) -> None:
    board = load_board(name)
    drivers = family_of(board).drivers
    assert ("counter_tim2" in drivers) == (board.core is Core.M0PLUS)
    assert family_of(board).counter.startswith("TIM2" if board.core is Core.M0PLUS else "DWT")


@pytest.fixture(scope="module", params=COMPILERS)
def programs(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("counters")
    return {
        driver: build_counter(driver, request.param, folder) for driver in ("counter_tim2", "counter_dwt")
    }


def build_counter(driver: str, compiler: str, folder: Path) -> Path:
    """The driver with the simulated registers included first: a header of common/ would find its own."""
    fake, port = SUPPORT / "host_counter_c", FIRMWARE / "port"
    source = folder / f"{driver}.c"
    includes = (fake / "mn_register.h", port / driver / "mn_counter.c")
    source.write_text("".join(f'#include "{path}"\n' for path in includes), encoding="utf-8")
    folders = [fake, port / "common", FIRMWARE / "src"]
    return build_program(compiler, [fake / "main.c", source], folders, folder / driver)


def started(
    program: Path, *, dwt_step: int, tim2_step: int, instructions: bool = False
) -> tuple[Counter, CountedBy, int]:
    command = [program, str(dwt_step), str(tim2_step), str(int(instructions))]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)
    kind, counted_by, moved = map(int, done.stdout.split())
    return Counter(kind), CountedBy(counted_by), moved


def test_an_m0plus_counts_cycles_by_a_timer_as_fast_as_its_core(programs: dict[str, Path]) -> None:
    program = programs["counter_tim2"]
    assert started(program, dwt_step=9, tim2_step=NOPS) == (Counter.CYCLES, CountedBy.TIM2, NOPS)
    assert started(program, dwt_step=0, tim2_step=NOPS + 40) == (Counter.CYCLES, CountedBy.TIM2, NOPS + 40)


def test_a_timer_slower_than_instructions_is_not_believed(programs: dict[str, Path]) -> None:
    program = programs["counter_tim2"]
    assert started(program, dwt_step=0, tim2_step=NOPS - 1) == (Counter.NONE, CountedBy.NONE, 0)
    assert started(program, dwt_step=0, tim2_step=0) == (Counter.NONE, CountedBy.NONE, 0)


def test_an_emulators_timer_never_passes_for_cycles(programs: dict[str, Path]) -> None:
    for program in programs.values():
        found = started(program, dwt_step=0, tim2_step=NOPS, instructions=True)
        assert found == (Counter.INSTRUCTIONS, CountedBy.TIM2, NOPS)


def test_an_m33_counts_cycles_by_its_dwt(programs: dict[str, Path]) -> None:
    """The DWT moves only with TRCENA and CYCCNTENA set, so this also proves that both are."""
    assert family_of(load_board("nucleo_u575zi_q")).drivers[-1] == "counter_dwt"
    assert started(programs["counter_dwt"], dwt_step=7, tim2_step=NOPS) == (Counter.CYCLES, CountedBy.DWT, 7)
    assert started(programs["counter_dwt"], dwt_step=0, tim2_step=NOPS) == (Counter.NONE, CountedBy.NONE, 0)


# In the emulator: QEMU's STM32F405 has TIM2 where the G0 has it, at 1 tick per ns, and runs Armv6-M code.


@pytest.fixture
def m0plus_on_f405(monkeypatch: pytest.MonkeyPatch) -> Board:
    board = load_board("netduinoplus2")
    family = family_of(board)
    drivers = tuple("counter_tim2" if d.startswith("counter") else d for d in family.drivers)
    monkeypatch.setitem(families.FAMILIES, family.name, replace(family, drivers=drivers))
    return board.model_copy(update={"core": Core.M0PLUS})


@pytest.mark.emulator
@pytest.mark.parametrize(
    ("ns_shift", "counter", "ticks"), [(0, Counter.INSTRUCTIONS, 200_000), (1, Counter.CYCLES, 400_000)]
)
def test_the_timer_counts_armv6m_code_and_says_what_it_counts(
    m0plus_on_f405: Board,
    tmp_path: Path,
    firmware_cache: Path,
    monkeypatch: pytest.MonkeyPatch,
    ns_shift: int,
    counter: Counter,
    ticks: int,
) -> None:
    """counted.c's ops differ by 200,000 instructions; at 2 ns each, the timer looks like cycles."""
    monkeypatch.setitem(qemu._ICOUNT_SHIFTS, "netduinoplus2", ns_shift)
    board = m0plus_on_f405
    firmware = build_firmware({"mn_model.c": COUNTED}, board, workdir=tmp_path, cache_dir=firmware_cache)
    with QemuDevice(board, firmware.elf) as link:
        client = Client(link)
        info = client.info()
        assert (info.counter, info.counted_by) == (counter, CountedBy.TIM2)
        first, second = client.profile(lambda: None)
    assert second - first == ticks


@pytest.mark.emulator
@pytest.mark.parametrize("core", [Core.M0PLUS, Core.M33], ids=lambda core: core.name)
def test_a_fault_is_reported_on_cores_with_other_fault_registers(
    core: Core, tmp_path: Path, firmware_cache: Path
) -> None:
    name = {Core.M0PLUS: "nucleo_g071rb", Core.M33: "nucleo_l552ze_q"}[core]
    board = twin_of(load_board(name))
    assert board is not None
    source = (FIRMWARE_MODELS / "deep_recursion.c").read_text(encoding="utf-8")
    firmware = build_firmware({"mn_model.c": source}, board, workdir=tmp_path, cache_dir=firmware_cache)
    with QemuDevice(board, firmware.elf) as link:
        client = Client(link, symbol_at=firmware.image.symbol_at)
        with pytest.raises(DeviceError, match="stack overflowed"):
            client.run(deadline_s=5.0)
