/* Every operation for float32 tensors. */
#include "../adamw/cpu.c"
#include "../cross_entropy/cpu.c"
#include "../rms_norm/cpu.c"
#include "../rope/cpu.c"
#include "../swiglu/cpu.c"
