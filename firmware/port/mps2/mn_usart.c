/* SPDX-License-Identifier: Apache-2.0 */
/* The CMSDK APB UART (Cortex-M System Design Kit TRM, 4.3): 8N1, no flow control, no interrupt taken. */
#include "mn_usart.h"

#include "mn_board.h"
#include "mn_poll.h"
#include "mn_port.h"
#include "mn_register.h"

#define NVIC_ISER ((volatile uint32_t *)0xE000E100u)
#define NVIC_ICPR ((volatile uint32_t *)0xE000E280u)

#define UART_DATA MN_REGISTER(MN_UART_BASE + 0x00u)
#define UART_STATE MN_REGISTER(MN_UART_BASE + 0x04u)
#define UART_CTRL MN_REGISTER(MN_UART_BASE + 0x08u)
#define UART_INTCLEAR MN_REGISTER(MN_UART_BASE + 0x0Cu)
#define UART_BAUDDIV MN_REGISTER(MN_UART_BASE + 0x10u)

#define STATE_TX_FULL (1u << 0)
#define STATE_RX_FULL (1u << 1)
#define CTRL_TX (1u << 0)
#define CTRL_RX (1u << 1)
#define CTRL_RX_INTERRUPT (1u << 3)
#define INT_RX (1u << 1)

enum { SMALLEST_DIVIDER = 16, LARGEST_DIVIDER = 0xFFFFF };

static uint32_t uart_hz;

static uint32_t divider(uint32_t baud)
{
    const uint32_t d = baud == 0 ? LARGEST_DIVIDER : (uart_hz + baud / 2u) / baud;
    return d < SMALLEST_DIVIDER ? SMALLEST_DIVIDER : d > LARGEST_DIVIDER ? LARGEST_DIVIDER : d;
}

uint32_t mn_port_nearest_baud(uint32_t baud)
{
    return uart_hz / divider(baud);
}

void mn_port_set_baud(uint32_t baud)
{
    (void)mn_poll(&UART_STATE, STATE_TX_FULL, 0);
    UART_BAUDDIV = divider(baud == 0 ? MN_UART_BAUD : baud);
}

void mn_usart_start(uint32_t clock_hz)
{
    uart_hz = clock_hz;
    UART_BAUDDIV = divider(MN_UART_BAUD);
    UART_CTRL = CTRL_TX | CTRL_RX | CTRL_RX_INTERRUPT;
    NVIC_ISER[MN_UART_IRQ >> 5] = 1u << (MN_UART_IRQ & 31u);
}

/* Interrupts are masked, so the pending one only ends the sleep. */
uint8_t mn_port_read(mn_idle idle)
{
    while ((UART_STATE & STATE_RX_FULL) == 0) {
        idle();
        UART_INTCLEAR = INT_RX;
        NVIC_ICPR[MN_UART_IRQ >> 5] = 1u << (MN_UART_IRQ & 31u);
    }
    return (uint8_t)UART_DATA;
}

void mn_port_write(const uint8_t *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        (void)mn_poll(&UART_STATE, STATE_TX_FULL, 0);
        UART_DATA = bytes[i];
    }
}
