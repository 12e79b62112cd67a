/*===- embedded-c/main.c - A keyword spotter in one static arena -----------===
 *
 * Part of the edgec project, under the Apache License v2.0 with LLVM
 * Exceptions. See LICENSE for license information.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * kws.h and libkws.a come from
 *
 *   edgec compile kws.tflite --target=cortex-m4 --name=kws -o out
 *
 * and the program from the compiler of the board:
 *
 *   arm-none-eabi-gcc -mcpu=cortex-m4 -mfpu=fpv4-sp-d16 -mfloat-abi=hard \
 *     -I out -I <edgec>/include main.c out/libkws.a -o kws.elf <board's flags>
 *
 * The same file runs on a desktop, with a model compiled for --target=host.
 *
 *===----------------------------------------------------------------------===*/
#include "kws.h"

#include <stdio.h>

/* What this product has for the model. A model that grows past it stops the
 * build, not the device. */
#define KWS_RAM_BUDGET (16u * 1024u)
_Static_assert(KWS_ARENA_BYTES <= KWS_RAM_BUDGET,
               "the keyword model needs more RAM than it was given");

static _Alignas(KWS_ARENA_ALIGN) uint8_t arena[KWS_ARENA_BYTES];
static int8_t features[KWS_INPUT_LENGTH];
static int8_t scores[KWS_OUTPUT_LENGTH];

static const char *const words[] = {"down",  "go",   "left", "no",  "off",     "on",
                                    "right", "stop", "up",   "yes", "silence", "unknown"};
_Static_assert(sizeof words / sizeof words[0] == KWS_OUTPUT_LENGTH, "the model knows other words");

/* Stands for the microphone and its MFCC front end. */
static void read_features(int8_t *to) {
  for (unsigned i = 0; i < KWS_INPUT_LENGTH; ++i)
    to[i] = (int8_t)(i * 37u % 256u - 128u);
}

int main(void) {
  read_features(features);

  int32_t status = kws_run(arena, features, scores);
  if (status != EDGEC_OK) {
    printf("kws_run: error %d\n", (int)status);
    return 1;
  }

  unsigned best = 0;
  for (unsigned i = 1; i < KWS_OUTPUT_LENGTH; ++i)
    if (scores[i] > scores[best])
      best = i;
  printf("heard '%s' (%d)\n", words[best], scores[best]);
  return 0;
}
