/* SPDX-License-Identifier: Apache-2.0 */
/* The clock tree of F2, F4 and F7, which share registers and procedure: RM0090, RM0390 and RM0385 chapters 5 or 4
 * (PWR) and 6 or 5 (RCC), 3.4 and 3.5 (flash latency); RM0033 chapters 4 and 5. The F2 has neither voltage scales nor
 * overdrive (MN_CLOCK_VOS_MASK 0, MN_CLOCK_OVERDRIVE 0).
 *
 * All divider values are worked out at build time from the board's profile, see mn_board.h.
 */
#include "mn_clock_result.h"

#include "mn_board.h"
#include "mn_poll.h"
#include "mn_register.h"

#define RCC_CR MN_REGISTER(0x40023800u)
#define RCC_PLLCFGR MN_REGISTER(0x40023804u)
#define RCC_CFGR MN_REGISTER(0x40023808u)
#define RCC_APB1ENR MN_REGISTER(0x40023840u)
#define PWR_CR MN_REGISTER(0x40007000u)
#define PWR_CSR MN_REGISTER(0x40007004u)
#define FLASH_ACR MN_REGISTER(0x40023C00u)

#define CR_HSION (1u << 0)
#define CR_HSIRDY (1u << 1)
#define CR_HSEON (1u << 16)
#define CR_HSERDY (1u << 17)
#define CR_HSEBYP (1u << 18)
#define CR_PLLON (1u << 24)
#define CR_PLLRDY (1u << 25)
#define CFGR_SW_PLL 2u
#define CFGR_SW_MASK 3u
#define CFGR_SWS_PLL (2u << 2)
#define CFGR_SWS_MASK (3u << 2)
#define CFGR_PRESCALERS (0xFCF0u) /* HPRE, PPRE1, PPRE2 */
#define ACR_LATENCY_MASK 0xFu
#define PWR_OVERDRIVE_ON (1u << 16)
#define PWR_OVERDRIVE_SWITCH (1u << 17)

static bool start_hse(void)
{
    RCC_CR |= (MN_CLOCK_SOURCE == MN_CLOCK_HSE_BYPASS ? CR_HSEBYP : 0u) | CR_HSEON;
    return mn_poll(&RCC_CR, CR_HSERDY, CR_HSERDY);
}

/* As out of reset: from the internal oscillator, the PLL off, for its dividers can only be set then. A boot loader
 * may have left it running. */
static void run_from_hsi(void)
{
    RCC_CR |= CR_HSION;
    (void)mn_poll(&RCC_CR, CR_HSIRDY, CR_HSIRDY);
    mn_modify(&RCC_CFGR, CFGR_SW_MASK, 0);
    (void)mn_poll(&RCC_CFGR, CFGR_SWS_MASK, 0);
    mn_modify(&RCC_CFGR, CFGR_PRESCALERS, 0);
    RCC_CR &= ~CR_PLLON;
    (void)mn_poll(&RCC_CR, CR_PLLRDY, 0);
}

static bool start_pll(uint32_t configuration)
{
    RCC_PLLCFGR = configuration;
    RCC_CR |= CR_PLLON;
    return mn_poll(&RCC_CR, CR_PLLRDY, CR_PLLRDY);
}

/* Above 168 MHz only, with the PLL running and before it drives the core (RM0390 5.1.4). */
static bool start_overdrive(void)
{
    if (!MN_CLOCK_OVERDRIVE) {
        return true;
    }
    PWR_CR |= PWR_OVERDRIVE_ON;
    if (!mn_poll(&PWR_CSR, PWR_OVERDRIVE_ON, PWR_OVERDRIVE_ON)) {
        return false;
    }
    PWR_CR |= PWR_OVERDRIVE_SWITCH;
    return mn_poll(&PWR_CSR, PWR_OVERDRIVE_SWITCH, PWR_OVERDRIVE_SWITCH);
}

/* Wait states go up before the clock does, and must read back before it may (RM0390 3.4.1). */
static bool set_flash_latency(void)
{
    FLASH_ACR = MN_FLASH_ACCELERATION | MN_FLASH_WAIT_STATES;
    return mn_poll(&FLASH_ACR, ACR_LATENCY_MASK, MN_FLASH_WAIT_STATES);
}

static bool switch_to_pll(void)
{
    mn_modify(&RCC_CFGR, CFGR_PRESCALERS, MN_CLOCK_CFGR_PRESCALERS);
    mn_modify(&RCC_CFGR, CFGR_SW_MASK, CFGR_SW_PLL);
    return mn_poll(&RCC_CFGR, CFGR_SWS_MASK, CFGR_SWS_PLL);
}

static bool run_from_pll(uint32_t configuration)
{
    return start_pll(configuration) && start_overdrive() && set_flash_latency() && switch_to_pll();
}

/* Out of reset the core runs from HSI, so its ready flag is set; where it is not, this is an emulator without
 * an RCC, and polling it would only cost start-up time. */
static bool has_rcc(void)
{
    return (RCC_CR & CR_HSIRDY) != 0;
}

mn_clock mn_clock_start(void)
{
    if (!has_rcc()) {
        return mn_clock_result(MN_CLOCK_HSI_HZ, MN_CLOCK_HSI);
    }
    RCC_APB1ENR |= 1u << 28; /* PWR */
    run_from_hsi();
    mn_modify(&PWR_CR, MN_CLOCK_VOS_MASK, MN_CLOCK_VOS); /* only while the PLL is off (RM0383 5.1.3) */
    if (MN_CLOCK_SOURCE != MN_CLOCK_HSI) {
        if (start_hse() && run_from_pll(MN_CLOCK_PLLCFGR)) {
            return mn_clock_result(MN_CLOCK_HZ, MN_CLOCK_SOURCE);
        }
        run_from_hsi();
    }
    if (run_from_pll(MN_CLOCK_HSI_PLLCFGR)) {
        return mn_clock_result(MN_CLOCK_HZ, MN_CLOCK_HSI);
    }
    run_from_hsi();
    return mn_clock_result(MN_CLOCK_HSI_HZ, MN_CLOCK_HSI);
}
