/* Rotary positions. Shapes: x [batch, length, heads, 2 * half] with its first three strides in elements and the last
 * one 1; out the same shape, contiguous; cos, sin [length, half]. sign is 1, or -1 for the inverse rotation. */
#include "../native/numbers.h"

void NAME(rope_rotate)(const element *x, int64_t batch_stride, int64_t length_stride, int64_t head_stride,
                       const float *cosines, const float *sines, element *out, int64_t batch, int64_t length,
                       int64_t heads, int64_t half, float sign, int threads) {
#pragma omp parallel for schedule(static) num_threads(threads_for(batch *length *heads *half, threads))
    for (int64_t row = 0; row < batch * length; ++row) {
        int64_t position = row % length;
        const float *c = cosines + position * half, *s = sines + position * half;
        const element *in = x + (row / length) * batch_stride + position * length_stride;
        element *to = out + row * heads * 2 * half;
        for (int64_t head = 0; head < heads; ++head, in += head_stride, to += 2 * half) {
#pragma omp simd
            for (int64_t i = 0; i < half; ++i) {
                float first = load(in[i]), second = load(in[half + i]), angle = sign * s[i];
                to[i] = store(first * c[i] - second * angle);
                to[half + i] = store(second * c[i] + first * angle);
            }
        }
    }
}
