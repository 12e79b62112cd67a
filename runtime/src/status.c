/*===- status.c - The text of a status
 *
 * Part of the edgec project, under the Apache License v2.0 with LLVM
 * Exceptions. See LICENSE for license information.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===----------------------------------------------------------------------===*/
#include "edgec/status.h"

const char *edgec_status_string(int32_t status) {
  switch (status) {
  case EDGEC_OK:
    return "ok";
  case EDGEC_ERROR_ARENA:
    return "arena is null, misaligned or too small";
  case EDGEC_ERROR_ARGUMENT:
    return "invalid argument";
  case EDGEC_ERROR_SHAPE:
    return "shape is outside what the model was compiled for";
  case EDGEC_ERROR_ABI:
    return "model was compiled for another abi version";
  case EDGEC_ERROR_UNSUPPORTED:
    return "not supported by this processor or device";
  case EDGEC_ERROR_SYSTEM:
    return "refused by the operating system or a driver";
  }
  return "unknown status";
}
