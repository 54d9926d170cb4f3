/* SPDX-License-Identifier: Apache-2.0 */
/* STM32U5 clock tree; RM0456, the chapters PWR (voltage scaling, EPOD booster), RCC, FLASH (latency) and ICACHE.
 *
 * The security attributes stay as out of reset with TZEN = 0: the non-secure addresses are the only ones. All divider
 * values are worked out at build time: micronas/firmware/families/stm32u5.py. Bus prescalers stay at 1.
 */
#include "mn_clock_result.h"

#include "mn_board.h"
#include "mn_poll.h"
#include "mn_register.h"

#define RCC_CR MN_REGISTER(0x46020C00u)
#define RCC_CFGR1 MN_REGISTER(0x46020C1Cu)
#define RCC_CFGR2 MN_REGISTER(0x46020C20u)
#define RCC_CFGR3 MN_REGISTER(0x46020C24u)
#define RCC_PLL1CFGR MN_REGISTER(0x46020C28u)
#define RCC_PLL1DIVR MN_REGISTER(0x46020C34u)
#define RCC_AHB3ENR MN_REGISTER(0x46020C94u)
#define PWR_VOSR MN_REGISTER(0x4602080Cu)
#define PWR_SVMCR MN_REGISTER(0x46020810u)
#define FLASH_ACR MN_REGISTER(0x40022000u)
#define ICACHE_CR MN_REGISTER(0x40030400u)
#define ICACHE_SR MN_REGISTER(0x40030404u)

#define CR_MSISRDY (1u << 2)
#define CR_HSION (1u << 8)
#define CR_HSIRDY (1u << 10)
#define CR_HSEON (1u << 16)
#define CR_HSERDY (1u << 17)
#define CR_HSEBYP (1u << 18)
#define CR_PLL1ON (1u << 24)
#define CR_PLL1RDY (1u << 25)
#define SW_MASK 3u
#define SW_HSI 1u
#define SW_PLL1 3u
#define CFGR2_PRESCALERS 0x77Fu /* HPRE, PPRE1, PPRE2 */
#define CFGR3_PRESCALERS 0x70u  /* PPRE3 */
#define AHB3ENR_PWREN (1u << 2)
#define VOSR_BOOSTRDY (1u << 14)
#define VOSR_VOSRDY (1u << 15)
#define VOSR_RANGE_1 (3u << 16)
#define VOSR_BOOSTEN (1u << 18)
#define SVMCR_IO2SV (1u << 29)
#define ACR_PRFTEN (1u << 8)
#define ACR_LATENCY_MASK 0xFu
#define ICACHE_EN 1u
#define ICACHE_BUSYF 1u

static bool switch_to(uint32_t source)
{
    mn_modify(&RCC_CFGR1, SW_MASK, source);
    return mn_poll(&RCC_CFGR1, SW_MASK << 2, source << 2);
}

/* Before anything faster than the 4 MHz of reset: in the voltage range of reset (4), flash and SRAM take 12 MHz
 * without wait states, less than HSI16. */
static bool set_range_1(void)
{
    PWR_VOSR |= VOSR_RANGE_1;
    return mn_poll(&PWR_VOSR, VOSR_VOSRDY, VOSR_VOSRDY);
}

/* Wait states go up before the clock does, and must read back before it may. */
static bool set_flash_latency(void)
{
    mn_modify(&FLASH_ACR, ACR_LATENCY_MASK, MN_FLASH_WAIT_STATES);
    return mn_poll(&FLASH_ACR, ACR_LATENCY_MASK, MN_FLASH_WAIT_STATES);
}

static void start_caches(void)
{
    FLASH_ACR |= ACR_PRFTEN;
    if (mn_poll(&ICACHE_SR, ICACHE_BUSYF, 0)) { /* busy with its invalidation after reset */
        ICACHE_CR |= ICACHE_EN;
    }
}

/* The 16 MHz oscillator alone; PLL1 and the booster that it clocks off, for they can only be set then. */
static bool run_from_hsi(void)
{
    RCC_CR |= CR_HSION;
    if (!mn_poll(&RCC_CR, CR_HSIRDY, CR_HSIRDY) || !switch_to(SW_HSI)) {
        return false;
    }
    mn_modify(&RCC_CFGR2, CFGR2_PRESCALERS, 0);
    mn_modify(&RCC_CFGR3, CFGR3_PRESCALERS, 0);
    PWR_VOSR &= ~VOSR_BOOSTEN;
    RCC_CR &= ~CR_PLL1ON;
    (void)mn_poll(&RCC_CR, CR_PLL1RDY, 0);
    return true;
}

static bool start_hse(void)
{
    RCC_CR |= (MN_CLOCK_SOURCE == MN_CLOCK_HSE_BYPASS ? CR_HSEBYP : 0u) | CR_HSEON;
    return mn_poll(&RCC_CR, CR_HSERDY, CR_HSERDY);
}

/* Above 55 MHz, once the source of PLL1, which clocks it, runs and is selected. */
static bool start_booster(void)
{
    PWR_VOSR |= VOSR_BOOSTEN;
    return mn_poll(&PWR_VOSR, VOSR_BOOSTRDY, VOSR_BOOSTRDY);
}

static bool start_pll(void)
{
    RCC_CR |= CR_PLL1ON;
    return mn_poll(&RCC_CR, CR_PLL1RDY, CR_PLL1RDY);
}

static bool run_from_pll(uint32_t configuration, uint32_t dividers)
{
    RCC_PLL1CFGR = configuration;
    RCC_PLL1DIVR = dividers;
    return (!MN_PWR_BOOST || start_booster()) && start_pll() && switch_to(SW_PLL1);
}

/* Pins PG2 to PG15 have a supply of their own, which the firmware must declare valid. */
static void start_power_control(void)
{
    RCC_AHB3ENR |= AHB3ENR_PWREN;
    (void)RCC_AHB3ENR;
    if (MN_PWR_VDDIO2) {
        PWR_SVMCR |= SVMCR_IO2SV;
    }
}

/* Something always clocks the core; if no source reports ready, this is an emulator without an RCC, and polling
 * it would only cost start-up time. */
static bool has_rcc(void)
{
    return (RCC_CR & (CR_MSISRDY | CR_HSIRDY | CR_HSERDY)) != 0;
}

mn_clock mn_clock_start(void)
{
    if (!has_rcc()) {
        return mn_clock_result(MN_CLOCK_HSI_HZ, MN_CLOCK_HSI);
    }
    start_power_control();
    if (!set_range_1() || !set_flash_latency() || !run_from_hsi()) {
        return mn_clock_result(MN_CLOCK_RESET_HZ, MN_CLOCK_HSI);
    }
    start_caches();
    if (MN_CLOCK_SOURCE != MN_CLOCK_HSI) {
        if (start_hse() && run_from_pll(MN_CLOCK_PLLCFGR, MN_CLOCK_PLLDIVR)) {
            return mn_clock_result(MN_CLOCK_HZ, MN_CLOCK_SOURCE);
        }
        (void)run_from_hsi();
    }
    if (run_from_pll(MN_CLOCK_HSI_PLLCFGR, MN_CLOCK_HSI_PLLDIVR)) {
        return mn_clock_result(MN_CLOCK_HZ, MN_CLOCK_HSI);
    }
    (void)run_from_hsi();
    return mn_clock_result(MN_CLOCK_HSI_HZ, MN_CLOCK_HSI);
}
