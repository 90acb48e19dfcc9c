/* Every operation for bfloat16 tensors. */
#define WRIT_BFLOAT16
#include "../adamw/cpu.c"
#include "../cross_entropy/cpu.c"
#include "../rms_norm/cpu.c"
#include "../rope/cpu.c"
#include "../swiglu/cpu.c"
