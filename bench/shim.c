/* What bench/peers.py calls: a model compiled with --name=bench, its memory bound beforehand, so
 * that one run is one call without arguments, as it is for the peers. */
#include <stdlib.h>
#include <string.h>

#include "edgec/model.h"
#include "edgec/pthread_pool.h"

extern const edgec_model bench_model;

static void *arena;
static const void **inputs;
static void **outputs;
static edgec_pthread_pool pool;
static edgec_parallel_for parallel;
static const edgec_parallel_for *used;

static void *aligned(size_t bytes) {
  void *memory = NULL;
  if (posix_memalign(&memory, 64, bytes ? bytes : 1))
    return NULL;
  memset(memory, 0, bytes);
  return memory;
}

/* 0, or what went wrong. */
int32_t shim_bind(int32_t threads) {
  arena = aligned(bench_model.arena_bytes);
  inputs = calloc((size_t)bench_model.n_inputs + 1, sizeof *inputs);
  outputs = calloc((size_t)bench_model.n_outputs + 1, sizeof *outputs);
  if (!arena || !inputs || !outputs)
    return 1;
  for (int32_t i = 0; i < bench_model.n_inputs; ++i)
    if (!(inputs[i] = aligned(bench_model.inputs[i].bytes)))
      return 1;
  for (int32_t i = 0; i < bench_model.n_outputs; ++i)
    if (!(outputs[i] = aligned(bench_model.outputs[i].bytes)))
      return 1;
  if (threads > 1) {
    if (edgec_pthread_pool_init(&pool, threads) != EDGEC_OK)
      return 2;
    parallel = edgec_pthread_pool_parallel(&pool);
    used = &parallel;
  }
  if (bench_model.reset)
    bench_model.reset(arena);
  return 0;
}

void *shim_input(int32_t index) { return (void *)inputs[index]; }
void *shim_output(int32_t index) { return outputs[index]; }
size_t shim_input_bytes(int32_t index) { return bench_model.inputs[index].bytes; }

int32_t shim_run(void) { return bench_model.invoke(arena, inputs, outputs, used); }
