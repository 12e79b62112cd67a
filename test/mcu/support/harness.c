/*===- harness.c - Runs a model on given inputs, records what it does
 *
 * Part of the edgec project, under the Apache License v2.0 with LLVM
 * Exceptions. See LICENSE for license information.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * emulate.py generates case.h beside the inputs: the model's header, its
 * prefix, the number of calls and the input files. The record (all fields
 * little-endian, as on every target) goes to the file `record`:
 *
 *   uint32  magic, calls, n_outputs
 *   n_outputs times: int32 dtype, int32 rank, rank times int32, uint32 bytes
 *   calls times: int32 status, uint32 stack bytes, int32 fault, outputs
 *
 *===----------------------------------------------------------------------===*/
#include "host.h"

#include "case.h"

enum {
  MAGIC = 0x31434445, /* "EDC1" */
  GUARD = 64,
  FAULT_NONE = 0,
  FAULT_ARENA = 1,  /* wrote outside the arena */
  FAULT_OUTPUT = 2, /* wrote outside an output */
  FAULT_STACK = 3   /* used all the stack there is */
};

#define STACK_PAINT 0xedc0de5au

/* Bytes of an element, at least one. */
static int32_t size_of(int32_t dtype) {
  switch (dtype) {
  case EDGEC_FLOAT64:
  case EDGEC_INT64:
  case EDGEC_UINT64:
    return 8;
  case EDGEC_FLOAT32:
  case EDGEC_INT32:
  case EDGEC_UINT32:
    return 4;
  case EDGEC_FLOAT16:
  case EDGEC_BFLOAT16:
  case EDGEC_INT16:
  case EDGEC_UINT16:
    return 2;
  }
  return 1;
}

/* The arena as a program would declare it, between two guards. */
static struct {
  unsigned char before[CASE_ARENA_ALIGN > GUARD ? CASE_ARENA_ALIGN : GUARD];
  unsigned char bytes[CASE_ARENA_BYTES ? CASE_ARENA_BYTES : 1];
  unsigned char after[GUARD];
} arena __attribute__((aligned(CASE_ARENA_ALIGN > GUARD ? CASE_ARENA_ALIGN : GUARD)));

static void fail(const char *text) {
  host_print("harness: ");
  host_print(text);
  host_print("\n");
  host_exit(71);
}

static void fill(unsigned char *bytes, unsigned char value, size_t count) {
  size_t i;
  for (i = 0; i < count; ++i)
    bytes[i] = value;
}

static int holds(const unsigned char *bytes, unsigned char value, size_t count) {
  size_t i;
  for (i = 0; i < count; ++i)
    if (bytes[i] != value)
      return 0;
  return 1;
}

static void put(int file, const void *data, size_t bytes) {
  if (bytes && host_write(file, data, bytes) != 0)
    fail("cannot write the record");
}

static void put_word(int file, uint32_t word) { put(file, &word, 4); }

static inline __attribute__((always_inline)) uintptr_t stack_pointer(void) {
  uintptr_t sp;
#if defined(__arm__) || defined(__aarch64__)
  __asm__ volatile("mov %0, sp" : "=r"(sp));
#elif defined(__riscv)
  __asm__ volatile("mv %0, sp" : "=r"(sp));
#elif defined(__x86_64__)
  __asm__ volatile("mov %%rsp, %0" : "=r"(sp));
#else
#error "unknown stack pointer"
#endif
  return sp;
}

/* Paints the free stack, calls the model, and finds the deepest word that it
 * changed. Nothing runs below the stack pointer in between: there are no
 * interrupts and no signals. False where the model used all of it. */
__attribute__((noinline)) static int measure(const edgec_model *model, const void *const *inputs,
                                             void *const *outputs, int32_t *status,
                                             uint32_t *stack_bytes) {
  uintptr_t top = stack_pointer() & ~(uintptr_t)3;
  uintptr_t limit = host_stack_limit(top);
  volatile uint32_t *word;
  for (word = (volatile uint32_t *)limit; (uintptr_t)word < top; ++word)
    *word = STACK_PAINT;
  *status = model->invoke(arena.bytes, inputs, outputs, 0);
  for (word = (volatile uint32_t *)limit; (uintptr_t)word < top; ++word)
    if (*word != STACK_PAINT)
      break;
  *stack_bytes = (uint32_t)(top - (uintptr_t)word);
  return (uintptr_t)word != limit;
}

