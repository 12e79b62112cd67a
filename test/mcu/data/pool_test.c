/* Regions of every small size on 1 to 6 threads, more than there are cores,
 * close together and far apart: each task must run exactly once, and what it
 * wrote must be there when run returns. */
#define _POSIX_C_SOURCE 200809L
#include "edgec/pthread_pool.h"

#include <stdio.h>
#include <time.h>

enum { MOST = 40 };

typedef struct region {
  int32_t base;
  int32_t values[MOST]; /* not atomic: tasks write disjoint parts */
  int32_t calls[MOST];
} region;

static void task(void *context, int32_t index) {
  region *r = (region *)context;
  volatile int32_t spin;
  for (spin = r->base % 1100 ? 0 : 3000; spin > 0; --spin) {
  } /* in some regions long enough that all threads are in tasks */
  r->values[index] = r->base + index;
  r->calls[index]++;
}

static int regions(const edgec_parallel_for *parallel, int32_t rounds) {
  struct timespec pause = {0, 300000};
  int32_t round, i;
  for (round = 0; round < rounds; ++round) {
    int32_t count = round % (MOST + 1);
    region r = {0};
    r.base = round * 100;
    parallel->run(parallel->pool, task, &r, count);
    for (i = 0; i < MOST; ++i) {
      int32_t calls = i < count, value = calls ? r.base + i : 0;
      if (r.calls[i] != calls || r.values[i] != value) {
        fprintf(stderr, "round %d: task %d ran %d times\n", (int)round, (int)i, (int)r.calls[i]);
        return 1;
      }
    }
    if (round % 50 == 0) /* long enough that the workers go to sleep */
      nanosleep(&pause, NULL);
  }
  parallel->run(parallel->pool, task, NULL, 0);
  parallel->run(parallel->pool, task, NULL, -1);
  return 0;
}

int main(void) {
  static edgec_pthread_pool pool;
  int32_t threads;
  if (regions(&edgec_parallel_serial, 100))
    return 1;
  if (edgec_pthread_pool_init(&pool, 0) != EDGEC_ERROR_ARGUMENT ||
      edgec_pthread_pool_init(&pool, EDGEC_PTHREAD_POOL_MAX + 1) != EDGEC_ERROR_ARGUMENT)
    return 2;
  for (threads = 1; threads <= 6; ++threads) {
    edgec_parallel_for parallel;
    if (edgec_pthread_pool_init(&pool, threads) != EDGEC_OK)
      return 3;
    parallel = edgec_pthread_pool_parallel(&pool);
    if (regions(&parallel, 3000))
      return 1;
    edgec_pthread_pool_destroy(&pool);
  }
  return 0;
}
