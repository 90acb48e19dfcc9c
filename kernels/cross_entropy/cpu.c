/* Cross-entropy of logits [rows, width] against targets [rows], and its gradient in the logits' own place.
 *
 * Of row i with target y, softmax p and L = log-sum-exp, in class weights w (1 where there are none) and smoothing s:
 *   loss_i = share * ((1 - s) w_y (L - x_y) + s / width * sum_c w_c (L - x_c)) + z_share * L^2
 * share and z_share hold the division by the counted rows and the factor z; an ignored row has no loss, no gradient.
 */
#include "../native/numbers.h"

/* How the targets are counted. counted [2]: rows that count, and the sum of their weights.
 * Returns the first row whose target lies outside 0..width-1 and is not ignored, or -1. */
int64_t NAME(cross_entropy_count)(const int64_t *target, const float *class_weight, int64_t ignored, int64_t rows,
                                  int64_t width, double *counted) {
    counted[0] = counted[1] = 0.0;
    for (int64_t row = 0; row < rows; ++row) {
        if (target[row] == ignored) continue;
        if (target[row] < 0 || target[row] >= width) return row;
        counted[0] += 1.0;
        counted[1] += class_weight ? (double)class_weight[target[row]] : 1.0;
    }
    return -1;
}

typedef struct {
    const float *class_weight;
    float class_weight_sum, share, z_share, smoothing;
    int64_t width;
    int streams;
} NAME(terms);

/* The weighted sum of a row's logits: what smoothing adds to its loss. */
static float NAME(smoothed)(const element *x, const NAME(terms) * with) {
    float sum = 0.0f;
    if (with->class_weight) {
#pragma omp simd reduction(+ : sum)
        for (int64_t i = 0; i < with->width; ++i) sum += with->class_weight[i] * load(x[i]);
    } else {
#pragma omp simd reduction(+ : sum)
        for (int64_t i = 0; i < with->width; ++i) sum += load(x[i]);
    }
    return sum;
}

static float NAME(largest)(const element *x, int64_t width) {
    float most = -INFINITY;
#pragma omp simd reduction(max : most)
    for (int64_t i = 0; i < width; ++i) most = load(x[i]) > most ? load(x[i]) : most;
    return most == -INFINITY ? 0.0f : most;
}

/* Four sums side by side: a long row's sum in one float would lose bits that the tolerance needs. */
static float NAME(sum_of_powers)(const element *x, float most, int64_t width) {
    double total = 0.0;
    for (int64_t start = 0; start < width; start += 4096) {
        int64_t end = start + 4096 < width ? start + 4096 : width;
        float sum = 0.0f;
#pragma omp simd reduction(+ : sum)
        for (int64_t i = start; i < end; ++i) sum += exponential(load(x[i]) - most);
        total += (double)sum;
    }
    return (float)total;
}

#ifndef WRIT_BFLOAT16
/* The same, and each power is kept, in its logit's place or in a row of its own: the gradient needs it. */
static float NAME(kept_powers)(const element *x, element *powers, float most, int64_t width) {
    double total = 0.0;
    for (int64_t start = 0; start < width; start += 4096) {
        int64_t end = start + 4096 < width ? start + 4096 : width;
        float sum = 0.0f;
#pragma omp simd reduction(+ : sum)
        for (int64_t i = start; i < end; ++i) {
            float power = exponential(x[i] - most);
            powers[i] = power;
            sum += power;
        }
        total += (double)sum;
    }
    return (float)total;
}
#endif

/* powers: of a float32 row what kept_powers left; of a bfloat16 row the logits, whose powers are made anew (rounded to
 * bfloat16 they could not be kept). It may be the place that the gradient goes to. */
