/* SPDX-License-Identifier: Apache-2.0 */
/* STM32H742/743/753 power and clock: RM0433 6.4 and 6.6 (supply, voltage scaling), table 17 (flash latency), 8.5 (RCC).
 *
 * The order is the manual's: supply, voltage scale 1, scale 0 where the clock needs it, oscillator, PLL1, flash
 * latency, bus prescalers, switch. HSI is 64 MHz out of reset. All values are worked out at build time.
 */
#include "mn_clock_result.h"

#include "mn_board.h"
#include "mn_poll.h"
#include "mn_register.h"

#define RCC_CR MN_REGISTER(0x58024400u)
#define RCC_CFGR MN_REGISTER(0x58024410u)
#define RCC_D1CFGR MN_REGISTER(0x58024418u)
#define RCC_D2CFGR MN_REGISTER(0x5802441Cu)
#define RCC_D3CFGR MN_REGISTER(0x58024420u)
#define RCC_PLLCKSELR MN_REGISTER(0x58024428u)
#define RCC_PLLCFGR MN_REGISTER(0x5802442Cu)
#define RCC_PLL1DIVR MN_REGISTER(0x58024430u)
#define RCC_AHB2ENR MN_REGISTER(0x580244DCu)
#define RCC_APB4ENR MN_REGISTER(0x580244F4u)
#define PWR_CSR1 MN_REGISTER(0x58024804u)
#define PWR_CR3 MN_REGISTER(0x5802480Cu)
#define PWR_D3CR MN_REGISTER(0x58024818u)
#define SYSCFG_PWRCR MN_REGISTER(0x5800042Cu)
#define DBGMCU_IDCODE MN_REGISTER(0x5C001000u)
#define FLASH_ACR MN_REGISTER(0x52002000u)

#define CR_HSION (1u << 0)
#define CR_HSIRDY (1u << 2)
#define CR_HSIDIV_MASK (3u << 3)
#define CR_HSEON (1u << 16)
#define CR_HSERDY (1u << 17)
#define CR_HSEBYP (1u << 18)
#define CR_PLL1ON (1u << 24)
#define CR_PLL1RDY (1u << 25)
#define CFGR_SW_PLL1 3u
#define CFGR_SW_MASK 7u
#define CFGR_SWS_PLL1 (3u << 3)
#define CFGR_SWS_MASK (7u << 3)
#define PLLCKSELR_MASK 0x3F3u /* DIVM1, PLLSRC */
#define PLLCFGR_MASK 0x7000Fu /* outputs P, Q, R of PLL1; its input range, VCO and fraction */
#define D1CFGR_MASK 0xF7Fu
#define D2CFGR_MASK 0x770u
#define D3CFGR_MASK 0x70u
#define ACR_MASK 0x3Fu
#define CR3_SUPPLY_MASK 7u
#define CR3_LDOEN (1u << 1)
#define CSR1_ACTVOSRDY (1u << 13)
#define D3CR_VOSRDY (1u << 13)
#define D3CR_VOS_MASK (3u << 14)
#define D3CR_VOS1 (3u << 14)
#define APB4ENR_SYSCFG (1u << 1)
#define PWRCR_ODEN 1u
#define REVISION_V 0x2003u
#define AHB2ENR_D2_SRAMS (7u << 29)

/* As out of reset: from HSI undivided, every prescaler 1, PLL1 off, for it can only be set then. A boot loader may
 * have left it running. */
static void run_from_hsi(void)
{
    mn_modify(&RCC_CR, CR_HSIDIV_MASK, CR_HSION);
    (void)mn_poll(&RCC_CR, CR_HSIRDY, CR_HSIRDY);
    mn_modify(&RCC_CFGR, CFGR_SW_MASK, 0);
    (void)mn_poll(&RCC_CFGR, CFGR_SWS_MASK, 0);
    RCC_CR &= ~CR_PLL1ON;
    (void)mn_poll(&RCC_CR, CR_PLL1RDY, 0);
    mn_modify(&RCC_D1CFGR, D1CFGR_MASK, 0);
    mn_modify(&RCC_D2CFGR, D2CFGR_MASK, 0);
    mn_modify(&RCC_D3CFGR, D3CFGR_MASK, 0);
}

/* The LDO, as these boards are wired. The register takes one write per power-on; until then the voltage scale
 * cannot be changed (RM0433 6.4.1). */
