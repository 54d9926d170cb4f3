/* SPDX-License-Identifier: Apache-2.0 */
/* STM32F1 clock tree: RM0008 chapter 7 and 3.3.3 (F101, F103), RM0041 chapter 6 (F100, whose flash needs no wait
 * states: MN_FLASH_ACR_MASK 0).
 *
 * The PLL takes half of HSI, so it cannot make 72 MHz from it. The fallback is 36 MHz, which every bus takes
 * undivided (F100: 24 MHz, its maximum).
 */
#include "mn_clock_result.h"

#include "mn_board.h"
#include "mn_poll.h"
#include "mn_register.h"

#define RCC_CR MN_REGISTER(0x40021000u)
#define RCC_CFGR MN_REGISTER(0x40021004u)
#define FLASH_ACR MN_REGISTER(0x40022000u)

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
#define CFGR_DIVIDERS 0x003F3FF0u /* PLLMUL, PLLXTPRE, PLLSRC, ADCPRE, PPRE2, PPRE1, HPRE */

/* As out of reset: from the internal oscillator, the PLL off, for it can only be set then. A boot loader may have
 * left it running. */
static void run_from_hsi(void)
{
    RCC_CR |= CR_HSION;
    (void)mn_poll(&RCC_CR, CR_HSIRDY, CR_HSIRDY);
    mn_modify(&RCC_CFGR, CFGR_SW_MASK, 0);
    (void)mn_poll(&RCC_CFGR, CFGR_SWS_MASK, 0);
    RCC_CR &= ~CR_PLLON;
    (void)mn_poll(&RCC_CR, CR_PLLRDY, 0);
    mn_modify(&RCC_CFGR, CFGR_DIVIDERS, 0);
}

static bool start_hse(void)
{
    RCC_CR |= (MN_CLOCK_SOURCE == MN_CLOCK_HSE_BYPASS ? CR_HSEBYP : 0u) | CR_HSEON;
    return mn_poll(&RCC_CR, CR_HSERDY, CR_HSERDY);
}

/* Wait states go up before the clock does (RM0008 3.3.3). */
static bool set_flash_latency(void)
{
    mn_modify(&FLASH_ACR, MN_FLASH_ACR_MASK, MN_FLASH_ACR);
    return mn_poll(&FLASH_ACR, MN_FLASH_ACR_MASK, MN_FLASH_ACR);
}

static bool run_from_pll(uint32_t dividers)
{
    mn_modify(&RCC_CFGR, CFGR_DIVIDERS, dividers);
    RCC_CR |= CR_PLLON;
    if (!mn_poll(&RCC_CR, CR_PLLRDY, CR_PLLRDY) || !set_flash_latency()) {
        return false;
    }
    mn_modify(&RCC_CFGR, CFGR_SW_MASK, CFGR_SW_PLL);
    return mn_poll(&RCC_CFGR, CFGR_SWS_MASK, CFGR_SWS_PLL);
}

/* Where HSI is not ready out of reset, this is an emulator without an RCC. */
static bool has_rcc(void)
{
    return (RCC_CR & CR_HSIRDY) != 0;
}

mn_clock mn_clock_start(void)
{
    if (!has_rcc()) {
        return mn_clock_result(MN_CLOCK_HSI_HZ, MN_CLOCK_HSI);
    }
    run_from_hsi();
    if ((MN_CLOCK_SOURCE == MN_CLOCK_HSI || start_hse()) && run_from_pll(MN_CLOCK_CFGR)) {
        return mn_clock_result(MN_CLOCK_HZ, MN_CLOCK_SOURCE);
    }
    run_from_hsi();
    if (run_from_pll(MN_CLOCK_FALLBACK_CFGR)) {
        return mn_clock_result(MN_CLOCK_FALLBACK_HZ, MN_CLOCK_HSI);
    }
    run_from_hsi();
    return mn_clock_result(MN_CLOCK_HSI_HZ, MN_CLOCK_HSI);
}