static void NAME(write_gradient)(const element *powers, element *to, int64_t target, float logit, float most,
                                 float normaliser, const NAME(terms) * with) {
    const float *w = with->class_weight;
    float keep = with->share * (1.0f - with->smoothing) * (w ? w[target] : 1.0f);
    float spread = with->share * with->smoothing / (float)with->width;
    float full = keep + spread * with->class_weight_sum + 2.0f * with->z_share * normaliser;
#ifdef WRIT_BFLOAT16
    float scale = full;
    (void)most;
#define POWER(i) exponential(load(powers[i]) - normaliser)
#else
    float scale = full * exponential(most - normaliser);
#define POWER(i) powers[i]
#endif
    int streams = to != powers && with->streams;
    element tile[TILE];
    for (int64_t start = 0; start < with->width; start += TILE) {
        int64_t count = with->width - start < TILE ? with->width - start : TILE;
        if (w && spread != 0.0f) {
#pragma omp simd
            for (int64_t i = 0; i < count; ++i)
                tile[i] = store(POWER(start + i) * scale - spread * w[start + i]);
        } else {
#pragma omp simd
            for (int64_t i = 0; i < count; ++i) tile[i] = store(POWER(start + i) * scale - spread);
        }
        write_tile(to + start, tile, count, streams);
    }
    finish_streams(streams);
#undef POWER
    float probability = exponential(logit - normaliser);
    to[target] = store(probability * full - spread * (w ? w[target] : 1.0f) - keep);
}

/* The loss of a row, and its gradient into `to` (NULL: none). kept: a row of float32 for the powers; may be `to`. */
static float NAME(cross_entropy_row)(const element *x, element *to, element *kept, int64_t target,
                                     const NAME(terms) * with) {
    const float *w = with->class_weight;
    float logit = load(x[target]), most = NAME(largest)(x, with->width);
    float sum = with->smoothing != 0.0f ? NAME(smoothed)(x, with) : 0.0f;
#ifdef WRIT_BFLOAT16
    (void)kept;
    const element *powers = x;
    float normaliser = most + logf(NAME(sum_of_powers)(x, most, with->width));
#else
    const element *powers = kept;
    float normaliser = most + logf(to ? NAME(kept_powers)(x, kept, most, with->width)
                                      : NAME(sum_of_powers)(x, most, with->width));
#endif
    if (to) NAME(write_gradient)(powers, to, target, logit, most, normaliser, with);
    float keep = (1.0f - with->smoothing) * (w ? w[target] : 1.0f);
    float loss = keep * (normaliser - logit);
    if (with->smoothing != 0.0f)
        loss += with->smoothing / (float)with->width * (with->class_weight_sum * normaliser - sum);
    return with->share * loss + with->z_share * normaliser * normaliser;
}

/* gradients may be NULL (the loss alone), the logits' own place, or [rows, width], contiguous. scratch [threads, width]
 * keeps a row's powers near while its gradient goes past the caches; NULL: they stay where the gradient goes. */
void NAME(cross_entropy)(element *logits, int64_t stride, element *gradients, element *scratch, const int64_t *target,
                         const float *class_weight, float class_weight_sum, float *losses, int64_t ignored,
                         float smoothing, float share, float z_share, int64_t rows, int64_t width, int threads) {
    const NAME(terms) with = {class_weight, class_weight ? class_weight_sum : (float)width, share, z_share, smoothing,
                              width,        rows * width * (int64_t)sizeof(element) > STREAMED_BYTES};
    int64_t out_stride = gradients == logits ? stride : width;
    /* Threads take rows in equal contiguous parts, each with its own row of scratch. */
#pragma omp parallel for schedule(static, 1) num_threads(threads)
    for (int part = 0; part < threads; ++part) {
        for (int64_t row = rows * part / threads; row < rows * (part + 1) / threads; ++row) {
            element *to = gradients ? gradients + row * out_stride : NULL;
            int counts = target[row] != ignored;
            if (to && !counts) memset(to, 0, (size_t)width * sizeof(element));
            losses[row] = counts ? NAME(cross_entropy_row)(logits + row * stride, to,
                                                           scratch ? scratch + part * width : to, target[row], &with)
                                 : 0.0f;
        }
    }
}
