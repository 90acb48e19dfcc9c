/* What every operation's C file is written in: `element` is the stored type, arithmetic is float32.
 *
 * float32.c and bfloat16.c include each operation once; NAME(f) becomes f_float32 or f_bfloat16.
 * Sums are vectorised by `omp simd reduction` alone: the compiler may not reorder anything else, so that a result
 * does not depend on the number of threads and is the same in each run.
 */
#ifndef WRIT_NUMBERS_H
#define WRIT_NUMBERS_H

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#ifdef __AVX__
#include <immintrin.h>
#endif

#ifdef WRIT_BFLOAT16
typedef uint16_t element;
#define NAME(operation) operation##_bfloat16

static inline float load(element stored) {
    uint32_t bits = (uint32_t)stored << 16;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* Round to nearest, ties to even; a NaN stays one. */
static inline element store(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    uint32_t rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
    return (element)(value != value ? 0x7fc0u : rounded);
}
#else
typedef float element;
#define NAME(operation) operation##_float32
static inline float load(element stored) { return stored; }
static inline element store(float value) { return value; }
#endif

/* e^x for -87 <= x <= 88 (and e^-87, e^88 beyond) to about one unit in the last place, in a form that compilers
 * vectorise. A NaN stays one. Source: Cephes, expf. */
static inline float bounded_exponential(float x) {
    float bounded = x < -87.0f ? -87.0f : x;
    bounded = bounded > 88.0f ? 88.0f : bounded;
    float whole = rintf(bounded * 1.44269504088896341f);
    float rest = bounded - whole * 0.693359375f;
    rest = rest + whole * 2.12194440e-4f;
    float series = 1.9875691500e-4f;
    series = series * rest + 1.3981999507e-3f;
    series = series * rest + 8.3334519073e-3f;
    series = series * rest + 4.1665795894e-2f;
    series = series * rest + 1.6666665459e-1f;
    series = series * rest + 5.0000001201e-1f;
    series = series * (rest * rest) + rest + 1.0f;
    uint32_t bits = (uint32_t)((int32_t)whole + 127) << 23;
    float power;
    memcpy(&power, &bits, sizeof power);
    return series * power;
}

/* The same with 0 and infinity beyond. */
static inline float exponential(float x) {
    float value = x < -87.0f ? 0.0f : bounded_exponential(x);
    return x > 88.0f ? INFINITY : value;
}

/* Results larger than this are written past the caches: nothing of them would still be there when they are read, and a
 * line that is written whole need not be fetched first. */
#define STREAMED_BYTES (8 << 20)
#define TILE 512

/* Write a tile of results, past the caches where `streams` and the place is aligned for it. */
static inline void write_tile(element *to, const element *tile, int64_t count, int streams) {
    int64_t done = 0;
#ifdef __AVX__
    const int64_t step = 32 / (int64_t)sizeof(element);
    if (streams && ((uintptr_t)to & 31) == 0)
        for (; done + step <= count; done += step)
            _mm256_stream_si256((__m256i *)(to + done), _mm256_loadu_si256((const __m256i *)(tile + done)));
#endif
    (void)streams;
    memcpy(to + done, tile + done, (size_t)(count - done) * sizeof(element));
}

/* What was streamed is there for every thread from here on. */
static inline void finish_streams(int streams) {
#ifdef __AVX__
    if (streams) _mm_sfence();
#endif
    (void)streams;
}

/* Work below this many elements is done before a second thread would have woken. */
#define ONE_THREAD_ELEMENTS 16384
static inline int threads_for(int64_t elements, int threads) { return elements < ONE_THREAD_ELEMENTS ? 1 : threads; }

#endif
