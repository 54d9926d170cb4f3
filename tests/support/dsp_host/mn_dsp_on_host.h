/* The DSP extension's instructions in C, to run the DSP kernels on a host: included before every kernel, in place of
 * mn_dsp_intrinsics.h. Arithmetic is the Arm Architecture Reference Manual's; what overflows there wraps here too. */
#ifndef MN_DSP_INTRINSICS_H
#define MN_DSP_INTRINSICS_H

#include <stdint.h>

#define __ARM_FEATURE_DSP 1

static inline int32_t host_low(uint32_t halves)
{
    return (int16_t)(uint16_t)halves;
}

static inline int32_t host_high(uint32_t halves)
{
    return (int16_t)(uint16_t)(halves >> 16);
}

static inline uint32_t host_halves(int32_t low, int32_t high)
{
    return ((uint32_t)low & 0xffffu) | (uint32_t)high << 16;
}

static inline int32_t host_byte(uint32_t bytes, int number)
{
    return (int8_t)(uint8_t)(bytes >> (8 * number));
}

static inline uint32_t mn_sxtab16(uint32_t sums, uint32_t bytes)
{
    return host_halves(host_low(sums) + host_byte(bytes, 0), host_high(sums) + host_byte(bytes, 2));
}

static inline uint32_t mn_sxtab16_odd(uint32_t sums, uint32_t bytes)
{
    return host_halves(host_low(sums) + host_byte(bytes, 1), host_high(sums) + host_byte(bytes, 3));
}

static inline uint32_t mn_sxtb16(uint32_t bytes)
{
    return mn_sxtab16(0, bytes);
}

static inline uint32_t mn_sxtb16_odd(uint32_t bytes)
{
    return mn_sxtab16_odd(0, bytes);
}

static inline uint32_t mn_sadd16(uint32_t a, uint32_t b)
{
    return host_halves(host_low(a) + host_low(b), host_high(a) + host_high(b));
}

static inline uint32_t mn_ssub16(uint32_t a, uint32_t b)
{
    return host_halves(host_low(a) - host_low(b), host_high(a) - host_high(b));
}

static inline uint32_t mn_pkhbt(uint32_t a, uint32_t b)
{
    return host_halves(host_low(a), host_low(b));
}

static inline uint32_t mn_pkhtb(uint32_t a, uint32_t b)
{
    return host_halves(host_high(b), host_high(a));
}

/* The products are exact; the sum wraps, which the packing of two channels relies on. */
static inline int32_t mn_smlad(uint32_t a, uint32_t b, int32_t sum)
{
    const int64_t products = (int64_t)host_low(a) * host_low(b) + (int64_t)host_high(a) * host_high(b);
    return (int32_t)(uint32_t)(uint64_t)(products + sum);
}

static inline int32_t mn_smmlar(int32_t a, int32_t b, int32_t c)
{
    const uint64_t sum = (uint64_t)((int64_t)a * b) + ((uint64_t)(uint32_t)c << 32) + 0x80000000u;
    return (int32_t)(uint32_t)(sum >> 32);
}

static inline int32_t mn_saturated_half(int32_t x)
{
    const int32_t half = x >> 1;
    return half > 127 ? 127 : (half < -128 ? -128 : half);
}

static inline uint32_t mn_max8(uint32_t a, uint32_t b)
{
    uint32_t result = 0;
    for (int i = 0; i < 4; i++) {
        const int32_t x = host_byte(a, i), y = host_byte(b, i);
        result |= (uint32_t)(uint8_t)(x > y ? x : y) << (8 * i);
    }
    return result;
}

#endif
