/* SPDX-License-Identifier: Apache-2.0 */
/* A fault as an e- line. Without m-ready: the host must not go on as if nothing were. */
#include "mlperf_text.h"
#include "mn_fault.h"

void mn_fault_report(const uint32_t *frame)
{
    uint32_t exception;
    __asm volatile("mrs %0, ipsr" : "=r"(exception));
    mlperf_text("\r\ne-[Fault: exception ");
    mlperf_decimal(exception);
    mlperf_text(", pc 0x");
    mlperf_hex(mn_fault_word(frame, MN_FAULT_PC), 8);
    mlperf_text("]\r\n");
    for (;;) {
    }
}
