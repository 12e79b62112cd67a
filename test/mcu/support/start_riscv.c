/*===- start_riscv.c - Reset of a bare RISC-V
 *
 * Part of the edgec project, under the Apache License v2.0 with LLVM
 * Exceptions. See LICENSE for license information.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===----------------------------------------------------------------------===*/
#include "host.h"

extern char link_bss_begin[], link_bss_end[];

int main(void);
void trap_handler(void);

__attribute__((used, aligned(4))) void trap_handler(void) {
  host_print("processor fault\n");
  host_exit(70);
}

/* Data is at its run-time address already: the loader fills all of RAM. */
__attribute__((used)) static void start(void) {
  uint32_t *to;
  for (to = (uint32_t *)link_bss_begin; to < (uint32_t *)link_bss_end;)
    *to++ = 0;
  host_exit(main());
}

__attribute__((section(".vectors"), naked, used)) void reset_handler(void) {
  __asm__ volatile(".option push\n"
                   ".option norelax\n"
                   "la gp, __global_pointer$\n"
                   ".option pop\n"
                   "la sp, link_stack_top\n"
                   "la t0, trap_handler\n"
                   ".option push\n"
                   ".option arch, +zicsr\n"
                   "csrw mtvec, t0\n"
#if defined(__riscv_flen) || defined(__riscv_vector)
                   "li t0, 0x6600\n" /* mstatus: FS and VS dirty */
                   "csrs mstatus, t0\n"
#endif
                   ".option pop\n"
                   "tail start");
}
