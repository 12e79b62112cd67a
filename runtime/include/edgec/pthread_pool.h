/*===- edgec/pthread_pool.h - Threads on a POSIX system ----------*- C -*-===//
 *
 * Part of the edgec project, under the Apache License v2.0 with LLVM
 * Exceptions. See LICENSE for license information.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * An edgec_parallel_for over pthreads (source: port/pthread/pool.c; needs the
 * __atomic builtins of GCC or Clang with 64-bit compare-and-swap):
 *
 *   static edgec_pthread_pool pool;
 *   edgec_parallel_for threads;
 *   if (edgec_pthread_pool_init(&pool, 4) != EDGEC_OK) ...
 *   threads = edgec_pthread_pool_parallel(&pool);
 *   model->invoke(arena, inputs, outputs, &threads);
 *   edgec_pthread_pool_destroy(&pool);
 *
 *===----------------------------------------------------------------------===*/
#ifndef EDGEC_PTHREAD_POOL_H
#define EDGEC_PTHREAD_POOL_H

#include <pthread.h>
#include <stdint.h>

#include "edgec/parallel.h"
#include "edgec/status.h"

#ifdef __cplusplus
extern "C" {
#endif

#define EDGEC_PTHREAD_POOL_MAX 64

/* The caller owns it and keeps it at one address from init to destroy. The
 * fields are the pool's own. There is no other memory: the pool never
 * allocates (what pthread_create does for a thread's stack is the system's). */
typedef struct edgec_pthread_pool {
  /* Generation in the upper half, unclaimed tasks in the lower: one word, so
   * that nobody can claim a task of a region that has ended. */
  uint64_t ticket __attribute__((aligned(8)));
  char apart[56]; /* the words that all threads write, a cache line apart */
  uint32_t unfinished;
  char aside[60];
  edgec_task task;
  void *context;
  int32_t count;
  uint32_t sleepers;
  uint32_t caller_sleeps;
  uint32_t stop;
  int32_t workers;
  pthread_mutex_t mutex;
  pthread_cond_t work;
  pthread_cond_t done;
  pthread_t threads[EDGEC_PTHREAD_POOL_MAX - 1];
} edgec_pthread_pool;

/* Starts threads - 1 workers; the thread that calls run is the last one.
 * `threads` is from 1 to EDGEC_PTHREAD_POOL_MAX. On an error nothing is left
 * running and destroy must not be called. */
int32_t edgec_pthread_pool_init(edgec_pthread_pool *pool, int32_t threads);

/* Ends the workers and waits for them. Nobody may be inside run. */
void edgec_pthread_pool_destroy(edgec_pthread_pool *pool);

/* The pool as models take it. Any thread may call run, one at a time. */
edgec_parallel_for edgec_pthread_pool_parallel(edgec_pthread_pool *pool);

#ifdef __cplusplus
}
#endif

#endif /* EDGEC_PTHREAD_POOL_H */
