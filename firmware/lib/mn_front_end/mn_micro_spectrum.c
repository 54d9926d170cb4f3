/* SPDX-License-Identifier: Apache-2.0 */
/* Even samples become real and odd ones imaginary parts of half as many complex numbers. Passes of radix 4, and one of radix 2
 * if half of the points are no power of 4, take them to their spectrum (decimation in time; the radix-2 pass comes first); a
 * last pass separates even and odd. Every pass first divides by its radix.
 *
 * No sum leaves 16 bits as long as the window weighs the samples of a pass by about a half on average, as a Hann window does. */
#include "mn_micro_spectrum.h"

typedef struct {
    int32_t re;
    int32_t im;
} pair;

static pair plus(pair a, pair b)
{
    return (pair){a.re + b.re, a.im + b.im};
}

static pair minus(pair a, pair b)
{
    return (pair){a.re - b.re, a.im - b.im};
}

static int32_t rounded(int32_t product)
{
    return (product + (1 << 14)) >> 15;
}

/* The pair at index, divided by 32767 / factor. */
static pair divided(const int32_t *values, uint32_t index, int32_t factor)
{
    return (pair){rounded(values[2u * index] * factor), rounded(values[2u * index + 1u] * factor)};
}

static pair product(pair a, pair b)
{
    return (pair){rounded(a.re * b.re - a.im * b.im), rounded(a.re * b.im + a.im * b.re)};
}

static void store(int32_t *values, uint32_t index, pair a)
{
    values[2u * index] = a.re;
    values[2u * index + 1u] = a.im;
}

/* cos(2 pi index / points) for index below points, from a quarter of the wave. */
static int32_t cosine(uint32_t points, const int16_t *cosines, uint32_t index)
{
    const uint32_t quarter = points / 4u, folded = index > 2u * quarter ? points - index : index;
    return folded <= quarter ? cosines[folded] : -cosines[2u * quarter - folded];
}

/* cos - i sin of 2 pi index / points. */
static pair rotation(uint32_t points, const int16_t *cosines, uint32_t index)
{
    const uint32_t quarter = points / 4u, turned = index < quarter ? quarter - index : index - quarter;
    return (pair){cosine(points, cosines, index), -cosine(points, cosines, turned)};
}

static void pass_of_two(uint32_t count, int32_t *values)
{
    const int32_t half = 32767 / 2;
    for (uint32_t at = 0; at < count; at += 2u) {
        const pair a = divided(values, at, half), b = divided(values, at + 1u, half);
        store(values, at, plus(a, b));
        store(values, at + 1u, minus(a, b));
    }
}

/* Four spectra of `length` become one, all over the pairs. */
static void pass_of_four(uint32_t points, const int16_t *cosines, uint32_t length, int32_t *values)
{
    const uint32_t count = points / 2u, turn = points / (4u * length);
    const int32_t quarter = 32767 / 4;
    for (uint32_t j = 0; j < length; j++) {
        const pair w1 = rotation(points, cosines, j * turn), w2 = rotation(points, cosines, 2u * j * turn),
                   w3 = rotation(points, cosines, 3u * j * turn);
        for (uint32_t at = j; at < count; at += 4u * length) {
            const pair a = divided(values, at, quarter);
            const pair b = product(divided(values, at + length, quarter), w1);
            const pair c = product(divided(values, at + 2u * length, quarter), w2);
            const pair d = product(divided(values, at + 3u * length, quarter), w3);
            const pair outer = plus(a, c), apart = minus(a, c), inner = plus(b, d), rest = minus(b, d);
            const pair turned = {rest.im, -rest.re};
            store(values, at, plus(outer, inner));
            store(values, at + length, plus(apart, turned));
            store(values, at + 2u * length, minus(outer, inner));
            store(values, at + 3u * length, minus(apart, turned));
        }
    }
}

/* Bins k and count - k of the real samples from those of the complex numbers. */
static void separate(uint32_t count, uint32_t k, pair w, int32_t *values)
{
    const int32_t half = 32767 / 2;
    const pair low = divided(values, k, half);
    pair high = divided(values, count - k, half);
    high.im = rounded(-values[2u * (count - k) + 1u] * half);
    const pair even = plus(low, high), odd = product(minus(low, high), (pair){w.im, -w.re});
    store(values, k, (pair){(even.re + odd.re) >> 1, (even.im + odd.im) >> 1});
    store(values, count - k, (pair){(even.re - odd.re) >> 1, (odd.im - even.im) >> 1});
}

/* Adds 1 to a number whose digits, of the passes' radices, are in reverse order. */
uint32_t mn_micro_next_place(uint32_t points, uint32_t place)
{
    for (uint32_t room = points / 2u; room > 1u;) {
        const uint32_t digit = room >= 4u ? room / 4u : 1u, full = room - digit;
        if ((place & full) != full) {
            return place + digit;
        }
        place -= full;
        room = digit;
    }
    return 0;
}

void mn_micro_spectrum(uint32_t points, const int16_t *cosines, int32_t *values)
{
    const uint32_t count = points / 2u;
    uint32_t length = (count & 0x55555555u) > 0u ? 1u : 2u; /* a power of 4 has its bit there */
    if (length == 2u) {
        pass_of_two(count, values);
    }
    for (; length < count; length *= 4u) {
        pass_of_four(points, cosines, length, values);
    }
    for (uint32_t k = 1; k <= count / 2u; k++) {
        separate(count, k, rotation(points, cosines, k), values);
    }
}
