/* RMSNorm, with or without a residual added first.
 *
 * Shapes: x, residual, out, grad [rows, width]; weight, dweight [width]; rstd [rows]. Strides are in elements, from
 * row to row; outputs are contiguous.
 */
#include "../native/numbers.h"

/* summed may be NULL: then out = norm(x). Else summed = x + residual, and out = norm(summed). */
void NAME(rms_norm_forward)(const element *x, int64_t x_stride, const element *residual, int64_t residual_stride,
                            const element *weight, element *out, element *summed, float *rstd, int64_t rows,
                            int64_t width, float eps, int threads) {
#pragma omp parallel for schedule(static) num_threads(threads_for(rows *width, threads))
    for (int64_t row = 0; row < rows; ++row) {
        const element *in = x + row * x_stride;
        element *to = out + row * width;
        if (summed) {
            const element *extra = residual + row * residual_stride;
            element *sum = summed + row * width;
#pragma omp simd
            for (int64_t i = 0; i < width; ++i) sum[i] = store(load(in[i]) + load(extra[i]));
            in = sum;
        }
        float squares = 0.0f;
#pragma omp simd reduction(+ : squares)
        for (int64_t i = 0; i < width; ++i) squares += load(in[i]) * load(in[i]);
        float r = 1.0f / sqrtf(squares / (float)width + eps);
        rstd[row] = r;
#pragma omp simd
        for (int64_t i = 0; i < width; ++i) to[i] = store(load(in[i]) * r * load(weight[i]));
    }
}

static void NAME(rms_norm_backward_row)(const element *grad, const element *in, const element *weight,
                                        const element *extra, float r, element *dx, float *dweight, int64_t width) {
    float product = 0.0f;
#pragma omp simd reduction(+ : product)
    for (int64_t i = 0; i < width; ++i) {
        float pulled = load(grad[i]) * load(in[i]) * r;
        dweight[i] += pulled;
        product += pulled * load(weight[i]);
    }
    float mean = product / (float)width;
    if (extra) {
#pragma omp simd
        for (int64_t i = 0; i < width; ++i)
            dx[i] = store((load(grad[i]) * load(weight[i]) - load(in[i]) * r * mean) * r + load(extra[i]));
    } else {
#pragma omp simd
        for (int64_t i = 0; i < width; ++i)
            dx[i] = store((load(grad[i]) * load(weight[i]) - load(in[i]) * r * mean) * r);
    }
}

/* extra [rows, width], contiguous, is added to dx (the residual stream's own gradient); it may be NULL.
 * partial [blocks, width], zeroed, takes dweight block by block: the cut does not depend on the threads. */
void NAME(rms_norm_backward)(const element *grad, int64_t grad_stride, const element *x, int64_t x_stride,
                             const element *weight, const element *extra, const float *rstd, element *dx,
                             element *dweight, float *partial, int64_t blocks, int64_t rows, int64_t width,
                             int threads) {
    int64_t step = blocks ? (rows + blocks - 1) / blocks : 0;
    int wanted = threads_for(rows * width, threads);
#pragma omp parallel for schedule(static) num_threads(wanted)
    for (int64_t block = 0; block < blocks; ++block) {
        int64_t end = (block + 1) * step < rows ? (block + 1) * step : rows;
        for (int64_t row = block * step; row < end; ++row)
            NAME(rms_norm_backward_row)
            (grad + row * grad_stride, x + row * x_stride, weight, extra ? extra + row * width : NULL, rstd[row],
             dx + row * width, partial + block * width, width);
    }
    for (int64_t block = 1; block < blocks; ++block)
#pragma omp simd
        for (int64_t i = 0; i < width; ++i) partial[i] += partial[block * width + i];
    for (int64_t i = 0; i < width; ++i) dweight[i] = store(blocks ? partial[i] : 0.0f);
}
