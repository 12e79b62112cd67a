/*===- posix.c - The host by POSIX, for user-mode emulation
 *
 * Part of the edgec project, under the Apache License v2.0 with LLVM
 * Exceptions. See LICENSE for license information.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===----------------------------------------------------------------------===*/
#define _POSIX_C_SOURCE 200809L
#include "host.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { STACK_BYTES = 1 << 20 };

void host_print(const char *text) { fputs(text, stderr); }

int host_create(const char *path) { return open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666); }

int host_write(int file, const void *data, size_t bytes) {
  const char *next = data;
  while (bytes) {
    ssize_t written = write(file, next, bytes);
    if (written <= 0)
      return -1;
    next += written;
    bytes -= (size_t)written;
  }
  return 0;
}

void host_close(int file) { close(file); }

void host_exit(int code) { exit(code); }

void *host_allocate(size_t bytes, size_t align) {
  void *memory = 0;
  if (align < sizeof(void *))
    align = sizeof(void *);
  return posix_memalign(&memory, align, bytes ? bytes : 1) ? 0 : memory;
}

uintptr_t host_stack_limit(uintptr_t stack_pointer) { return stack_pointer - STACK_BYTES; }
