/* SPDX-License-Identifier: Apache-2.0 */
/* The USART of F1, F2 and F4 with SR and DR; RM0390 chapter 25. */
#include "mn_usart.h"

#include "mn_board.h"
#include "mn_gpio.h"
#include "mn_poll.h"
#include "mn_port.h"
#include "mn_register.h"

#define RCC_UART_ENR MN_REGISTER(MN_UART_CLOCK_REGISTER)
#define NVIC_ISER MN_REGISTER(0xE000E100u + 4u * (MN_UART_IRQ >> 5))
#define NVIC_ICPR MN_REGISTER(0xE000E280u + 4u * (MN_UART_IRQ >> 5))
#define NVIC_BIT (1u << (MN_UART_IRQ & 31u))

#define USART_SR MN_REGISTER(MN_UART_BASE + 0x00u)
#define USART_DR MN_REGISTER(MN_UART_BASE + 0x04u)
#define USART_BRR MN_REGISTER(MN_UART_BASE + 0x08u)
#define USART_CR1 MN_REGISTER(MN_UART_BASE + 0x0Cu)

#define SR_RXNE (1u << 5)
#define SR_TC (1u << 6)
#define SR_TXE (1u << 7)
#define CR1_RE (1u << 2)
#define CR1_TE (1u << 3)
#define CR1_RXNEIE (1u << 5)
#define CR1_UE (1u << 13)

static uint32_t usart_hz;

/* 16 samples per bit: BRR is the divider x 16, that is, clock / baud. */
static uint32_t divider(uint32_t baud)
{
    return baud == 0 ? 0xFFFFu : (usart_hz + baud / 2u) / baud;
}

uint32_t mn_port_nearest_baud(uint32_t baud)
{
    const uint32_t d = divider(baud);
    return usart_hz / (d < 16u ? 16u : d > 0xFFFFu ? 0xFFFFu : d);
}

void mn_port_set_baud(uint32_t baud)
{
    (void)mn_poll(&USART_SR, SR_TC, SR_TC);
    USART_BRR = divider(baud == 0 ? MN_UART_BAUD : baud);
}

void mn_usart_start(uint32_t clock_hz)
{
    usart_hz = clock_hz;
    mn_gpio_route_output(MN_UART_TX_PORT, MN_UART_TX_PIN, MN_UART_AF);
    mn_gpio_route_input(MN_UART_RX_PORT, MN_UART_RX_PIN, MN_UART_RX_AF);
    RCC_UART_ENR |= 1u << MN_UART_CLOCK_BIT;
    (void)RCC_UART_ENR;
    USART_CR1 = 0;
    USART_BRR = divider(MN_UART_BAUD);
    USART_CR1 = CR1_UE | CR1_TE | CR1_RE | CR1_RXNEIE;
    NVIC_ISER = NVIC_BIT;
}

/* Interrupts are masked, so the pending one only ends the sleep. Reading SR, then DR also clears an overrun. */
uint8_t mn_port_read(mn_idle idle)
{
    while ((USART_SR & SR_RXNE) == 0) {
        idle();
        NVIC_ICPR = NVIC_BIT;
    }
    return (uint8_t)USART_DR;
}

/* A transmitter that never becomes ready loses the byte: the host sees a broken frame, not a hung board. */
void mn_port_write(const uint8_t *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        (void)mn_poll(&USART_SR, SR_TXE, SR_TXE);
        USART_DR = bytes[i];
    }
}
