/*===- parallel.c - Tasks without threads
 *
 * Part of the edgec project, under the Apache License v2.0 with LLVM
 * Exceptions. See LICENSE for license information.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===----------------------------------------------------------------------===*/
#include "edgec/parallel.h"

static void run_serially(void *pool, edgec_task task, void *context, int32_t count) {
  int32_t i;
  (void)pool;
  for (i = 0; i < count; ++i)
    task(context, i);
}

const edgec_parallel_for edgec_parallel_serial = {run_serially, 0};
