/* SPDX-License-Identifier: Apache-2.0 */
/* The FAULT frame of PROTOCOL.md. */
#include "mn_fault.h"
#include "mn_frame.h"
#include "mn_port.h"
#include "mn_server.h"

/* Configurable and hard fault status, the two fault addresses (Armv7-M ARM, B3.2). Armv6-M has none of them; a read
 * there could fault in turn, and a fault in the fault handler locks the core up. */
#if defined(__ARM_ARCH_6M__)
#define CFSR 0u
#define HFSR 0u
#define MMFAR 0u
#define BFAR 0u
#else
#define CFSR (*(volatile uint32_t *)0xE000ED28u)
#define HFSR (*(volatile uint32_t *)0xE000ED2Cu)
#define MMFAR (*(volatile uint32_t *)0xE000ED34u)
#define BFAR (*(volatile uint32_t *)0xE000ED38u)
#endif

void mn_fault_report(const uint32_t *frame)
{
    uint8_t *const buffer = mn_server_reply_buffer();
    uint8_t *const payload = mn_frame_payload(buffer);
    uint32_t exception;
    __asm volatile("mrs %0, ipsr" : "=r"(exception));
    uint8_t *at = mn_put_u8(payload, (uint8_t)exception);
    at = mn_put_u32(at, mn_fault_word(frame, MN_FAULT_PC));
    at = mn_put_u32(at, mn_fault_word(frame, MN_FAULT_LR));
    at = mn_put_u32(at, mn_fault_word(frame, MN_FAULT_PSR));
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
