#include "fake_chip.h"

#include <stdio.h>
#include <stdlib.h>

#include "mn_register.h"

enum { MAX_REGISTERS = 256, MAX_RULES = 64 };

typedef struct {
    uint32_t address, seen;
    volatile uint32_t value;
} cell;

typedef struct {
    uint32_t address, by, mask;
} lock;

static cell cells[MAX_REGISTERS];
static fake_copy copies[MAX_RULES];
static lock locks[MAX_RULES];
static int n_cells, n_copies, n_locks;

static cell *cell_of(uint32_t address)
{
    for (int i = 0; i < n_cells; i++) {
        if (cells[i].address == address) {
            return &cells[i];
        }
    }
    if (n_cells == MAX_REGISTERS) {
        abort();
    }
    cells[n_cells].address = address;
    return &cells[n_cells++];
}

void fake_set(uint32_t address, uint32_t value)
{
    cell *const c = cell_of(address);
    c->value = value;
    c->seen = value;
}

void fake_add_copy(const fake_copy *rule)
{
    if (n_copies == MAX_RULES) {
        abort();
    }
    copies[n_copies++] = *rule;
}

void fake_add_lock(uint32_t address, uint32_t by, uint32_t mask)
{
    if (n_locks == MAX_RULES) {
        abort();
    }
    const lock rule = {address, by, mask};
    locks[n_locks++] = rule;
}

static int is_locked(const cell *c)
{
    for (int i = 0; i < n_locks; i++) {
        if (locks[i].address == c->address && (cell_of(locks[i].by)->seen & locks[i].mask) != 0) {
            return 1;
        }
    }
    return 0;
}

static int apply(const fake_copy *rule)
{
    if ((cell_of(rule->gate)->seen & rule->gate_mask) != rule->gate_mask) {
        return 0;
    }
    const uint32_t ones = (1u << rule->width) - 1u;
    const uint32_t bits = cell_of(rule->source)->seen >> rule->source_bit & ones;
    cell *const target = cell_of(rule->target);
    const uint32_t value = (target->seen & ~(ones << rule->target_bit)) | bits << rule->target_bit;
    const int changed = value != target->seen;
    target->value = value;
    target->seen = value;
    return changed;
}

static void apply_rules(void)
{
    for (int again = 1; again;) {
        again = 0;
        for (int i = 0; i < n_copies; i++) {
            again |= apply(&copies[i]);
        }
    }
}

void fake_settle(void)
{
    for (int i = 0; i < n_cells; i++) {
        cell *const c = &cells[i];
        if (c->value == c->seen) {
            continue;
        }
        const int ignored = is_locked(c);
        printf("%s %#x %#x\n", ignored ? "ignored" : "write", c->address, c->value);
        if (ignored) {
            c->value = c->seen;
        } else {
            c->seen = c->value;
        }
    }
    apply_rules();
}

volatile uint32_t *mn_fake_register(uint32_t address)
{
    fake_settle();
    return &cell_of(address)->value;
}
