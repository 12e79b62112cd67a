/* edgec_model_invoke refuses each bad argument before the model sees it. */
#include "mixer.h"

#include <stdio.h>
#include <string.h>

#define EXPECT(x)                                                                                  \
  do {                                                                                             \
    if (!(x)) {                                                                                    \
      fprintf(stderr, "line %d: %s\n", __LINE__, #x);                                              \
      return 1;                                                                                    \
    }                                                                                              \
  } while (0)

static _Alignas(16) unsigned char arena[MIXER_ARENA_BYTES + 16];

int main(void) {
  const edgec_model *model = &mixer_model;
  const size_t bytes = MIXER_ARENA_BYTES;
  const float a[4] = {1, 2, 3, 4}, b[4] = {10, 20, 30, 40};
  const int8_t pair[6] = {100, -100, 1, 100, -100, 2};
  float sum[4];
  int8_t clipped[3];
  int32_t calls, status;
  const void *inputs[3] = {a, b, pair};
  void *outputs[3] = {sum, clipped, &calls};
  edgec_parallel_for parallel = edgec_parallel_serial;
  edgec_model other = mixer_model;

  EXPECT(edgec_model_reset(model, arena, bytes) == EDGEC_OK);
  EXPECT(edgec_model_invoke(model, arena, bytes, inputs, outputs, NULL) == 0);
  EXPECT(edgec_model_invoke(model, arena, bytes, inputs, outputs, &parallel) == 0);
  EXPECT(sum[3] == 44 && clipped[0] == 127 && clipped[1] == -128 && clipped[2] == 3 && calls == 2);

  EXPECT(edgec_model_invoke(NULL, arena, bytes, inputs, outputs, NULL) == EDGEC_ERROR_ARGUMENT);
  EXPECT(edgec_model_invoke(model, NULL, bytes, inputs, outputs, NULL) == EDGEC_ERROR_ARENA);
  EXPECT(edgec_model_invoke(model, arena + 8, bytes, inputs, outputs, NULL) == EDGEC_ERROR_ARENA);
  EXPECT(edgec_model_invoke(model, arena, bytes - 1, inputs, outputs, NULL) == EDGEC_ERROR_ARENA);
  EXPECT(edgec_model_reset(model, arena + 4, bytes) == EDGEC_ERROR_ARENA);
  EXPECT(edgec_model_invoke(model, arena, bytes, NULL, outputs, NULL) == EDGEC_ERROR_ARGUMENT);
  inputs[1] = NULL;
  EXPECT(edgec_model_invoke(model, arena, bytes, inputs, outputs, NULL) == EDGEC_ERROR_ARGUMENT);
  inputs[1] = b;
  outputs[2] = NULL;
  EXPECT(edgec_model_invoke(model, arena, bytes, inputs, outputs, NULL) == EDGEC_ERROR_ARGUMENT);
  outputs[2] = &calls;
  parallel.run = NULL;
  EXPECT(edgec_model_invoke(model, arena, bytes, inputs, outputs, &parallel) ==
         EDGEC_ERROR_ARGUMENT);
  other.abi_version++;
  EXPECT(edgec_model_invoke(&other, arena, bytes, inputs, outputs, NULL) == EDGEC_ERROR_ABI);

  for (status = 2; status > -10; --status)
    EXPECT(edgec_status_string(status)[0]);
  EXPECT(strcmp(edgec_status_string(EDGEC_OK), "ok") == 0);
  EXPECT(edgec_dtype_bits(EDGEC_INT4) == 4 && edgec_dtype_bits(0) == 0);
  EXPECT(strcmp(edgec_dtype_name(EDGEC_BFLOAT16), "bfloat16") == 0);
  EXPECT(strcmp(edgec_dtype_name(99), "unknown") == 0);
  return 0;
}
