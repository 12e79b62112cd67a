#include "mixer.h"

/* MIXER_FAULT makes it break one rule, for tests of the harness. */
#ifndef MIXER_FAULT
#define MIXER_FAULT 0
#endif
/* MIXER_MATH makes it need the C library, as float models do. */
#ifdef MIXER_MATH
#include <math.h>
#else
#define expf(x) (x)
#endif
#ifndef MIXER_DEPTH
#define MIXER_DEPTH 16
#endif

int32_t mixer_run(void *arena, const float *restrict a, const float *restrict b,
                  const int8_t *restrict pair, float *restrict sum, int8_t *restrict clipped,
                  int32_t *restrict calls) {
  int32_t *state = (int32_t *)arena;
  float *restrict scratch = (float *)arena + 4;
  volatile char stack[MIXER_DEPTH];
  int i;
  if (!arena || ((uintptr_t)arena & (MIXER_ARENA_ALIGN - 1u)))
    return EDGEC_ERROR_ARENA;
  (void)stack;
  for (i = 0; i < MIXER_DEPTH; ++i)
    stack[i] = (char)i;
  for (i = 0; i < 4; ++i)
    scratch[i] = expf(a[i]) + b[i];
  for (i = 0; i < 4; ++i)
    sum[i] = scratch[i];
  for (i = 0; i < 3; ++i) {
    int32_t t = pair[i] + pair[3 + i];
    clipped[i] = (int8_t)(t > 127 ? 127 : t < -128 ? -128 : t);
  }
  calls[0] = ++*state;
  if (MIXER_FAULT == 1)
    ((unsigned char *)arena)[MIXER_ARENA_BYTES] = 0;
  if (MIXER_FAULT == 2)
    clipped[3] = 0;
  if (MIXER_FAULT == 3)
    return EDGEC_ERROR_SHAPE;
  if (MIXER_FAULT == 4)
    sum[0] = -sum[0];
  return EDGEC_OK;
}

void mixer_reset(void *arena) { *(int32_t *)arena = 0; }

static int32_t invoke(void *arena, const void *const *inputs, void *const *outputs,
                      const edgec_parallel_for *parallel) {
  (void)parallel;
  return mixer_run(arena, (const float *)inputs[0], (const float *)inputs[1],
                   (const int8_t *)inputs[2], (float *)outputs[0], (int8_t *)outputs[1],
                   (int32_t *)outputs[2]);
}

static const int32_t shape_2x2[2] = {2, 2};
static const int32_t shape_2x3[2] = {2, 3};
static const int32_t shape_3[1] = {3};

static const edgec_tensor inputs[3] = {
    {"a", shape_2x2, 16, 4, EDGEC_FLOAT32, 2, 0.0f, 0},
    {"b", shape_2x2, 16, 4, EDGEC_FLOAT32, 2, 0.0f, 0},
    {"pair", shape_2x3, 6, 6, EDGEC_INT8, 2, 0.5f, -3},
};
static const edgec_tensor outputs[3] = {
    {"sum", shape_2x2, 16, 4, EDGEC_FLOAT32, 2, 0.0f, 0},
    {"clipped", shape_3, 3, 3, EDGEC_INT8, 1, 0.5f, -3},
    {"calls", NULL, 4, 1, EDGEC_INT32, 0, 0.0f, 0},
};

const edgec_model mixer_model = {
    EDGEC_ABI_VERSION,
    MIXER_ARENA_ALIGN,
    3,
    3,
    "mixer",
    inputs,
    outputs,
    invoke,
    mixer_reset,
    MIXER_ARENA_BYTES,
    MIXER_STATE_BYTES,
    MIXER_STACK_BYTES,
};