static bool start_supply(void)
{
    mn_modify(&PWR_CR3, CR3_SUPPLY_MASK, CR3_LDOEN);
    return mn_poll(&PWR_CSR1, CSR1_ACTVOSRDY, CSR1_ACTVOSRDY);
}

/* Scale 0 is a boost on top of scale 1, and only from silicon revision V on (RM0433 6.6.2, DS12110 6.3.1). */
static bool raise_voltage(void)
{
    mn_modify(&PWR_D3CR, D3CR_VOS_MASK, D3CR_VOS1);
    if (!mn_poll(&PWR_D3CR, D3CR_VOSRDY, D3CR_VOSRDY)) {
        return false;
    }
    if (!MN_CLOCK_VOS0) {
        return true;
    }
    if (DBGMCU_IDCODE >> 16 < REVISION_V) {
        return false;
    }
    RCC_APB4ENR |= APB4ENR_SYSCFG;
    (void)RCC_APB4ENR;
    SYSCFG_PWRCR |= PWRCR_ODEN;
    return mn_poll(&PWR_D3CR, D3CR_VOSRDY, D3CR_VOSRDY);
}

static bool start_hse(void)
{
    RCC_CR |= (MN_CLOCK_SOURCE == MN_CLOCK_HSE_BYPASS ? CR_HSEBYP : 0u) | CR_HSEON;
    return mn_poll(&RCC_CR, CR_HSERDY, CR_HSERDY);
}

static bool start_pll(uint32_t pllckselr, uint32_t pllcfgr, uint32_t divr)
{
    mn_modify(&RCC_PLLCKSELR, PLLCKSELR_MASK, pllckselr);
    mn_modify(&RCC_PLLCFGR, PLLCFGR_MASK, pllcfgr);
    RCC_PLL1DIVR = divr;
    RCC_CR |= CR_PLL1ON;
    return mn_poll(&RCC_CR, CR_PLL1RDY, CR_PLL1RDY);
}

/* Wait states go up before the clock does, and must read back before it may. */
static bool set_flash_latency(void)
{
    mn_modify(&FLASH_ACR, ACR_MASK, MN_FLASH_ACR);
    return mn_poll(&FLASH_ACR, ACR_MASK, MN_FLASH_ACR);
}

static bool switch_to_pll(void)
{
    mn_modify(&RCC_D1CFGR, D1CFGR_MASK, MN_CLOCK_D1CFGR);
    mn_modify(&RCC_D2CFGR, D2CFGR_MASK, MN_CLOCK_D2CFGR);
    mn_modify(&RCC_D3CFGR, D3CFGR_MASK, MN_CLOCK_D3CFGR);
    mn_modify(&RCC_CFGR, CFGR_SW_MASK, CFGR_SW_PLL1);
    return mn_poll(&RCC_CFGR, CFGR_SWS_MASK, CFGR_SWS_PLL1);
}

static bool run_from_pll(uint32_t pllckselr, uint32_t pllcfgr, uint32_t divr)
{
    return start_pll(pllckselr, pllcfgr, divr) && set_flash_latency() && switch_to_pll();
}

/* Where HSI is not ready out of reset, this is an emulator without an RCC. */
static bool has_rcc(void)
{
    return (RCC_CR & CR_HSIRDY) != 0;
}

mn_clock mn_clock_start(void)
{
    RCC_AHB2ENR |= AHB2ENR_D2_SRAMS; /* off after reset, and the arena may be there */
    if (!has_rcc()) {
        return mn_clock_result(MN_CLOCK_HSI_HZ, MN_CLOCK_HSI);
    }
    run_from_hsi();
    if (!start_supply() || !raise_voltage()) {
        return mn_clock_result(MN_CLOCK_HSI_HZ, MN_CLOCK_HSI);
    }
    if (MN_CLOCK_SOURCE != MN_CLOCK_HSI) {
        if (start_hse() && run_from_pll(MN_CLOCK_PLLCKSELR, MN_CLOCK_PLLCFGR, MN_CLOCK_PLL1DIVR)) {
            return mn_clock_result(MN_CLOCK_HZ, MN_CLOCK_SOURCE);
        }
        run_from_hsi();
    }
    if (run_from_pll(MN_CLOCK_HSI_PLLCKSELR, MN_CLOCK_HSI_PLLCFGR, MN_CLOCK_HSI_PLL1DIVR)) {
        return mn_clock_result(MN_CLOCK_HZ, MN_CLOCK_HSI);
    }
    run_from_hsi();
    return mn_clock_result(MN_CLOCK_HSI_HZ, MN_CLOCK_HSI);
}
