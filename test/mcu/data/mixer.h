/* A model by hand, in the form that the compiler generates: out = a + b in
 * float, an int8 sum that saturates, and how often it was called since reset. */
#ifndef MIXER_H
#define MIXER_H

#include <stddef.h>
#include <stdint.h>

#include "edgec/model.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MIXER_ARENA_BYTES 64u
#define MIXER_STATE_BYTES 4u
#define MIXER_ARENA_ALIGN 16u
#define MIXER_STACK_BYTES 0u

int32_t mixer_run(void *arena, const float *a, const float *b, const int8_t *pair, float *sum,
                  int8_t *clipped, int32_t *calls);
void mixer_reset(void *arena);
extern const edgec_model mixer_model;

#ifdef __cplusplus
}
#endif

#endif
