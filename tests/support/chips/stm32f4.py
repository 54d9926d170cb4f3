"""The registers, reset state and ready flags of an STM32F4, and of F2 and F7 (RM0390 6.3, 5.4, 3.8)."""

from __future__ import annotations

from tests.support.host_port import Copy, Lock, Rule

RCC_CR, RCC_PLLCFGR, RCC_CFGR = 0x40023800, 0x40023804, 0x40023808
PWR_CR, PWR_CSR, FLASH_ACR = 0x40007000, 0x40007004, 0x40023C00
PLLON, PLLRDY, HSERDY, HSEBYP = 1 << 24, 1 << 25, 1 << 17, 1 << 18
RESET = {RCC_CR: 0x83, RCC_PLLCFGR: 0x24003010, PWR_CR: 0xC000}
HSI = Copy(RCC_CR, 0, RCC_CR, 1)
HSE = Copy(RCC_CR, 16, RCC_CR, 17)
PLL = Copy(RCC_CR, 24, RCC_CR, 25)
OVERDRIVE = Copy(PWR_CR, 16, PWR_CSR, 16)
OVERDRIVE_SWITCH = Copy(PWR_CR, 17, PWR_CSR, 17)
SWITCH = Copy(RCC_CFGR, 0, RCC_CFGR, 2, width=2)
PLL_IS_SET_WHILE_OFF = Lock(RCC_PLLCFGR, RCC_CR, PLLON)
HEALTHY: tuple[Rule, ...] = (HSI, HSE, PLL, OVERDRIVE, OVERDRIVE_SWITCH, SWITCH, PLL_IS_SET_WHILE_OFF)


def without(*rules: Rule) -> list[Rule]:
    return [rule for rule in HEALTHY if rule not in rules]
