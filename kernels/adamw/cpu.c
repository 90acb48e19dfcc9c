/* One AdamW step over many tensors of float32 parameters and moments; gradients (and copies) are of type element.
 *
 * keep = 1 - rate * decay; root = sqrt(1 - beta2^t); size = rate / (1 - beta1^t). Where the gradient's scale is not
 * finite nothing is touched. copies may be NULL; else copies[t] takes the moved parameter, rounded.
 */
#include "../native/numbers.h"

#define ADAMW_BLOCK 16384

typedef struct {
    float scale, beta1, beta2, eps, keep, size, root;
} NAME(adamw_numbers);

static void NAME(adamw_block)(float *parameter, const element *gradient, float *first, float *second, element *copy,
                              int64_t count, const NAME(adamw_numbers) * with) {
    const float scale = with->scale, stay = with->beta2, come = 1.0f - with->beta2, move = 1.0f - with->beta1;
    const float eps = with->eps * with->root, size = with->size * with->root, keep = with->keep;
#pragma omp simd
    for (int64_t i = 0; i < count; ++i) {
        float g = load(gradient[i]) * scale;
        float m = first[i] + move * (g - first[i]);
        float v = second[i] * stay + come * g * g;
        first[i] = m;
        second[i] = v;
        parameter[i] = parameter[i] * keep - size * m / (sqrtf(v) + eps);
    }
    if (copy) {
#pragma omp simd
        for (int64_t i = 0; i < count; ++i) copy[i] = store(parameter[i]);
    }
}

void NAME(adamw)(int64_t tensors, float *const *parameters, const element *const *gradients, float *const *firsts,
                 float *const *seconds, element *const *copies, const int64_t *sizes, float scale, float beta1,
                 float beta2, float eps, float keep, float size, float root, int threads) {
    if (!isfinite(scale)) return;
    const NAME(adamw_numbers) with = {scale, beta1, beta2, eps, keep, size, root};
    int64_t total = 0;
    for (int64_t t = 0; t < tensors; ++t) total += sizes[t];
#pragma omp parallel num_threads(threads_for(total, threads))
    for (int64_t t = 0; t < tensors; ++t) {
        int64_t blocks = (sizes[t] + ADAMW_BLOCK - 1) / ADAMW_BLOCK;
#pragma omp for schedule(static) nowait
        for (int64_t block = 0; block < blocks; ++block) {
            int64_t start = block * ADAMW_BLOCK;
            int64_t count = sizes[t] - start < ADAMW_BLOCK ? sizes[t] - start : ADAMW_BLOCK;
            NAME(adamw_block)
            (parameters[t] + start, gradients[t] + start, firsts[t] + start, seconds[t] + start,
             copies ? copies[t] + start : NULL, count, &with);
        }
    }
}

static float NAME(squares)(const element *values, int64_t count) {
    float sum = 0.0f;
#pragma omp simd reduction(+ : sum)
    for (int64_t i = 0; i < count; ++i) sum += load(values[i]) * load(values[i]);
    return sum;
}

/* The sum of all gradients' squares, block by block in a fixed order, in double. partial has one place a block. */
double NAME(sum_of_squares)(int64_t tensors, const element *const *gradients, const int64_t *sizes, double *partial,
                            int threads) {
    int64_t total = 0, places = 0;
    for (int64_t t = 0; t < tensors; ++t) total += sizes[t];
    for (int64_t t = 0; t < tensors; ++t) places += (sizes[t] + ADAMW_BLOCK - 1) / ADAMW_BLOCK;
#pragma omp parallel num_threads(threads_for(total, threads))
    for (int64_t t = 0, before = 0; t < tensors; ++t) {
        int64_t blocks = (sizes[t] + ADAMW_BLOCK - 1) / ADAMW_BLOCK;
#pragma omp for schedule(static) nowait
        for (int64_t block = 0; block < blocks; ++block) {
            int64_t start = block * ADAMW_BLOCK;
            int64_t count = sizes[t] - start < ADAMW_BLOCK ? sizes[t] - start : ADAMW_BLOCK;
            partial[before + block] = (double)NAME(squares)(gradients[t] + start, count);
        }
        before += blocks;
    }
    double sum = 0.0;
    for (int64_t block = 0; block < places; ++block) sum += partial[block];
    return sum;
}
