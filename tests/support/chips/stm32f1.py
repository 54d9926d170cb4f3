"""The registers, reset state and ready flags of an STM32F1 (RM0008 7.3, 3.3.3)."""

from __future__ import annotations

from tests.support.host_port import Copy, Rule

RCC_CR, RCC_CFGR, RCC_APB2ENR, FLASH_ACR = 0x40021000, 0x40021004, 0x40021018, 0x40022000
PLLON, PLLRDY, HSEBYP = 1 << 24, 1 << 25, 1 << 18
RESET = {RCC_CR: 0x83, FLASH_ACR: 0x30}
PLL_FIELDS = 0x003F0000
HSI = Copy(RCC_CR, 0, RCC_CR, 1)
HSE = Copy(RCC_CR, 16, RCC_CR, 17)
PLL = Copy(RCC_CR, 24, RCC_CR, 25)
SWITCH = Copy(RCC_CFGR, 0, RCC_CFGR, 2, width=2)
HEALTHY: tuple[Rule, ...] = (HSI, HSE, PLL, SWITCH)


def without(*rules: Rule) -> list[Rule]:
    return [rule for rule in HEALTHY if rule not in rules]
