/*===- semihost.c - The host by semihosting, Arm and RISC-V
 *
 * Part of the edgec project, under the Apache License v2.0 with LLVM
 * Exceptions. See LICENSE for license information.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===----------------------------------------------------------------------===*/
#include "host.h"

enum {
  SYS_OPEN = 0x01,
  SYS_CLOSE = 0x02,
  SYS_WRITE0 = 0x04,
  SYS_WRITE = 0x05,
  SYS_EXIT_EXTENDED = 0x20,
  MODE_WRITE_BINARY = 5,
  STOPPED_APPLICATION_EXIT = 0x20026
};

static long call(long operation, const void *block) {
#if defined(__arm__)
  register long r0 __asm__("r0") = operation;
  register const void *r1 __asm__("r1") = block;
  __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
  return r0;
#elif defined(__riscv)
  /* The three instructions are recognised as one when none is compressed and
   * no page border is between them. */
  register long a0 __asm__("a0") = operation;
  register const void *a1 __asm__("a1") = block;
  __asm__ volatile(".option push\n .option norvc\n .balign 16\n"
                   "slli zero, zero, 0x1f\n ebreak\n srai zero, zero, 7\n"
                   ".option pop"
                   : "+r"(a0)
                   : "r"(a1)
                   : "memory");
  return a0;
#endif
}

static size_t length(const char *text) {
  size_t n = 0;
  while (text[n])
    ++n;
  return n;
}

void host_print(const char *text) { call(SYS_WRITE0, text); }

int host_create(const char *path) {
  uintptr_t block[3];
  block[0] = (uintptr_t)path;
  block[1] = MODE_WRITE_BINARY;
  block[2] = length(path);
  return (int)call(SYS_OPEN, block);
}

int host_write(int file, const void *data, size_t bytes) {
  uintptr_t block[3];
  block[0] = (uintptr_t)file;
  block[1] = (uintptr_t)data;
  block[2] = bytes;
  return call(SYS_WRITE, block) == 0 ? 0 : -1;
}

void host_close(int file) {
  uintptr_t block[1];
  block[0] = (uintptr_t)file;
  call(SYS_CLOSE, block);
}

void host_exit(int code) {
  uintptr_t block[2];
  block[0] = STOPPED_APPLICATION_EXIT;
  block[1] = (uintptr_t)code;
  call(SYS_EXIT_EXTENDED, block);
  for (;;) {
  }
}

extern char link_heap_begin[], link_heap_end[];
static uintptr_t heap_next;

void *host_allocate(size_t bytes, size_t align) {
  uintptr_t begin = heap_next ? heap_next : (uintptr_t)link_heap_begin;
  begin = (begin + align - 1) & ~(uintptr_t)(align - 1);
  if (begin > (uintptr_t)link_heap_end || bytes > (uintptr_t)link_heap_end - begin)
    return 0;
  heap_next = begin + bytes;
  return (void *)begin;
}

uintptr_t host_stack_limit(uintptr_t stack_pointer) {
  (void)stack_pointer;
  return (uintptr_t)link_heap_end;
}
