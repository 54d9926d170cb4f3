/* SPDX-License-Identifier: Apache-2.0 */
/* Even samples become real and odd ones imaginary parts of half as many complex numbers, which a radix-2
 * transform (decimation in time) takes to their spectrum; a last pass separates the two. Every step halves, so
 * that nothing overflows: the upper half of a product with a factor of 2^31 is already the halved product. */
#include "mn_real_fft.h"
#include "mn_mul_high.h"

/* cos and sin of 2 pi index / points for index up to points / 2, from a quarter of a wave. */
typedef struct {
    int32_t cosine;
    int32_t sine;
} rotation;

static rotation rotation_at(const mn_real_fft *fft, uint32_t index)
{
    const uint32_t quarter = fft->points / 4u;
    rotation r;
    if (index <= quarter) {
        r.cosine = fft->cosines[index];
        r.sine = fft->cosines[quarter - index];
    } else {
        r.cosine = -fft->cosines[2u * quarter - index];
        r.sine = fft->cosines[index - quarter];
    }
    return r;
}

static void swap_pairs(int32_t *a, int32_t *b)
{
    const int32_t re = a[0], im = a[1];
    a[0] = b[0];
    a[1] = b[1];
    b[0] = re;
    b[1] = im;
}

static void reverse_bits(int32_t *values, uint32_t count)
{
    uint32_t reversed = 0;
    for (uint32_t i = 1; i < count; i++) {
        uint32_t bit = count >> 1;
        while (reversed & bit) {
            reversed ^= bit;
            bit >>= 1;
        }
        reversed |= bit;
        if (i < reversed) {
            swap_pairs(values + 2u * i, values + 2u * reversed);
        }
    }
}

/* a, b -> (a + b) / 2, (a - b) / 2: a butterfly whose factor is 1. */
static void plain_butterfly(int32_t *a, int32_t *b)
{
    const int32_t re = b[0] >> 1, im = b[1] >> 1, a_re = a[0] >> 1, a_im = a[1] >> 1;
    a[0] = a_re + re;
    a[1] = a_im + im;
    b[0] = a_re - re;
    b[1] = a_im - im;
}

/* a, b -> (a + w b) / 2, (a - w b) / 2 with w = cosine - i sine. */
static void butterfly(int32_t *a, int32_t *b, rotation w)
{
    const int32_t re = mn_mul_high(b[0], w.cosine) + mn_mul_high(b[1], w.sine);
    const int32_t im = mn_mul_high(b[1], w.cosine) - mn_mul_high(b[0], w.sine);
    const int32_t a_re = a[0] >> 1, a_im = a[1] >> 1;
    a[0] = a_re + re;
    a[1] = a_im + im;
    b[0] = a_re - re;
    b[1] = a_im - im;
}

static void transform(const mn_real_fft *fft, int32_t *values)
{
    const uint32_t count = fft->points / 2u;
    reverse_bits(values, count);
    for (uint32_t half = 1; half < count; half *= 2u) {
        for (uint32_t start = 0; start < count; start += 2u * half) {
            plain_butterfly(values + 2u * start, values + 2u * (start + half));
        }
        for (uint32_t j = 1; j < half; j++) {
            const rotation w = rotation_at(fft, j * (count / half));
            for (uint32_t start = j; start < count; start += 2u * half) {
                butterfly(values + 2u * start, values + 2u * (start + half), w);
            }
        }
    }
}

/* Bins k and count - k of the real samples from those of the complex numbers. */
static void separate(int32_t *low, int32_t *high, rotation w)
{
    const int32_t even_re = (low[0] >> 1) + (high[0] >> 1), even_im = (low[1] >> 1) - (high[1] >> 1);
    const int32_t odd_re = (low[1] >> 1) + (high[1] >> 1), odd_im = (high[0] >> 1) - (low[0] >> 1);
    const int32_t re = mn_mul_high(odd_re, w.cosine) + mn_mul_high(odd_im, w.sine);
    const int32_t im = mn_mul_high(odd_im, w.cosine) - mn_mul_high(odd_re, w.sine);
    low[0] = (even_re >> 1) + re;
    low[1] = (even_im >> 1) + im;
    high[0] = (even_re >> 1) - re;
    high[1] = im - (even_im >> 1);
}

void mn_real_fft_run(const mn_real_fft *fft, int32_t *values)
{
    const uint32_t count = fft->points / 2u;
    transform(fft, values);
    const int32_t even = values[0] >> 1, odd = values[1] >> 1;
    values[0] = even + odd;
    values[1] = even - odd;
    for (uint32_t k = 1; k <= count / 2u; k++) {
        separate(values + 2u * k, values + 2u * (count - k), rotation_at(fft, k));
    }
}
