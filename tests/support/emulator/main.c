/* Start-up and file access for test programs on QEMU's MPS2 boards: no libc beyond memcpy and friends.
 * Semihosting calls and their numbers: Arm's "Semihosting for AArch32 and AArch64". */
#include <stdint.h>

#include "../host/harness.h"

enum { SYS_OPEN = 0x01, SYS_CLOSE = 0x02, SYS_WRITE = 0x05, SYS_READ = 0x06, SYS_EXIT_EXTENDED = 0x20 };
enum { MODE_READ_BINARY = 1, MODE_WRITE_BINARY = 5 };
enum { APPLICATION_EXIT = 0x20026 };

static uint32_t in_file, out_file;

static uint32_t semihost(uint32_t operation, const void *parameters)
{
    register uint32_t r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = parameters;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

static uint32_t open_file(const char *name, uint32_t length, uint32_t mode)
{
    const uint32_t parameters[3] = {(uint32_t)name, mode, length};
    return semihost(SYS_OPEN, parameters);
}

int harness_read(void *to, size_t bytes)
{
    const uint32_t parameters[3] = {in_file, (uint32_t)to, bytes};
    return semihost(SYS_READ, parameters) != 0; /* bytes that did not come */
}

int harness_write(const void *from, size_t bytes)
{
    const uint32_t parameters[3] = {out_file, (uint32_t)from, bytes};
    return semihost(SYS_WRITE, parameters) != 0;
}

static void finish(uint32_t code)
{
    const uint32_t parameters[2] = {APPLICATION_EXIT, code};
    semihost(SYS_EXIT_EXTENDED, parameters);
    for (;;) {
    }
}

static void fault(void)
{
    finish(99);
}

extern uint32_t stack_top, data_start, data_end, data_load, bss_start, bss_end;

void reset(void);
void reset(void)
{
#if defined(__ARM_ARCH_6M__)
    volatile uint32_t *const ccr = (volatile uint32_t *)0xe000ed14u;
    *ccr |= 1u << 3; /* UNALIGN_TRP: an M3 then faults where an M0+ does */
#endif
    volatile uint32_t *const cpacr = (volatile uint32_t *)0xe000ed88u;
    *cpacr |= 0xfu << 20; /* the FPU, which hard-float code may use at any time */
    __asm__ volatile("dsb\n isb");
    for (uint32_t *to = &data_start, *from = &data_load; to != &data_end;) {
        *to++ = *from++;
    }
    for (uint32_t *to = &bss_start; to != &bss_end;) {
        *to++ = 0;
    }
    in_file = open_file("in.bin", 6, MODE_READ_BINARY);
    out_file = open_file("out.bin", 7, MODE_WRITE_BINARY);
    const int failed = run_models();
    semihost(SYS_CLOSE, &out_file);
    finish(failed ? 1 : 0);
}

/* ISO C converts no function pointer to an object pointer, and the table holds both. */
union vector {
    const void *address;
    void (*handler)(void);
};

#define FAULT {.handler = fault}
#define RESERVED {.address = 0}

__attribute__((section(".vectors"), used)) static const union vector vectors[16] = {
    {.address = &stack_top}, {.handler = reset}, FAULT,    FAULT, FAULT,    FAULT,    FAULT, RESERVED,
    RESERVED,                RESERVED,           RESERVED, FAULT, FAULT,    RESERVED, FAULT, FAULT,
};
