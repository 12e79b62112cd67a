/*===- model.c - Calls through the descriptor
 *
 * Part of the edgec project, under the Apache License v2.0 with LLVM
 * Exceptions. See LICENSE for license information.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===----------------------------------------------------------------------===*/
#include "edgec/model.h"

static int32_t check(const edgec_model *model, const void *arena, size_t arena_bytes) {
  if (!model)
    return EDGEC_ERROR_ARGUMENT;
  if (model->abi_version != EDGEC_ABI_VERSION)
    return EDGEC_ERROR_ABI;
  if (arena_bytes < model->arena_bytes)
    return EDGEC_ERROR_ARENA;
  /* A model that needs no memory takes any arena, also none. */
  if (model->arena_bytes && (!arena || ((uintptr_t)arena & (model->arena_align - 1u))))
    return EDGEC_ERROR_ARENA;
  return EDGEC_OK;
}

int32_t edgec_model_invoke(const edgec_model *model, void *arena, size_t arena_bytes,
                           const void *const *inputs, void *const *outputs,
                           const edgec_parallel_for *parallel) {
  int32_t i;
  int32_t status = check(model, arena, arena_bytes);
  if (status != EDGEC_OK)
    return status;
  if ((model->n_inputs && !inputs) || (model->n_outputs && !outputs) ||
      (parallel && !parallel->run))
    return EDGEC_ERROR_ARGUMENT;
  for (i = 0; i < model->n_inputs; ++i)
    if (!inputs[i] && model->inputs[i].bytes)
      return EDGEC_ERROR_ARGUMENT;
  for (i = 0; i < model->n_outputs; ++i)
    if (!outputs[i] && model->outputs[i].bytes)
      return EDGEC_ERROR_ARGUMENT;
  return model->invoke(arena, inputs, outputs, parallel);
}

int32_t edgec_model_reset(const edgec_model *model, void *arena, size_t arena_bytes) {
  int32_t status = check(model, arena, arena_bytes);
  if (status == EDGEC_OK && model->reset)
    model->reset(arena);
  return status;
}

int32_t edgec_dtype_bits(int32_t dtype) {
  switch (dtype) {
  case EDGEC_INT4:
  case EDGEC_UINT4:
    return 4;
  case EDGEC_INT8:
  case EDGEC_UINT8:
  case EDGEC_BOOL:
    return 8;
  case EDGEC_FLOAT16:
  case EDGEC_BFLOAT16:
  case EDGEC_INT16:
  case EDGEC_UINT16:
    return 16;
  case EDGEC_FLOAT32:
  case EDGEC_INT32:
  case EDGEC_UINT32:
    return 32;
  case EDGEC_FLOAT64:
  case EDGEC_INT64:
  case EDGEC_UINT64:
    return 64;
  }
  return 0;
}

const char *edgec_dtype_name(int32_t dtype) {
  switch (dtype) {
  case EDGEC_FLOAT32:
    return "float32";
  case EDGEC_FLOAT64:
    return "float64";
  case EDGEC_FLOAT16:
    return "float16";
  case EDGEC_BFLOAT16:
    return "bfloat16";
  case EDGEC_INT8:
    return "int8";
  case EDGEC_UINT8:
    return "uint8";
  case EDGEC_INT16:
    return "int16";
  case EDGEC_UINT16:
    return "uint16";
  case EDGEC_INT32:
    return "int32";
  case EDGEC_UINT32:
    return "uint32";
  case EDGEC_INT64:
    return "int64";
  case EDGEC_UINT64:
    return "uint64";
  case EDGEC_BOOL:
    return "bool";
  case EDGEC_INT4:
    return "int4";
  case EDGEC_UINT4:
    return "uint4";
  }
  return "unknown";
}
