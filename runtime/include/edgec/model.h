/*===- edgec/model.h - A compiled model, described -------------*- C -*-===//
 *
 * Part of the edgec project, under the Apache License v2.0 with LLVM
 * Exceptions. See LICENSE for license information.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * Each compiled model NAME carries one constant `edgec_model NAME_model`, by
 * which a generic caller (a binding, a test, a program that has several models)
 * learns its sizes and tensors, and runs it. A program that knows its model
 * calls NAME_run from the generated header instead and links nothing from here.
 *
 * Ownership: the descriptor, its tables and its strings are constant data of
 * the model's object file; nobody frees or writes them. The arena, the inputs
 * and the outputs are the caller's, and a model keeps no pointer to them after
 * invoke returns.
 *
 * Threads: different arenas may be used by different threads at the same time,
 * with no lock. One arena is used by one thread at a time.
 *
 * Layout: the compiler writes this data itself, so the two structs are part of
 * the ABI. They hold only 32-bit integers, one float, pointers and size_t, in an
 * order without padding for 32-bit and for 64-bit pointers:
 *
 *   edgec_tensor       32-bit  64-bit     edgec_model        32-bit  64-bit
 *     name                  0       0       abi_version           0       0
 *     shape                 4       8       arena_align           4       4
 *     bytes                 8      16       n_inputs              8       8
 *     elements             12      24       n_outputs            12      12
 *     dtype                16      32       name                 16      16
 *     rank                 20      36       inputs               20      24
 *     scale                24      40       outputs              24      32
 *     zero_point           28      44       invoke               28      40
 *     (size)               32      48       reset                32      48
 *                                           arena_bytes          36      56
 *                                           state_bytes          40      64
 *                                           stack_bytes          44      72
 *                                           (size)               48      80
 *
 * abi_version stays first in every version to come. Each change of this layout
 * or of a meaning below raises EDGEC_ABI_VERSION.
 *
 *===----------------------------------------------------------------------===*/
#ifndef EDGEC_MODEL_H
#define EDGEC_MODEL_H

#include <stddef.h>
#include <stdint.h>

#include "edgec/parallel.h"
#include "edgec/status.h"

#ifdef __cplusplus
extern "C" {
#endif

#define EDGEC_ABI_VERSION 1u

/* The element type of a tensor; stored as int32_t (see edgec/status.h for why
 * no enum is ever stored). */
typedef enum edgec_dtype {
  EDGEC_FLOAT32 = 1,
  EDGEC_FLOAT64 = 2,
  EDGEC_FLOAT16 = 3,  /* IEEE binary16 */
  EDGEC_BFLOAT16 = 4, /* the upper half of a binary32 */
  EDGEC_INT8 = 5,
  EDGEC_UINT8 = 6,
  EDGEC_INT16 = 7,
  EDGEC_UINT16 = 8,
  EDGEC_INT32 = 9,
  EDGEC_UINT32 = 10,
  EDGEC_INT64 = 11,
  EDGEC_UINT64 = 12,
  EDGEC_BOOL = 13, /* one byte, 0 or 1 */
  EDGEC_INT4 = 14, /* two in a byte, the first in the low half */
  EDGEC_UINT4 = 15 /* likewise */
} edgec_dtype;

/* One input or output: dense, row-major, the last dimension fastest. */
typedef struct edgec_tensor {
  const char *name;     /* the model's own name of it, UTF-8 */
  const int32_t *shape; /* rank extents; null where rank is 0 */
  size_t bytes;         /* of the buffer that the caller passes */
  size_t elements;      /* product of the extents */
  int32_t dtype;        /* an edgec_dtype */
  int32_t rank;
  float scale;        /* real = scale * (stored - zero_point); */
  int32_t zero_point; /*   scale is 0 where it is not quantized */
} edgec_tensor;

typedef struct edgec_model {
  uint32_t abi_version; /* EDGEC_ABI_VERSION of the compiler */
  uint32_t arena_align; /* a power of two */
  int32_t n_inputs;
  int32_t n_outputs;
  const char *name; /* the C prefix: "kws" for kws_run */
  const edgec_tensor *inputs;
  const edgec_tensor *outputs;

  /* Runs the model once on the calling thread. `inputs` and `outputs` hold
   * n_inputs and n_outputs pointers in the order of the tables, each to
   * tensor.bytes bytes aligned as its element type; no output may overlap the
   * arena, an input or another output. `parallel` may be null: everything then
   * runs on the calling thread. Returns 0 or a negative edgec_status; after an
   * error the outputs hold nothing useful. */
  int32_t (*invoke)(void *arena, const void *const *inputs, void *const *outputs,
                    const edgec_parallel_for *parallel);

  /* Puts the state part of the arena into the model's initial state. Null where
   * there is no state; otherwise call it once before the first invoke, and
   * again wherever a new stream begins. */
  void (*reset)(void *arena);

  size_t arena_bytes; /* all of it, with the state part */
  size_t state_bytes; /* what is kept between calls: the first bytes of the arena */
  size_t stack_bytes; /* deepest stack below the caller's frame, 0: unknown */
} edgec_model;

/* The functions below are in the runtime library, for callers that do not
 * trust their arguments. Any thread may call them; they keep nothing. */

/* invoke after every check that can be made: the ABI version, the arena's
 * pointer, alignment and size, and null inputs and outputs. */
int32_t edgec_model_invoke(const edgec_model *model, void *arena, size_t arena_bytes,
                           const void *const *inputs, void *const *outputs,
                           const edgec_parallel_for *parallel);

/* reset after the same checks of the descriptor and the arena; does nothing,
 * and succeeds, where the model has no state. */
int32_t edgec_model_reset(const edgec_model *model, void *arena, size_t arena_bytes);

/* Bits of one element: 32 for EDGEC_FLOAT32, 4 for EDGEC_INT4, 0 for a value
 * that is no edgec_dtype. */
int32_t edgec_dtype_bits(int32_t dtype);

/* "float32", "int8", ...; "unknown" for a value that is no edgec_dtype. */
const char *edgec_dtype_name(int32_t dtype);

#ifdef __cplusplus
}
#endif

#endif /* EDGEC_MODEL_H */
