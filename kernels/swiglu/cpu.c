/* SwiGLU's gating. Shapes: gate, up, grad, outputs [rows, width]; strides in elements; outputs are contiguous. */
#include "../native/numbers.h"

static inline float NAME(sigmoid)(float a) { return 1.0f / (1.0f + bounded_exponential(-a)); }

void NAME(swiglu_forward)(const element *gate, int64_t gate_stride, const element *up, int64_t up_stride,
                          element *out, int64_t rows, int64_t width, int threads) {
    int streams = rows * width * (int64_t)sizeof(element) > STREAMED_BYTES;
#pragma omp parallel for schedule(static) num_threads(threads_for(rows *width, threads))
    for (int64_t row = 0; row < rows; ++row) {
        element tile[TILE];
        for (int64_t start = 0; start < width; start += TILE) {
            int64_t count = width - start < TILE ? width - start : TILE;
            const element *g = gate + row * gate_stride + start, *u = up + row * up_stride + start;
#pragma omp simd
            for (int64_t i = 0; i < count; ++i) {
                float a = load(g[i]);
                tile[i] = store(a * NAME(sigmoid)(a) * load(u[i]));
            }
            write_tile(out + row * width + start, tile, count, streams);
        }
        finish_streams(streams);
    }
}

void NAME(swiglu_backward)(const element *grad, int64_t grad_stride, const element *gate, int64_t gate_stride,
                           const element *up, int64_t up_stride, element *dgate, element *dup, int64_t rows,
                           int64_t width, int threads) {
    int streams = rows * width * (int64_t)sizeof(element) > STREAMED_BYTES;
#pragma omp parallel for schedule(static) num_threads(threads_for(rows *width, threads))
    for (int64_t row = 0; row < rows; ++row) {
        element to_gate[TILE], to_up[TILE];
        for (int64_t start = 0; start < width; start += TILE) {
            int64_t count = width - start < TILE ? width - start : TILE;
            const element *p = grad + row * grad_stride + start;
            const element *g = gate + row * gate_stride + start, *u = up + row * up_stride + start;
#pragma omp simd
            for (int64_t i = 0; i < count; ++i) {
                float a = load(g[i]), pulled = load(p[i]);
                float sigmoid = NAME(sigmoid)(a), silu = a * sigmoid;
                to_gate[i] = store(pulled * load(u[i]) * (sigmoid + silu * (1.0f - sigmoid)));
                to_up[i] = store(pulled * silu);
            }
            write_tile(dgate + row * width + start, to_gate, count, streams);
            write_tile(dup + row * width + start, to_up, count, streams);
        }
        finish_streams(streams);
    }
}
