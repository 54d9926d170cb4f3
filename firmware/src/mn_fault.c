#include "mn_fault.h"

#include <stdint.h>

#include "mn_frame.h"
#include "mn_port.h"
#include "mn_server.h"
#include "mn_stack.h"

/* Armv7-M ARM, B3.2: configurable and hard fault status, the two fault addresses. Zero on Armv6-M. */
#define CFSR (*(volatile uint32_t *)0xE000ED28u)
#define HFSR (*(volatile uint32_t *)0xE000ED2Cu)
#define MMFAR (*(volatile uint32_t *)0xE000ED34u)
#define BFAR (*(volatile uint32_t *)0xE000ED38u)

enum { FRAME_LR = 5, FRAME_PC = 6, FRAME_PSR = 7, FRAME_WORDS = 8 };

static uint32_t stacked(const uint32_t *frame, int word)
{
    /* After a stack overflow the exception frame lies outside of the stack and was never written. */
    const int readable = frame >= mn_ld_stack_start && frame + FRAME_WORDS <= mn_ld_stack_end;
    return readable ? frame[word] : 0;
}

__attribute__((noreturn, used)) static void report(const uint32_t *frame)
{
    uint8_t *const buffer = mn_server_reply_buffer();
    uint8_t *const payload = mn_frame_payload(buffer);
    uint32_t exception;
    __asm volatile("mrs %0, ipsr" : "=r"(exception));
    uint8_t *at = mn_put_u8(payload, (uint8_t)exception);
    at = mn_put_u32(at, stacked(frame, FRAME_PC));
    at = mn_put_u32(at, stacked(frame, FRAME_LR));
    at = mn_put_u32(at, stacked(frame, FRAME_PSR));
    at = mn_put_u32(at, (uint32_t)(uintptr_t)frame);
    at = mn_put_u32(at, CFSR);
    at = mn_put_u32(at, HFSR);
    at = mn_put_u32(at, MMFAR);
    at = mn_put_u32(at, BFAR);
    const size_t bytes = mn_frame_encode(buffer, MN_FAULT, mn_server_nonce(), (size_t)(at - payload));
    mn_port_write(buffer, bytes);
    for (;;) {
    }
}

/* Passes the exception frame on. A stack pointer that has left the stack gets the whole stack anew: what was
 * on it is lost either way. One within 256 bytes of the end counts as out: this handler needs them. */
__attribute__((naked)) void mn_fault_entry(void)
{
    __asm volatile("mrs r0, msp\n"
                   "ldr r1, =mn_ld_stack_start + 256\n"
                   "cmp r0, r1\n"
                   "bhs 1f\n"
                   "ldr r1, =mn_ld_stack_end\n"
                   "mov sp, r1\n"
                   "1: ldr r1, =%c0\n"
                   "bx r1\n" /* Armv6-M branches 2 KB far at most */
                   :
                   : "i"(report));
}
