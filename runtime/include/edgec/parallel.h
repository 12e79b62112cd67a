/*===- edgec/parallel.h - Threads that the caller lends ----------*- C -*-===//
 *
 * Part of the edgec project, under the Apache License v2.0 with LLVM
 * Exceptions. See LICENSE for license information.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * A compiled model never starts a thread. One that was compiled with
 * --threads=N splits its large loops into numbered tasks, and hands them to the
 * edgec_parallel_for that its caller passed. Any scheduler fits behind it: an
 * RTOS, OpenMP, a thread pool that the program has already. edgec/pthread_pool.h
 * is one for POSIX systems.
 *
 *===----------------------------------------------------------------------===*/
#ifndef EDGEC_PARALLEL_H
#define EDGEC_PARALLEL_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef void (*edgec_task)(void *context, int32_t index);

/* The contract of run(pool, task, context, count):
 *  - it calls task(context, i) exactly once for each i in [0, count), on any
 *    threads and in any order, also several at a time, and the calling thread
 *    may be one of them; with count <= 0 it calls nothing;
 *  - it returns when all of them are done. What the caller wrote before is
 *    visible to every task, and what the tasks wrote is visible to the caller;
 *  - a task does not call run on the same pool, does not block, and does not
 *    leave by an exception or longjmp;
 *  - unless the pool says otherwise, one thread at a time may call run on it.
 * Tasks write disjoint parts of the arena and outputs, and how the work is cut
 * does not depend on the number of threads: results are the same bit for bit.
 *
 * The caller owns this struct, the pool behind it and the context; the callee
 * keeps none of them after it returns. */
typedef struct edgec_parallel_for {
  void (*run)(void *pool, edgec_task task, void *context, int32_t count);
  void *pool;
} edgec_parallel_for;

/* Runs the tasks one after the other on the calling thread. Any number of
 * threads may use it at once. */
extern const edgec_parallel_for edgec_parallel_serial;

#ifdef __cplusplus
}
#endif

#endif /* EDGEC_PARALLEL_H */
