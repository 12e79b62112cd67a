/*===- edgec/status.h - What a call came to ----------------------*- C -*-===//
 *
 * Part of the edgec project, under the Apache License v2.0 with LLVM
 * Exceptions. See LICENSE for license information.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * Every function of a compiled model and of this runtime that can fail returns
 * int32_t: zero, or one of the negative values below. The type is int32_t and
 * never the enum, because the size of an enum depends on the compiler's flags
 * (-fshort-enums is the default of bare-metal Arm).
 *
 *===----------------------------------------------------------------------===*/
#ifndef EDGEC_STATUS_H
#define EDGEC_STATUS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum edgec_status {
  EDGEC_OK = 0,
  EDGEC_ERROR_ARENA = -1,       /* the arena is null, misaligned or too small */
  EDGEC_ERROR_ARGUMENT = -2,    /* a pointer is null or a count is wrong */
  EDGEC_ERROR_SHAPE = -3,       /* outside what was compiled for, or asserted */
  EDGEC_ERROR_ABI = -4,         /* the descriptor has another abi_version */
  EDGEC_ERROR_UNSUPPORTED = -5, /* this processor or device cannot run it */
  EDGEC_ERROR_SYSTEM = -6       /* the operating system or a driver refused */
} edgec_status;

/* A short text in lower case without a full stop, static and never null, also
 * for values that are no edgec_status. Any thread may call it. */
const char *edgec_status_string(int32_t status);

#ifdef __cplusplus
}
#endif

#endif /* EDGEC_STATUS_H */
