"""The newer USART and the LPUART on a simulated chip (RM0351 and RM0456, the chapters USART and LPUART)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from micronas.board import load_board
from tests.support.host_c import COMPILERS
from tests.support.host_port import HostPort, Lock

UE, READY = 1 << 0, 0xC0  # TC and TXE
BAUDS = (57600, 115200, 230400, 460800, 921600)


@dataclass(frozen=True)
class Wiring:
    """A board's UART as the manuals have it: registers, scale of BRR, pins' mode and function registers."""

    board: str
    base: int
    scale: int
    irq: int
    enable: tuple[int, int]
    gpio_enable: tuple[int, int]
    moder: tuple[int, int]
    functions: dict[int, int]

    @property
    def cr1(self) -> int:
        return self.base

    @property
    def brr(self) -> int:
        return self.base + 0x0C

    @property
    def isr(self) -> int:
        return self.base + 0x1C

    @property
    def tdr(self) -> int:
        return self.base + 0x28

    @property
    def presc(self) -> int:
        return self.base + 0x2C

    @property
    def has_prescaler(self) -> bool:
        """LPUARTs of L4+, L5 and G4 have one (RM0432, LPUART_PRESC); all of these are."""
        return self.scale == 256

    @property
    def limits(self) -> tuple[int, int]:
        return (0x300, 0xFFFFF) if self.scale == 256 else (16, 0xFFFF)


_PA2_PA3 = 0b1010 << 4
WIRINGS = (
    # LPUART1, PG7 and PG8, function 8
    Wiring(
        "nucleo_l4r5zi",
        0x40008000,
        256,
        70,
        (0x4002105C, 1 << 0),
        (0x4002104C, 1 << 6),
        (0x48001800, 0b1010 << 14),
        {0x48001820: 8 << 28, 0x48001824: 8},
    ),
    # LPUART1, PG7 and PG8, function 8
    Wiring(
        "nucleo_l552ze_q",
        0x40008000,
        256,
        66,
        (0x4002105C, 1 << 0),
        (0x4002104C, 1 << 6),
        (0x42021800, 0b1010 << 14),
        {0x42021820: 8 << 28, 0x42021824: 8},
    ),
    # LPUART1, PA2 and PA3, function 12
    Wiring(
        "nucleo_g474re",
        0x40008000,
        256,
        91,
        (0x4002105C, 1 << 0),
        (0x4002104C, 1 << 0),
        (0x48000000, _PA2_PA3),
        {0x48000020: 0xCC00},
    ),
    # USART2, PA2 function 7 and PA15 function 3
    Wiring(
        "nucleo_l432kc",
        0x40004400,
        1,
        38,
        (0x40021058, 1 << 17),
        (0x4002104C, 1 << 0),
        (0x48000000, 0b10 << 4 | 0b10 << 30),
        {0x48000020: 7 << 8, 0x48000024: 3 << 28},
    ),
    # USART1, PB6 and PB7, function 7
    Wiring(
        "disco_l475vg_iot01a",
        0x40013800,
        1,
        37,
        (0x40021060, 1 << 14),
        (0x4002104C, 1 << 1),
        (0x48000400, 0b1010 << 12),
        {0x48000420: 0x77 << 24},
    ),
    # USART2, PA2 and PA3, function 1
    Wiring(
        "nucleo_g071rb",
        0x40004400,
        1,
        28,
        (0x4002103C, 1 << 17),
        (0x40021034, 1 << 0),
        (0x50000000, _PA2_PA3),
        {0x50000020: 0x1100},
    ),
    # USART1, PA9 and PA10, function 7
    Wiring(
        "nucleo_u575zi_q",
        0x40013800,
        1,
        61,
        (0x46020CA4, 1 << 14),
        (0x46020C8C, 1 << 0),
        (0x42020000, 0b1010 << 18),
        {0x42020024: 0x770},
    ),
)


Wired = tuple[HostPort, Wiring]


@pytest.fixture(scope="module", params=WIRINGS, ids=lambda w: w.board)
def wired(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Wired:
    wiring: Wiring = request.param
    compiler = COMPILERS[WIRINGS.index(wiring) % len(COMPILERS)]
    return HostPort(load_board(wiring.board), tmp_path_factory.mktemp("usart"), compiler), wiring


def test_clock_pins_and_uart_are_switched_on_in_that_order(wired: Wired) -> None:
    port, wiring = wired
    run = port.run([], {wiring.isr: READY}, "usart 16000000")
    moder, mode = wiring.moder
    assert run.last(moder) == mode  # alternate function
    assert run.last(moder + 0x0C) == mode >> 1  # pulled up
    for register, functions in wiring.functions.items():
        assert run.last(register) == functions
    assert run.index(*wiring.gpio_enable, wiring.gpio_enable[1]) < run.index(moder)
    assert run.index(*wiring.enable, wiring.enable[1]) < run.index(wiring.brr)
    assert run.last(wiring.cr1) == 1 << 5 | 1 << 3 | 1 << 2 | UE
    assert run.last(0xE000E100 + 4 * (wiring.irq // 32)) == 1 << wiring.irq % 32


def test_the_rates_are_the_manuals_at_the_full_clock_and_at_the_fallback(
    wired: Wired,
) -> None:
    port, wiring = wired
    off = Lock(wiring.brr, wiring.cr1, UE)
    for hz in (load_board(wiring.board).clock.hz, 16_000_000):
        for baud in BAUDS:
            run = port.run([off], {wiring.isr: READY}, f"usart {hz}", f"baud {baud}", f"nearest {baud}")
            divider = run.last(wiring.brr)
            assert divider == (2 * wiring.scale * hz + baud) // (2 * baud)
            assert wiring.limits[0] <= divider <= wiring.limits[1]
            assert run.bauds == (wiring.scale * hz // divider,)
            assert abs(run.bauds[0] - baud) <= 0.025 * baud
            assert not any(write.ignored for write in run.writes)  # BRR only while the UART is off


@pytest.mark.parametrize("baud", [0, 1, 4_000_000_000])
def test_a_rate_that_cannot_be_made_gives_the_nearest_that_can(wired: Wired, baud: int) -> None:
    port, wiring = wired
    run = port.run([], {wiring.isr: READY}, "usart 120000000", f"nearest {baud}")
    divider = wiring.limits[0] if baud > 1 else wiring.limits[1]
    hz = 120_000_000 // (16 if wiring.has_prescaler and baud <= 1 else 1)
    assert run.bauds == (wiring.scale * hz // divider,)


def test_0_is_the_profiles_rate(wired: Wired) -> None:
    port, wiring = wired
    run = port.run([], {wiring.isr: READY}, "usart 16000000", "baud 9600", "baud 0")
    assert run.last(wiring.brr) == round(wiring.scale * 16_000_000 / 115200)


def test_a_transmitter_that_never_gets_ready_does_not_hang(wired: Wired) -> None:
    port, wiring = wired
    run = port.run([], {}, "usart 16000000", "send 65", "baud 9600")
    assert run.last(wiring.tdr) == 65
    assert run.last(wiring.brr) == round(wiring.scale * 16_000_000 / 9600)


LPUART_BOARDS = ("nucleo_l4r5zi", "nucleo_l552ze_q", "nucleo_g474re")


@pytest.mark.parametrize("name", LPUART_BOARDS)
def test_an_lpuart_reaches_9600_baud_at_its_full_clock_through_its_prescaler(
    name: str, tmp_path: Path
) -> None:
    """BRR divides by 4096 at most: PRESC takes a 16th first (RM0432, LPUART_PRESC: 0111)."""
    wiring = next(w for w in WIRINGS if w.board == name)
    hz = load_board(name).clock.hz
    port = HostPort(load_board(name), tmp_path)
    off = (Lock(wiring.brr, wiring.cr1, UE), Lock(wiring.presc, wiring.cr1, UE))
    commands = (f"usart {hz}", "baud 9600", "nearest 9600")
    slow = port.run(off, {wiring.isr: READY}, *commands)
    assert (slow.last(wiring.presc), slow.last(wiring.brr)) == (7, round(256 * hz / 16 / 9600))
    assert abs(slow.bauds[0] - 9600) <= 9600 / 64
    back = port.run(off, {wiring.isr: READY}, *commands, "baud 115200")
    assert (back.last(wiring.presc), back.last(wiring.brr)) == (0, round(256 * hz / 115200))
    assert not any(write.ignored for write in (*slow.writes, *back.writes))  # both only while the UART is off


@pytest.mark.parametrize("name", LPUART_BOARDS)
def test_the_nearest_rate_is_honest_where_the_prescaler_takes_over(name: str, tmp_path: Path) -> None:
    hz = load_board(name).clock.hz
    port = HostPort(load_board(name), tmp_path)
    edge = hz // 4095
    bauds = (edge - 1, edge, edge + 1, edge + 2)
    run = port.run([], {}, f"usart {hz}", *(f"nearest {baud}" for baud in bauds))
    assert all(abs(made - baud) <= 2 for made, baud in zip(run.bauds, bauds, strict=True))


def test_an_lpuart_without_a_prescaler_says_what_it_can_do_instead(tmp_path: Path) -> None:
    """L4 before L4+ (RM0351: no LPUART_PRESC)."""
    board = load_board("nucleo_l476rg")
    uart = board.uart.model_copy(
        update={"name": "lpuart1", "tx": "PC1", "rx": "PC0", "alternate_function": 8}
    )
    port = HostPort(board.model_copy(update={"uart": uart}), tmp_path)
    run = port.run([], {}, "usart 80000000", "nearest 9600")
    assert run.bauds == (256 * 80_000_000 // 0xFFFFF,)
    assert not run.wrote(0x4000802C)
