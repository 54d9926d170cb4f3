/* TFLite's reference arithmetic as its documentation and its paper (Jacob et al., 2018) tell it: per product an
 * index computed from four subscripts, an offset and, for windows, a test of the bounds; per output a
 * requantization in 64 bits. A baseline to measure against, written for this benchmark; not used in firmware. */
#ifndef REFERENCE_H
#define REFERENCE_H

#include <stdint.h>

typedef struct {
    int32_t size[4];
} reference_shape;

static inline int32_t reference_index(const reference_shape *s, int32_t i0, int32_t i1, int32_t i2, int32_t i3)
{
    return ((i0 * s->size[1] + i1) * s->size[2] + i2) * s->size[3] + i3;
}

static inline int32_t reference_high_multiply(int32_t a, int32_t b)
{
    const int overflow = a == b && a == INT32_MIN;
    const int64_t product = (int64_t)a * (int64_t)b;
    const int32_t nudge = product >= 0 ? 1 << 30 : 1 - (1 << 30);
    const int32_t high = (int32_t)((product + nudge) / ((int64_t)1 << 31));
    return overflow ? INT32_MAX : high;
}

static inline int32_t reference_divide_by_power(int32_t x, int32_t exponent)
{
    const int32_t mask = (int32_t)(((int64_t)1 << exponent) - 1);
    const int32_t remainder = x & mask;
    const int32_t threshold = (mask >> 1) + (x < 0 ? 1 : 0);
    return (x >> exponent) + (remainder > threshold ? 1 : 0);
}

static inline int32_t reference_requant(int32_t x, int32_t multiplier, int32_t shift)
{
    const int32_t left = shift > 0 ? shift : 0, right = shift > 0 ? 0 : -shift;
    return reference_divide_by_power(reference_high_multiply(x * (1 << left), multiplier), right);
}

static inline int8_t reference_output(int32_t value, int32_t low, int32_t high)
{
    value = value < low ? low : value;
    return (int8_t)(value > high ? high : value);
}

#endif
