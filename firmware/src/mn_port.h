/* SPDX-License-Identifier: Apache-2.0 */
/* What the firmware needs of a chip. One folder of firmware/port implements it per family.
 *
 * Nothing here uses interrupts while a model runs: counts are not disturbed and repeat exactly.
 */
#ifndef MN_PORT_H
#define MN_PORT_H

#include <stddef.h>
#include <stdint.h>

/* What one count of mn_port_counter() is. An emulator's instructions must never pass for cycles. */
typedef enum {
    MN_COUNTER_NONE = 0,
    MN_COUNTER_CYCLES = 1,
    MN_COUNTER_INSTRUCTIONS = 2
} mn_counter_kind;

/* What mn_port_counter() reads. 0 is what firmware said before it told. */
typedef enum {
    MN_COUNTED_BY_NONE = 1,
    MN_COUNTED_BY_DWT = 2,     /* CYCCNT */
    MN_COUNTED_BY_TIM2 = 3,
    MN_COUNTED_BY_SYSTICK = 4,
    MN_COUNTED_BY_FPGAIO = 5   /* COUNTER of an MPS2 or MPS3 FPGA image */
} mn_counted_by;

typedef enum { MN_CLOCK_HSI = 0, MN_CLOCK_HSE_BYPASS = 1, MN_CLOCK_HSE_CRYSTAL = 2 } mn_clock_source;

typedef struct {
    uint32_t hz;        /* the core's, as set; only a second clock can prove it */
    uint8_t source;     /* mn_clock_source */
    uint8_t fallback;   /* 1: the profile's clock did not start and this is another */
} mn_clock;

/* Brings up clock, UART and counter, in this order. Returns within bounded time, whatever is broken. */
void mn_port_init(void);

/* The clock that mn_port_init() ended with. */
mn_clock mn_port_clock(void);

/* What a program does while it waits for a byte: called over and over, it may return at any time. */
typedef void (*mn_idle)(void);

/* Waits for one byte and calls `idle` meanwhile. */
uint8_t mn_port_read(mn_idle idle);

/* Sends `length` bytes and returns when the last has left the data register. Works from a fault handler. */
void mn_port_write(const uint8_t *bytes, size_t length);

/* The rate nearest to `baud` that the UART makes from its clock. */
uint32_t mn_port_nearest_baud(uint32_t baud);

/* Switches the UART's rate once everything has been sent. 0 is the profile's rate. */
void mn_port_set_baud(uint32_t baud);

/* Free-running 32-bit counter; wraps. Constant when the kind is MN_COUNTER_NONE. */
uint32_t mn_port_counter(void);

mn_counter_kind mn_port_counter_kind(void);

mn_counted_by mn_port_counted_by(void);

#endif
