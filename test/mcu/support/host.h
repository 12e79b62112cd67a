/*===- host.h - What the harness needs from its machine
 *
 * Part of the edgec project, under the Apache License v2.0 with LLVM
 * Exceptions. See LICENSE for license information.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * Bare metal reaches the machine that runs the emulator by semihosting, user
 * mode by POSIX; the harness is the same.
 *
 *===----------------------------------------------------------------------===*/
#ifndef EDGEC_TEST_MCU_HOST_H
#define EDGEC_TEST_MCU_HOST_H

#include <stddef.h>
#include <stdint.h>

void host_print(const char *text);
int host_create(const char *path);                        /* for writing; negative on failure */
int host_write(int file, const void *data, size_t bytes); /* 0 on success */
void host_close(int file);
void host_exit(int code) __attribute__((noreturn));

/* Memory that is never given back, null when there is no more. */
void *host_allocate(size_t bytes, size_t align);

/* The lowest address that the stack may use, from the current one. */
uintptr_t host_stack_limit(uintptr_t stack_pointer);

#endif
