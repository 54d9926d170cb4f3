/* SPDX-License-Identifier: Apache-2.0 */
/* The clock tree of L4, L4+, L5, G0 and G4, which share RCC, PWR and flash interface but for a few fields: RM0351,
 * RM0394, RM0432 (L4+), RM0438 (L5), RM0444 (G0) and RM0440 (G4), the chapters FLASH, PWR and RCC of each.
 *
 * Field positions and all divider values are computed at build time: micronas/firmware/families/clock_l4.py.
 * Bus prescalers stay at 1: every bus of these chips runs at the core's rate.
 */
#include "mn_clock_result.h"

#include "mn_board.h"
#include "mn_poll.h"
#include "mn_register.h"

#define RCC_CR MN_REGISTER(0x40021000u)
#define RCC_CFGR MN_REGISTER(0x40021008u)
#define RCC_PLLCFGR MN_REGISTER(0x4002100Cu)
#define RCC_PWR_ENR MN_REGISTER(MN_PWR_CLOCK_REGISTER)
#define PWR_CR1 MN_REGISTER(0x40007000u)
#define PWR_CR2 MN_REGISTER(0x40007004u)
#define PWR_SR2 MN_REGISTER(0x40007014u)
#define PWR_CR5 MN_REGISTER(0x40007080u)
#define FLASH_ACR MN_REGISTER(0x40022000u)
#define ICACHE_CR MN_REGISTER(0x40030400u)
#define ICACHE_SR MN_REGISTER(0x40030404u)

#define CR_MSIRDY (1u << 1)
#define CR_HSION (1u << 8)
#define CR_HSIRDY (1u << 10)
#define CR_HSI_OPTIONS (7u << 11) /* G0: divider; L4, L5: automatic start */
#define CR_HSEON (1u << 16)
#define CR_HSERDY (1u << 17)
#define CR_HSEBYP (1u << 18)
#define CR_PLLON (1u << 24)
#define CR_PLLRDY (1u << 25)
#define CFGR_SW_MASK ((1u << MN_RCC_SW_BITS) - 1u)
#define CFGR_HPRE_HALF (8u << MN_RCC_HPRE_SHIFT)
#define ENR_PWREN (1u << 28)
#define CR1_VOS_MASK (3u << 9)
#define CR2_IOSV (1u << 9)
#define SR2_VOSF (1u << 10)
#define CR5_R1MODE (1u << 8)
#define ACR_LATENCY_MASK 0xFu
#define ICACHE_EN 1u
#define ICACHE_BUSYF 1u

static bool switch_to(uint32_t source)
{
    mn_modify(&RCC_CFGR, CFGR_SW_MASK, source);
    return mn_poll(&RCC_CFGR, CFGR_SW_MASK << MN_RCC_SW_BITS, source << MN_RCC_SW_BITS);
}

/* Wait states go up before the clock does, and must read back before it may. They stay up for the fallbacks: more
 * than needed is slow, but safe in every voltage range. */
static bool set_flash_latency(void)
{
    mn_modify(&FLASH_ACR, ACR_LATENCY_MASK, MN_FLASH_WAIT_STATES);
    return mn_poll(&FLASH_ACR, ACR_LATENCY_MASK, MN_FLASH_WAIT_STATES);
}

static void start_caches(void)
{
    FLASH_ACR |= MN_FLASH_ACCELERATORS;
    if (MN_HAS_ICACHE && mn_poll(&ICACHE_SR, ICACHE_BUSYF, 0)) { /* busy with its invalidation after reset */
        ICACHE_CR |= ICACHE_EN;
    }
}

/* The 16 MHz oscillator alone, the PLL off, for it can only be set then. A boot loader may have left it running. */
static bool run_from_hsi(void)
{
    mn_modify(&RCC_CR, CR_HSI_OPTIONS, CR_HSION);
    if (!mn_poll(&RCC_CR, CR_HSIRDY, CR_HSIRDY) || !switch_to(MN_RCC_SW_HSI)) {
        return false;
    }
    mn_modify(&RCC_CFGR, MN_RCC_PRESCALERS, 0);
    RCC_CR &= ~CR_PLLON;
    (void)mn_poll(&RCC_CR, CR_PLLRDY, 0);
    return true;
}

