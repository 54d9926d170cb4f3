"""The registers, reset state and full clock of the families with the clock code of the L4.

Addresses, bits and reset values: RM0351, RM0432, RM0438, RM0444, RM0440; chapters FLASH, PWR, RCC and ICACHE.
"""

from __future__ import annotations

from dataclasses import dataclass

from tests.support.host_port import Copy, Lock, Rule

RCC_CR, RCC_CFGR, RCC_PLLCFGR = 0x40021000, 0x40021008, 0x4002100C
PWR_CR1, PWR_CR2, PWR_SR2, PWR_CR5 = 0x40007000, 0x40007004, 0x40007014, 0x40007080
FLASH_ACR, ICACHE_CR, ICACHE_SR = 0x40022000, 0x40030400, 0x40030404
MSIRDY, HSION, HSIRDY, HSEON, HSERDY = 1 << 1, 1 << 8, 1 << 10, 1 << 16, 1 << 17
PLLON, PLLRDY, PWREN, VOSF, IOSV, R1MODE = 1 << 24, 1 << 25, 1 << 28, 1 << 10, 1 << 9, 1 << 8
HSI = Copy(RCC_CR, 8, RCC_CR, 10)
HSE = Copy(RCC_CR, 16, RCC_CR, 17)
PLL = Copy(RCC_CR, 24, RCC_CR, 25)
SWITCH = Copy(RCC_CFGR, 0, RCC_CFGR, 2, width=2)
SWITCH_G0 = Copy(RCC_CFGR, 0, RCC_CFGR, 3, width=3)
PLL_IS_SET_WHILE_OFF = Lock(RCC_PLLCFGR, RCC_CR, PLLON)
_MSI_RESET = {RCC_CR: 0x63, RCC_PLLCFGR: 0x1000, PWR_CR1: 0x200, FLASH_ACR: 0x600}
_HSI_RESET = {RCC_CR: 0x500, RCC_CFGR: 0x5, RCC_PLLCFGR: 0x1000, PWR_CR1: 0x200, FLASH_ACR: 0x600}


@dataclass(frozen=True)
class Expected:
    """What the manuals say of one board's full clock."""

    board: str
    source: str
    pllcfgr: int
    acr: int
    vos: int
    reset: dict[int, int]
    reset_hz: int = 4_000_000
    switch: Copy = SWITCH
    pwr_enr: int = 0x40021058
    sw_hsi: int = 1
    sw_pll: int = 3
    boost: bool = False
    half_first: bool = False
    hpre_half: int = 8 << 4
    vddio2: bool = False
    icache: bool = False

    @property
    def sws_shift(self) -> int:
        return self.switch.target_bit

    @property
    def sw_mask(self) -> int:
        return (1 << self.switch.width) - 1

    def set_by_software(self, cfgr: int) -> int:
        """RCC_CFGR without the switch status, which the hardware sets."""
        return cfgr & ~(self.sw_mask << self.sws_shift)

    @property
    def rules(self) -> tuple[Rule, ...]:
        return (HSI, HSE, PLL, self.switch, PLL_IS_SET_WHILE_OFF)


def pllcfgr(source: int, m: int, n: int, r: int) -> int:
    return (r // 2 - 1) << 25 | 1 << 24 | n << 8 | (m - 1) << 4 | source


L4R5 = Expected(
    "nucleo_l4r5zi",
    "hsi",
    pllcfgr(2, 2, 30, 2),  # 16 / 2 * 30 / 2 = 120 MHz
    acr=0x705,
    vos=1,
    reset=_MSI_RESET | {PWR_CR5: R1MODE},
    boost=True,
    half_first=True,
    vddio2=True,
)
L476 = Expected("nucleo_l476rg", "hsi", pllcfgr(2, 2, 20, 2), acr=0x704, vos=1, reset=_MSI_RESET)
G474 = Expected(
    "nucleo_g474re",
    "hse_crystal",
    pllcfgr(3, 6, 85, 2),  # 24 / 6 * 85 / 2 = 170 MHz
    acr=0x704,
    vos=1,
    reset=_HSI_RESET | {PWR_CR5: R1MODE},
    reset_hz=16_000_000,
    boost=True,
    half_first=True,
)
G071 = Expected(
    "nucleo_g071rb",
    "hsi",
    1 << 29 | 1 << 28 | 16 << 8 | 1 << 4 | 2,  # 16 / 2 * 16 / 2 = 64 MHz; R is one less in 31:29
    acr=0x40702,  # debugger enable and instruction cache of reset, prefetch, 2 wait states
    vos=1,
    reset={RCC_CR: 0x500, RCC_PLLCFGR: 0x1000, PWR_CR1: 0x208, FLASH_ACR: 0x40600},
    reset_hz=16_000_000,
    switch=SWITCH_G0,
    pwr_enr=0x4002103C,
    sw_hsi=0,
    sw_pll=2,
)
L552 = Expected(
    "nucleo_l552ze_q",
    "hsi",
    pllcfgr(2, 4, 55, 2),  # 16 / 4 * 55 / 2 = 110 MHz
    acr=0x5,
    vos=0,
    reset={RCC_CR: 0x63, PWR_CR1: 0x400, FLASH_ACR: 0, ICACHE_CR: 4},
    half_first=True,
    vddio2=True,
    icache=True,
)
ALL = (L4R5, L476, G474, G071, L552)
