"""Clock solvers, wait states and memory of L4, L4+, L5, G0, G4 and U5 against brute force and the manuals."""

from __future__ import annotations

import itertools

import pytest

from micronas.board import Board, RegionKind, load_board
from micronas.errors import BoardError
from micronas.firmware.board_header import board_header
from micronas.firmware.families import clock_l4, stm32g0, stm32g4, stm32l4, stm32l5, stm32u5

MHZ = 1_000_000
CRYSTALS_HZ = [4 * MHZ, 8 * MHZ, 16 * MHZ, 24 * MHZ, 48 * MHZ]
BOARDS = {
    "l4": "nucleo_l476rg",
    "l4+": "nucleo_l4r5zi",
    "g0": "nucleo_g071rb",
    "g4": "nucleo_g474re",
    "l5": "nucleo_l552ze_q",
}
CHIPS = {
    "l4": stm32l4.chip_of(load_board("nucleo_l476rg")),
    "l4+": stm32l4.chip_of(load_board("nucleo_l4r5zi")),
    "g0": stm32g0.CHIP,
    "g4": stm32g4.CHIP,
    "l5": stm32l5.CHIP,
}
# Hand-copied: largest M, N, VCO MHz (RM0351 6.4.4, RM0432 6.4.4, RM0444 5.4.4, RM0440 7.4.4, RM0438 9.8.4).
PLLS = {
    "l4": (8, (8, 86), (64, 344)),
    "l4+": (16, (8, 127), (64, 344)),
    "g0": (8, (8, 86), (64, 344)),
    "g4": (16, (8, 127), (96, 344)),
    "l5": (16, (8, 86), (64, 344)),
}
# The slowest output of the PLL, MHz: VCO / 8, but for DS12232's limit.
PLL_MIN_MHZ = {"l4": 8, "l4+": 8, "g0": 12, "g4": 12, "l5": 8}
# Hand-copied, MHz up to which 0, 1, 2, ... wait states do in the fastest voltage range: the flash chapters.
WAIT_STATES = {
    "l4": (16, 32, 48, 64, 80),
    "l4+": (20, 40, 60, 80, 100, 120),
    "g0": (24, 48, 64),
    "g4": (34, 68, 102, 136, 170),
    "l5": (20, 40, 60, 80, 100, 110),
}


