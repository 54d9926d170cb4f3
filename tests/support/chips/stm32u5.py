"""The registers, reset state and ready flags of an STM32U5 (RM0456: PWR, RCC, FLASH and ICACHE)."""

from __future__ import annotations

from tests.support.host_port import Copy, Lock, Rule

RCC_CR, RCC_CFGR1, RCC_PLL1CFGR, RCC_PLL1DIVR = 0x46020C00, 0x46020C1C, 0x46020C28, 0x46020C34
RCC_AHB3ENR, PWR_VOSR, PWR_SVMCR = 0x46020C94, 0x4602080C, 0x46020810
FLASH_ACR, ICACHE_CR, ICACHE_SR = 0x40022000, 0x40030400, 0x40030404
PLLON, PLLRDY, RANGE_1, BOOSTEN, VOSRDY = 1 << 24, 1 << 25, 3 << 16, 1 << 18, 1 << 15
RESET = {RCC_CR: 0x35, RCC_AHB3ENR: 0x80000000, RCC_PLL1DIVR: 0x01010280, PWR_VOSR: 0x8000, ICACHE_CR: 4}
HSI = Copy(RCC_CR, 8, RCC_CR, 10)
HSE = Copy(RCC_CR, 16, RCC_CR, 17)
PLL = Copy(RCC_CR, 24, RCC_CR, 25)
SWITCH = Copy(RCC_CFGR1, 0, RCC_CFGR1, 2, width=2)
# The booster's clock is PLL1's source, so it gets ready only once HSI16 (2) or HSE (3) is selected.
BOOSTER = Copy(PWR_VOSR, 18, PWR_VOSR, 14, gate=RCC_PLL1CFGR, gate_mask=2)
PLL_IS_SET_WHILE_OFF = (Lock(RCC_PLL1CFGR, RCC_CR, PLLON), Lock(RCC_PLL1DIVR, RCC_CR, PLLON))
HEALTHY: tuple[Rule, ...] = (HSI, HSE, PLL, SWITCH, BOOSTER, *PLL_IS_SET_WHILE_OFF)


def without(*rules: Rule) -> tuple[Rule, ...]:
    return tuple(rule for rule in HEALTHY if rule not in rules)
