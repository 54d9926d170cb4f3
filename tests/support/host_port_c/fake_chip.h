/* A chip of registers that follow simple rules: enough hardware to run a port's clock and UART code on the host. */
#ifndef FAKE_CHIP_H
#define FAKE_CHIP_H

#include <stdint.h>

/* The register holds `value` out of reset. */
void fake_set(uint32_t address, uint32_t value);

/* Hardware copies `width` bits: a ready flag follows its enable bit, a switch status follows the switch. The copy
 * happens only while all bits of `gate_mask` are set in `gate` (a mask of 0: always). */
typedef struct {
    uint32_t source, source_bit, target, target_bit, width, gate, gate_mask;
} fake_copy;

void fake_add_copy(const fake_copy *rule);

/* Writes to `address` are ignored while any bit of `mask` is set in `by`: a PLL cannot be set while it runs. */
void fake_add_lock(uint32_t address, uint32_t by, uint32_t mask);

/* Takes notice of the last write; prints "write ADDRESS VALUE" or "ignored ADDRESS VALUE" per change. */
void fake_settle(void);

#endif