def reachable(chip: str, source_hz: int) -> set[int]:
    """Every whole clock with 4 to 8 MHz into the VCO."""
    max_m, (n_min, n_max), (vco_min, vco_max) = PLLS[chip]
    found = set()
    for m, n, r in itertools.product(range(1, max_m + 1), range(n_min, n_max + 1), (2, 4, 6, 8)):
        if not 4 * MHZ * m <= source_hz <= 8 * MHZ * m or source_hz * n % (m * r):
            continue
        slowest = PLL_MIN_MHZ[chip] * MHZ * m * r
        if vco_min * MHZ * m <= source_hz * n <= vco_max * MHZ * m and source_hz * n >= slowest:
            found.add(source_hz * n // (m * r))
    return found


@pytest.mark.parametrize("source_hz", CRYSTALS_HZ)
@pytest.mark.parametrize("name", CHIPS)
def test_the_pll_makes_every_megahertz_that_can_be_made_and_no_other(name: str, source_hz: int) -> None:
    chip, can_be_made = CHIPS[name], reachable(name, source_hz)
    for hz in range(MHZ, chip.max_hz + 1, MHZ):
        pll = clock_l4.solve_pll(source_hz, hz, chip)
        assert (pll is not None) == (hz in can_be_made), f"{source_hz} -> {hz}"
        if pll is not None:
            assert hz * pll.m * pll.r == source_hz * pll.n


@pytest.mark.parametrize("name", CHIPS)
def test_the_register_reads_back_as_the_dividers(name: str) -> None:
    fields = CHIPS[name].fields
    max_m, n_limits, _ = PLLS[name]
    for m, n, r in itertools.product((1, max_m), n_limits, (2, 4, 6, 8)):
        register = clock_l4.PllL4(m, n, r).register(fields, from_hse=True)
        assert (register & 3, (register >> 4 & 0xF) + 1, register >> 8 & 0x7F) == (3, m, n)
        if name == "g0":  # PLLREN is bit 28, PLLR 31:29 holds one less (RM0444)
            assert (register >> 28 & 1, (register >> 29) + 1) == (1, r)
        else:  # PLLREN is bit 24, PLLR 26:25 holds 2, 4, 6, 8
            assert (register >> 24 & 1, 2 * (register >> 25 & 3) + 2) == (1, r)


@pytest.mark.parametrize("name", CHIPS)
def test_wait_states_are_the_manuals(name: str) -> None:
    assert CHIPS[name].modes[-1].wait_state_hz == tuple(limit * MHZ for limit in WAIT_STATES[name])


@pytest.mark.parametrize(("name", "normal_mhz"), [("l4+", 80), ("g4", 150)])
def test_boost_is_used_only_where_the_normal_mode_ends(name: str, normal_mhz: int) -> None:
    chip = CHIPS[name]
    assert not chip.mode(normal_mhz * MHZ).boost
    assert chip.mode(normal_mhz * MHZ + 1).boost


def at(board: Board, hz: int, wait_states: int) -> Board:
    regions = tuple(
        r.model_copy(update={"wait_states": wait_states}) if r.kind is RegionKind.FLASH else r
        for r in board.regions
    )
    clock = board.clock.model_copy(update={"hz": hz})
    return board.model_copy(update={"clock": clock, "regions": regions})


@pytest.mark.parametrize("name", [*BOARDS, "u5"])
def test_a_clock_or_wait_states_that_the_chip_cannot_have_are_refused(name: str) -> None:
    board = load_board(BOARDS.get(name, "nucleo_u575zi_q"))
    flash, hz = board.region("flash"), board.clock.hz
    board_header(at(board, hz, flash.wait_states))
    with pytest.raises(BoardError, match=f"needs {flash.wait_states} at {hz} Hz"):
        board_header(at(board, hz, flash.wait_states - 1))
    with pytest.raises(BoardError, match=f"runs at up to {hz} Hz"):
        board_header(at(board, hz + MHZ, 15))
    with pytest.raises(BoardError, match="no PLL setting"):
        board_header(at(board, 31_234_567, 15))


def test_a_g0_without_a_32_bit_timer_is_refused() -> None:
    board = load_board("nucleo_g071rb").model_copy(update={"mcu": "STM32G070RBT6"})
    with pytest.raises(BoardError, match="STM32G070RBT6 has no 32-bit TIM2"):
        board_header(board)


# RM0456, RCC: PLL1 (M 1 to 16, N 4 to 512, VCO 128 to 544 MHz); PWR: EPOD booster (4 to 16 MHz).


@pytest.mark.parametrize("source_hz", [4 * MHZ, 8 * MHZ, 16 * MHZ, 24 * MHZ, 32 * MHZ, 48 * MHZ])
def test_the_u5_pll_stays_within_its_limits(source_hz: int) -> None:
    for hz in range(20 * MHZ, 161 * MHZ, 4 * MHZ):
        pll = stm32u5.solve_pll(source_hz, hz)
        assert pll is not None, f"{source_hz} -> {hz}"
        assert hz * pll.m * pll.r == source_hz * pll.n
        assert 4 * MHZ <= source_hz / pll.m < 8 * MHZ  # PLL1RGE = 0
        assert 128 * MHZ <= hz * pll.r <= 544 * MHZ
        assert 4 * MHZ <= source_hz / pll.boost < 16 * MHZ
        cfgr, divr = pll.cfgr(from_hse=True), pll.divr()
        boost = cfgr >> 12 & 0xF
        assert (cfgr & 3, cfgr >> 2 & 3, (cfgr >> 8 & 0xF) + 1, cfgr >> 18 & 1) == (3, 0, pll.m, 1)
        assert pll.boost == (2 * boost if boost else 1)
        assert ((divr & 0x1FF) + 1, (divr >> 24 & 0x7F) + 1) == (pll.n, pll.r)


def test_the_u5_wait_states_are_the_manuals() -> None:
    assert tuple(hz / MHZ for hz in stm32u5.WAIT_STATE_HZ) == (32, 64, 96, 128, 160)


# From the data sheets' feature lists: core, MHz, KB of flash, KB of RAM by region.
FACTS = {
    "nucleo_l4r5zi": ("cortex-m4", 120, 2048, {0x20000000: 192 + 64 + 384}),
    "nucleo_l476rg": ("cortex-m4", 80, 1024, {0x20000000: 96, 0x10000000: 32}),
    "nucleo_l432kc": ("cortex-m4", 80, 256, {0x20000000: 48 + 16}),
    "disco_l475vg_iot01a": ("cortex-m4", 80, 1024, {0x20000000: 96, 0x10000000: 32}),
    "nucleo_g071rb": ("cortex-m0plus", 64, 128, {0x20000000: 36}),
    "nucleo_g474re": ("cortex-m4", 170, 512, {0x20000000: 80 + 16 + 32}),
    "nucleo_u575zi_q": ("cortex-m33", 160, 2048, {0x20000000: 192 + 64 + 512, 0x28000000: 16}),
    "nucleo_l552ze_q": ("cortex-m33", 110, 512, {0x20000000: 192 + 64}),
}


@pytest.mark.parametrize("name", FACTS)
def test_a_profile_says_what_the_data_sheet_says(name: str) -> None:
    board = load_board(name)
    ram = {r.origin: r.length // 1024 for r in board.regions if r.kind is not RegionKind.FLASH}
    assert (board.core.value, board.clock.hz // MHZ, board.flash_bytes // 1024, ram) == FACTS[name]
    assert board.region("flash").origin == 0x08000000


@pytest.mark.parametrize("name", FACTS)
def test_only_pins_of_port_g_get_vddio2(name: str) -> None:
    wants = name in ("nucleo_l4r5zi", "nucleo_l552ze_q")
    assert f"#define MN_PWR_VDDIO2 {int(wants)}\n" in board_header(load_board(name))
