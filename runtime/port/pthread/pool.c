/*===- pool.c - A thread pool in caller-owned memory
 *
 * Part of the edgec project, under the Apache License v2.0 with LLVM
 * Exceptions. See LICENSE for license information.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * A region is claimed task by task from one atomic word, so a thread that the
 * system has taken off its core holds up at most the one task it is in, and the
 * others take the rest; a barrier that every worker must reach would instead
 * wait for the slowest one in each region. Waiting is in three steps: a short
 * spin, because the next region of a model usually comes within microseconds;
 * then giving up the core between looks; then sleep.
 *
 *===----------------------------------------------------------------------===*/
#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L
#endif

#include "edgec/pthread_pool.h"

#include <sched.h>
#include <time.h>

#define SPIN_NANOSECONDS 20000
#define YIELD_NANOSECONDS 100000

static void relax(void) {
#if defined(__x86_64__) || defined(__i386__)
  __asm__ __volatile__("pause");
#elif defined(__aarch64__)
  __asm__ __volatile__("isb"); /* yield is a no-op on most cores */
#endif
}

static int64_t nanoseconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Waits awake until ready(pool); false when it is time to sleep. */
static int wait_awake(edgec_pthread_pool *pool, int (*ready)(edgec_pthread_pool *)) {
  int64_t begin = nanoseconds(), waited = 0;
  do {
    int i;
    for (i = 0; i < 32; ++i) {
      if (ready(pool))
        return 1;
      relax();
    }
    if (waited > SPIN_NANOSECONDS)
      sched_yield();
    waited = nanoseconds() - begin;
  } while (waited < YIELD_NANOSECONDS);
  return ready(pool);
}

static int has_work(edgec_pthread_pool *pool) {
  return (uint32_t)__atomic_load_n(&pool->ticket, __ATOMIC_SEQ_CST) != 0 ||
         __atomic_load_n(&pool->stop, __ATOMIC_SEQ_CST) != 0;
}

static int is_done(edgec_pthread_pool *pool) {
  return __atomic_load_n(&pool->unfinished, __ATOMIC_SEQ_CST) == 0;
}

/* Runs tasks while there are any, and reports how many it ran. The fields of a
 * region are written only while the ticket has no task left, and a successful
 * exchange proves that the ticket, so also the generation, has not changed since
 * they were read. */
static void help(edgec_pthread_pool *pool) {
  uint32_t ran = 0;
  uint64_t ticket = __atomic_load_n(&pool->ticket, __ATOMIC_ACQUIRE);
  while ((uint32_t)ticket != 0) {
    edgec_task task = __atomic_load_n(&pool->task, __ATOMIC_RELAXED);
    void *context = __atomic_load_n(&pool->context, __ATOMIC_RELAXED);
    int32_t count = __atomic_load_n(&pool->count, __ATOMIC_RELAXED);
    if (!__atomic_compare_exchange_n(&pool->ticket, &ticket, ticket - 1, 0, __ATOMIC_ACQ_REL,
                                     __ATOMIC_ACQUIRE))
      continue;
    task(context, count - (int32_t)(uint32_t)ticket);
    ++ran;
    ticket = __atomic_load_n(&pool->ticket, __ATOMIC_ACQUIRE);
  }
  if (ran == 0 || __atomic_sub_fetch(&pool->unfinished, ran, __ATOMIC_SEQ_CST) != 0)
    return;
  if (__atomic_load_n(&pool->caller_sleeps, __ATOMIC_SEQ_CST)) {
    pthread_mutex_lock(&pool->mutex);
    pthread_cond_signal(&pool->done);
    pthread_mutex_unlock(&pool->mutex);
  }
}

static void *work(void *argument) {
  edgec_pthread_pool *pool = (edgec_pthread_pool *)argument;
  for (;;) {
    if (!wait_awake(pool, has_work)) {
      pthread_mutex_lock(&pool->mutex);
      __atomic_add_fetch(&pool->sleepers, 1, __ATOMIC_SEQ_CST);
      while (!has_work(pool))
        pthread_cond_wait(&pool->work, &pool->mutex);
      __atomic_sub_fetch(&pool->sleepers, 1, __ATOMIC_SEQ_CST);
      pthread_mutex_unlock(&pool->mutex);
    }
    if (__atomic_load_n(&pool->stop, __ATOMIC_ACQUIRE))
      return 0;
    help(pool);
  }
}

