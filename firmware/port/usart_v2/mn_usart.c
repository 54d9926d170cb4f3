/* SPDX-License-Identifier: Apache-2.0 */
/* The USART of F7, H7, L4, L5, G0, G4 and U5 (status in ISR), and the LPUART, which has the same registers
 * (MN_UART_LOW_POWER, not defined or 0: a USART).
 * RM0351, RM0432, RM0444 and RM0456, the chapters of both: FIFO, OVER8 and DMA stay off as after reset.
 */
#include "mn_usart.h"

#include "mn_board.h"
#include "mn_gpio.h"
#include "mn_poll.h"
#include "mn_port.h"
#include "mn_register.h"

#define RCC_UART_ENR MN_REGISTER(MN_UART_CLOCK_REGISTER)
#define NVIC_ISER(irq) MN_REGISTER(0xE000E100u + 4u * ((irq) >> 5))
#define NVIC_ICPR(irq) MN_REGISTER(0xE000E280u + 4u * ((irq) >> 5))
#define IRQ_BIT(irq) (1u << ((irq) & 31u))

#define USART_CR1 MN_REGISTER(MN_UART_BASE + 0x00u)
#define USART_BRR MN_REGISTER(MN_UART_BASE + 0x0Cu)
#define USART_ISR MN_REGISTER(MN_UART_BASE + 0x1Cu)
#define USART_ICR MN_REGISTER(MN_UART_BASE + 0x20u)
#define USART_RDR MN_REGISTER(MN_UART_BASE + 0x24u)
#define USART_TDR MN_REGISTER(MN_UART_BASE + 0x28u)
#define USART_PRESC MN_REGISTER(MN_UART_BASE + 0x2Cu) /* not on L4 before L4+ */

#define CR1_UE (1u << 0)
#define CR1_RE (1u << 2)
#define CR1_TE (1u << 3)
#define CR1_RXNEIE (1u << 5)
#define ISR_ORE (1u << 3)
#define ISR_RXNE (1u << 5)
#define ISR_TC (1u << 6)
#define ISR_TXE (1u << 7)
#define ICR_ERRORS 0xFu /* parity, framing, noise, overrun */
#define PRESC_16 7u

/* USART: 16 samples per bit, so BRR = clock / baud, at least 16. LPUART: 256 * clock / baud in 20 bits, at least
 * 0x300 (RM0351, LPUART baud rate generation). */
#if MN_UART_LOW_POWER
#define SCALE 256u
#define DIVIDER_MIN 0x300u
#define DIVIDER_MAX 0xFFFFFu
#else
#define SCALE 1u
#define DIVIDER_MIN 16u
#define DIVIDER_MAX 0xFFFFu
#endif
#define CLOCKS_PER_BIT_MAX (DIVIDER_MAX / SCALE)

static uint32_t usart_hz;

/* What BRR divides. Where there is a prescaler it takes rates that BRR alone does not reach: an LPUART at 120 MHz
 * goes down to 29,304 baud without. */
static uint32_t divided_hz(uint32_t baud)
{
    return MN_UART_HAS_PRESCALER && baud <= usart_hz / CLOCKS_PER_BIT_MAX ? usart_hz / 16u : usart_hz;
}

/* (SCALE * hz + rounding) / by with every product within 32 bits, for `by` below 2^24. */
static uint32_t scaled_quotient(uint32_t hz, uint32_t by, uint32_t rounding)
{
    return hz / by * SCALE + (hz % by * SCALE + rounding) / by;
}

static uint32_t divider(uint32_t hz, uint32_t baud)
{
    if (baud > hz / 16u) {
        return DIVIDER_MIN;
    }
    if (baud < hz / CLOCKS_PER_BIT_MAX) {
        return DIVIDER_MAX;
    }
    const uint32_t d = scaled_quotient(hz, baud, baud / 2u);
    return d < DIVIDER_MIN ? DIVIDER_MIN : d > DIVIDER_MAX ? DIVIDER_MAX : d;
}

uint32_t mn_port_nearest_baud(uint32_t baud)
{
    const uint32_t hz = divided_hz(baud);
    return scaled_quotient(hz, divider(hz, baud), 0);
}

/* BRR and PRESC may only be written while the UART is off. */
static void start_at(uint32_t baud)
{
    const uint32_t hz = divided_hz(baud);
    USART_CR1 = 0;
    if (MN_UART_HAS_PRESCALER) {
        USART_PRESC = hz == usart_hz ? 0 : PRESC_16;
    }
    USART_BRR = divider(hz, baud);
    USART_CR1 = CR1_UE | CR1_TE | CR1_RE | CR1_RXNEIE;
}

void mn_port_set_baud(uint32_t baud)
{
    (void)mn_poll(&USART_ISR, ISR_TC, ISR_TC);
    start_at(baud == 0 ? MN_UART_BAUD : baud);
}

void mn_usart_start(uint32_t clock_hz)
{
    usart_hz = clock_hz;
    mn_gpio_route_output(MN_UART_TX_PORT, MN_UART_TX_PIN, MN_UART_AF);
    mn_gpio_route_input(MN_UART_RX_PORT, MN_UART_RX_PIN, MN_UART_RX_AF);
    RCC_UART_ENR |= 1u << MN_UART_CLOCK_BIT;
    (void)RCC_UART_ENR;
    start_at(MN_UART_BAUD);
    NVIC_ISER(MN_UART_IRQ) = IRQ_BIT(MN_UART_IRQ);
}

/* Interrupts are masked, so the pending one only ends the sleep. An overrun keeps the interrupt pending until it is
 * cleared, which would turn the sleep into a busy wait. */
uint8_t mn_port_read(mn_idle idle)
{
    while ((USART_ISR & ISR_RXNE) == 0) {
        idle();
        USART_ICR = ICR_ERRORS;
        NVIC_ICPR(MN_UART_IRQ) = IRQ_BIT(MN_UART_IRQ);
    }
    return (uint8_t)USART_RDR;
}

/* A transmitter that never becomes ready loses the byte: the host sees a broken frame, not a hung board. */
void mn_port_write(const uint8_t *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        (void)mn_poll(&USART_ISR, ISR_TXE, ISR_TXE);
        USART_TDR = bytes[i];
    }
}
