/* Runs both forms of the model on the same input, and prints the result: through its own function,
 * and through the descriptor. */
#include "classifier.h"
#include "threaded.h"

#include <stdio.h>
#include <string.h>

_Static_assert(CLASSIFIER_ARENA_BYTES <= 64 * 1024, "RAM budget");
static _Alignas(CLASSIFIER_ARENA_ALIGN) unsigned char arena[CLASSIFIER_ARENA_BYTES];
static _Alignas(THREADED_ARENA_ALIGN) unsigned char arena2[THREADED_ARENA_BYTES];

int main(void) {
  float x[CLASSIFIER_X_LENGTH], y[CLASSIFIER_Y_LENGTH], z[THREADED_Y_LENGTH];
  for (unsigned i = 0; i < CLASSIFIER_X_LENGTH; ++i)
    x[i] = (float)((int)(i * 37 % 64) - 32) / 16;

  if (classifier_run(arena, x, y) != EDGEC_OK)
    return 1;
  const void *inputs[] = {x};
  void *outputs[] = {z};
  if (edgec_model_invoke(&threaded_model, arena2, sizeof arena2, inputs, outputs, NULL) != EDGEC_OK)
    return 2;
  if (memcmp(y, z, sizeof y))
    return 3;
  for (unsigned i = 0; i < CLASSIFIER_Y_LENGTH; ++i)
    printf("%.9g\n", (double)y[i]);
  return 0;
}