static void run(void *opaque, edgec_task task, void *context, int32_t count) {
  edgec_pthread_pool *pool = (edgec_pthread_pool *)opaque;
  uint64_t generation;
  if (count <= 1 || pool->workers == 0) {
    int32_t i;
    for (i = 0; i < count; ++i)
      task(context, i);
    return;
  }

  generation = (__atomic_load_n(&pool->ticket, __ATOMIC_RELAXED) >> 32) + 1;
  __atomic_store_n(&pool->task, task, __ATOMIC_RELAXED);
  __atomic_store_n(&pool->context, context, __ATOMIC_RELAXED);
  __atomic_store_n(&pool->count, count, __ATOMIC_RELAXED);
  __atomic_store_n(&pool->unfinished, (uint32_t)count, __ATOMIC_RELAXED);
  __atomic_store_n(&pool->ticket, generation << 32 | (uint32_t)count, __ATOMIC_SEQ_CST);
  if (__atomic_load_n(&pool->sleepers, __ATOMIC_SEQ_CST)) {
    pthread_mutex_lock(&pool->mutex);
    pthread_cond_broadcast(&pool->work);
    pthread_mutex_unlock(&pool->mutex);
  }

  help(pool);
  if (wait_awake(pool, is_done))
    return;
  pthread_mutex_lock(&pool->mutex);
  __atomic_store_n(&pool->caller_sleeps, 1, __ATOMIC_SEQ_CST);
  while (!is_done(pool))
    pthread_cond_wait(&pool->done, &pool->mutex);
  __atomic_store_n(&pool->caller_sleeps, 0, __ATOMIC_SEQ_CST);
  pthread_mutex_unlock(&pool->mutex);
}

int32_t edgec_pthread_pool_init(edgec_pthread_pool *pool, int32_t threads) {
  if (!pool || threads < 1 || threads > EDGEC_PTHREAD_POOL_MAX)
    return EDGEC_ERROR_ARGUMENT;
  pool->ticket = 0;
  pool->unfinished = 0;
  pool->task = 0;
  pool->context = 0;
  pool->count = 0;
  pool->sleepers = 0;
  pool->caller_sleeps = 0;
  pool->stop = 0;
  pool->workers = 0;
  if (pthread_mutex_init(&pool->mutex, 0) != 0)
    return EDGEC_ERROR_SYSTEM;
  if (pthread_cond_init(&pool->work, 0) != 0) {
    pthread_mutex_destroy(&pool->mutex);
    return EDGEC_ERROR_SYSTEM;
  }
  if (pthread_cond_init(&pool->done, 0) != 0) {
    pthread_cond_destroy(&pool->work);
    pthread_mutex_destroy(&pool->mutex);
    return EDGEC_ERROR_SYSTEM;
  }
  while (pool->workers < threads - 1) {
    if (pthread_create(&pool->threads[pool->workers], 0, work, pool) != 0) {
      edgec_pthread_pool_destroy(pool);
      return EDGEC_ERROR_SYSTEM;
    }
    ++pool->workers;
  }
  return EDGEC_OK;
}

void edgec_pthread_pool_destroy(edgec_pthread_pool *pool) {
  int32_t i;
  pthread_mutex_lock(&pool->mutex);
  __atomic_store_n(&pool->stop, 1, __ATOMIC_SEQ_CST);
  pthread_cond_broadcast(&pool->work);
  pthread_mutex_unlock(&pool->mutex);
  for (i = 0; i < pool->workers; ++i)
    pthread_join(pool->threads[i], 0);
  pthread_cond_destroy(&pool->done);
  pthread_cond_destroy(&pool->work);
  pthread_mutex_destroy(&pool->mutex);
}

edgec_parallel_for edgec_pthread_pool_parallel(edgec_pthread_pool *pool) {
  edgec_parallel_for parallel;
  parallel.run = run;
  parallel.pool = pool;
  return parallel;
}
