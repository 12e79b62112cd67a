/*===- start_arm.c - Reset of a Cortex-M
 *
 * Part of the edgec project, under the Apache License v2.0 with LLVM
 * Exceptions. See LICENSE for license information.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===----------------------------------------------------------------------===*/
#include "host.h"

extern char link_data_load[], link_data_begin[], link_data_end[];
extern char link_bss_begin[], link_bss_end[], link_stack_top[];

int main(void);
void reset_handler(void);

static void fault_handler(void) {
  host_print("processor fault\n");
  host_exit(70);
}

__attribute__((section(".vectors"), used)) static void *const vectors[16] = {link_stack_top,
                                                                             (void *)reset_handler,
                                                                             (void *)fault_handler,
                                                                             (void *)fault_handler,
                                                                             (void *)fault_handler,
                                                                             (void *)fault_handler,
                                                                             (void *)fault_handler,
                                                                             (void *)fault_handler,
                                                                             0,
                                                                             0,
                                                                             0,
                                                                             (void *)fault_handler,
                                                                             (void *)fault_handler,
                                                                             0,
                                                                             (void *)fault_handler,
                                                                             (void *)fault_handler};

__attribute__((used)) static void start(void) {
  const uint32_t *from = (const uint32_t *)link_data_load;
  uint32_t *to = (uint32_t *)link_data_begin;
  while (to < (uint32_t *)link_data_end)
    *to++ = *from++;
  for (to = (uint32_t *)link_bss_begin; to < (uint32_t *)link_bss_end;)
    *to++ = 0;
  host_exit(main());
}

/* Everything that main may use is switched on before compiled code runs. */
__attribute__((naked, noreturn)) void reset_handler(void) {
#if __ARM_ARCH >= 7
  __asm__ volatile(
#if defined(__ARM_FP) || defined(__ARM_FEATURE_MVE)
      "ldr r0, =0xe000ed88\n" /* CPACR: floating point and vector unit */
      "ldr r1, [r0]\n"
      "orr r1, r1, #0xf00000\n"
      "str r1, [r0]\n"
#endif
#if __ARM_ARCH >= 8
      "ldr r0, =0xe000ed14\n" /* CCR: low-overhead loops, where there are any */
      "ldr r1, [r0]\n"
      "orr r1, r1, #0x80000\n"
      "str r1, [r0]\n"
      "ldr r0, =link_stack_limit\n"
      "msr msplim, r0\n"
#endif
      "dsb\n"
      "isb\n");
#endif
  __asm__ volatile("bl start");
}