int main(void) {
  const edgec_model *model = &CASE_MODEL;
  unsigned char *buffers[CASE_MAX_OUTPUTS];
  void *outputs[CASE_MAX_OUTPUTS];
  int file, call, i, j;

  if (model->abi_version != EDGEC_ABI_VERSION)
    fail("the model has another abi_version");
  if (model->arena_bytes != CASE_ARENA_BYTES || model->arena_align != CASE_ARENA_ALIGN)
    fail("header and descriptor disagree on the arena");
  if (model->n_inputs != CASE_INPUTS)
    fail("wrong number of inputs");
  if (model->n_outputs > CASE_MAX_OUTPUTS)
    fail("too many outputs");
  for (i = 0; i < CASE_CALLS; ++i)
    for (j = 0; j < CASE_INPUTS; ++j)
      if (model->inputs[j].bytes != case_input_bytes[i][j] ||
          (case_input_dtypes[i][j] && model->inputs[j].dtype != case_input_dtypes[i][j]))
        fail("an input has the wrong dtype or size");

  file = host_create("record");
  if (file < 0)
    fail("cannot create the record");
  put_word(file, MAGIC);
  put_word(file, CASE_CALLS);
  put_word(file, (uint32_t)model->n_outputs);
  for (i = 0; i < model->n_outputs; ++i) {
    const edgec_tensor *tensor = &model->outputs[i];
    put_word(file, (uint32_t)tensor->dtype);
    put_word(file, (uint32_t)tensor->rank);
    for (j = 0; j < tensor->rank; ++j)
      put_word(file, (uint32_t)tensor->shape[j]);
    put_word(file, (uint32_t)tensor->bytes);
    buffers[i] = host_allocate(tensor->bytes + 3 * GUARD, GUARD);
    if (!buffers[i])
      fail("no memory for the outputs");
    /* Aligned as the contract promises and not more. */
    buffers[i] += CASE_IO_ALIGN ? CASE_IO_ALIGN % GUARD : size_of(tensor->dtype);
    outputs[i] = buffers[i] + GUARD;
  }

  /* Memory as a program finds it after other work: never zero. */
  fill(arena.before, 0xa5, sizeof arena.before);
  fill(arena.bytes, 0xa5, sizeof arena.bytes);
  fill(arena.after, 0xa5, sizeof arena.after);
  if (model->reset)
    model->reset(arena.bytes);

  for (call = 0; call < CASE_CALLS; ++call) {
    uint32_t stack_bytes = 0;
    int32_t fault = FAULT_NONE, status = 0;
    for (i = 0; i < model->n_outputs; ++i)
      fill(buffers[i], 0x5a, model->outputs[i].bytes + 2 * GUARD);
    if (!measure(model, case_inputs[call], outputs, &status, &stack_bytes))
      fault = FAULT_STACK;
    for (i = 0; i < model->n_outputs; ++i)
      if (!holds(buffers[i], 0x5a, GUARD) ||
          !holds(buffers[i] + GUARD + model->outputs[i].bytes, 0x5a, GUARD))
        fault = FAULT_OUTPUT;
    if (!holds(arena.before, 0xa5, sizeof arena.before) ||
        !holds(arena.bytes + CASE_ARENA_BYTES, 0xa5, sizeof arena.bytes - CASE_ARENA_BYTES) ||
        !holds(arena.after, 0xa5, sizeof arena.after))
      fault = FAULT_ARENA;
    put_word(file, (uint32_t)status);
    put_word(file, stack_bytes);
    put_word(file, (uint32_t)fault);
    for (i = 0; i < model->n_outputs; ++i)
      put(file, outputs[i], model->outputs[i].bytes);
  }
  host_close(file);
  return 0;
}
