/*===- edgec/profile.h - The hook of --profile -------------------*- C -*-===//
 *
 * Part of the edgec project, under the Apache License v2.0 with LLVM
 * Exceptions. See LICENSE for license information.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===----------------------------------------------------------------------===*/
#ifndef EDGEC_PROFILE_H
#define EDGEC_PROFILE_H

#include <stdint.h>

#include "edgec/model.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a model compiled with --profile calls around each op: with begin 1
 * before it and with begin 0 after it. op is the row of the per-op table in the
 * manifest of that model, counted from zero; several models may share one hook.
 *
 * The program defines this function, once; its manifest lists it among the
 * undefined symbols. It runs on the thread that called the model, between
 * parallel regions and never inside a task, and must not touch the arena, the
 * inputs or the outputs. Its stack is not part of NAME_STACK_BYTES. A model
 * compiled without --profile contains no call, and needs no such function. */
void edgec_profile_hook(const edgec_model *model, int32_t op, int32_t begin);

#ifdef __cplusplus
}
#endif

#endif /* EDGEC_PROFILE_H */