/* The range that the profile's clock needs; above the normal mode's limit with the regulator's boost (L4+ and G4). */
static bool set_voltage(void)
{
    mn_modify(&PWR_CR1, CR1_VOS_MASK, MN_PWR_VOS << 9);
    if (!mn_poll(&PWR_SR2, SR2_VOSF, 0)) {
        return false;
    }
    if (MN_PWR_BOOST) {
        PWR_CR5 &= ~CR5_R1MODE;
    }
    return true;
}

static bool start_hse(void)
{
    RCC_CR |= (MN_CLOCK_SOURCE == MN_CLOCK_HSE_BYPASS ? CR_HSEBYP : 0u) | CR_HSEON;
    return mn_poll(&RCC_CR, CR_HSERDY, CR_HSERDY);
}

static bool start_pll(uint32_t configuration)
{
    RCC_PLLCFGR = configuration;
    RCC_CR |= CR_PLLON;
    return mn_poll(&RCC_CR, CR_PLLRDY, CR_PLLRDY);
}

/* Above 80 MHz the core runs at half the rate for at least 1 us first, while the regulator takes the load. */
static bool switch_to_pll(void)
{
    if (!MN_CLOCK_HALF_FIRST) {
        return switch_to(MN_RCC_SW_PLL);
    }
    mn_modify(&RCC_CFGR, MN_RCC_PRESCALERS, CFGR_HPRE_HALF);
    if (!switch_to(MN_RCC_SW_PLL)) {
        return false;
    }
    for (uint32_t cycles = 0; cycles < MN_CLOCK_HZ / 2000000u; cycles++) {
        (void)RCC_CFGR;
    }
    mn_modify(&RCC_CFGR, MN_RCC_PRESCALERS, 0);
    return true;
}

static mn_clock run_from_pll(void)
{
    if (MN_CLOCK_SOURCE != MN_CLOCK_HSI) {
        if (start_hse() && start_pll(MN_CLOCK_PLLCFGR) && switch_to_pll()) {
            return mn_clock_result(MN_CLOCK_HZ, MN_CLOCK_SOURCE);
        }
        (void)run_from_hsi();
    }
    if (start_pll(MN_CLOCK_HSI_PLLCFGR) && switch_to_pll()) {
        return mn_clock_result(MN_CLOCK_HZ, MN_CLOCK_HSI);
    }
    (void)run_from_hsi();
    return mn_clock_result(MN_CLOCK_HSI_HZ, MN_CLOCK_HSI);
}

/* Something always clocks the core; if no source reports ready, this is an emulator without an RCC, and polling
 * it would only cost start-up time. */
static bool has_rcc(void)
{
    return (RCC_CR & (CR_MSIRDY | CR_HSIRDY | CR_HSERDY)) != 0;
}

/* Pins PG2 to PG15 have a supply of their own, which the firmware must declare valid. */
static void start_power_control(void)
{
    RCC_PWR_ENR |= ENR_PWREN;
    (void)RCC_PWR_ENR;
    if (MN_PWR_VDDIO2) {
        PWR_CR2 |= CR2_IOSV;
    }
}

mn_clock mn_clock_start(void)
{
    if (!has_rcc()) {
        return mn_clock_result(MN_CLOCK_HSI_HZ, MN_CLOCK_HSI);
    }
    start_power_control();
    if (!set_flash_latency() || !run_from_hsi()) {
        return mn_clock_result(MN_CLOCK_RESET_HZ, MN_CLOCK_HSI);
    }
    start_caches();
    return set_voltage() ? run_from_pll() : mn_clock_result(MN_CLOCK_HSI_HZ, MN_CLOCK_HSI);
}
