/*===- silero-vad/main.c - Is somebody speaking? ----------------------------===
 *
 * Part of the edgec project, under the Apache License v2.0 with LLVM
 * Exceptions. See LICENSE for license information.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * The model hears 32 ms at a time: 512 new samples at 16 kHz, behind the last
 * 64 of the chunk before, and gives the probability of speech. What it
 * remembers between calls is an output of one call and an input of the next.
 *
 *   silero-vad              # a sound made here: quiet, a vowel-like voice, noise
 *   silero-vad speech.wav   # 16-bit PCM, 16 kHz, one channel
 *
 *===----------------------------------------------------------------------===*/
#include "silero_vad.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RATE = 16000, CHUNK = 512, CONTEXT = 64, STATE = 2 * 128 };

_Static_assert(SILERO_VAD_INPUT_LENGTH == CONTEXT + CHUNK, "compile with --shape input=1x576");
_Static_assert(SILERO_VAD_STATE_LENGTH == STATE, "compile with --shape state=2x1x128");

static _Alignas(SILERO_VAD_ARENA_ALIGN) uint8_t arena[SILERO_VAD_ARENA_BYTES];

/* Three seconds: one of near silence, one of a voice, one of noise. The voice
 * is a pulse train through three resonators whose frequencies glide between
 * the vowels a, i and u, four syllables a second. */
static float uniform(void) {
  static uint32_t state = 1;
  state = state * 1664525u + 1013904223u;
  return (float)(state >> 8) * (1.0f / 8388608.0f) - 1.0f;
}

static size_t synthesise(float *sound) {
  static const float vowels[4][3] = {
      {730, 1090, 2440}, {270, 2290, 3010}, {730, 1090, 2440}, {300, 870, 2240}};
  static const float width[3] = {80, 100, 140};
  const float pi = 3.14159265f;
  float y1[3] = {0}, y2[3] = {0}, phase = 0;
  for (size_t i = 0; i < 3 * RATE; ++i) {
    float noise = uniform();
    if (i < RATE || i >= 2 * RATE) {
      sound[i] = noise * (i < RATE ? 0.0005f : 0.05f);
      continue;
    }
    float t = (float)(i - RATE) / RATE, beat = t * 4, within = beat - floorf(beat);
    const float *from = vowels[(int)beat % 4], *to = vowels[((int)beat + 1) % 4];
    float pitch = 130 + 25 * sinf(2 * pi * 1.3f * t) + 4 * sinf(2 * pi * 5.5f * t);
    phase += pitch / RATE;
    float source = noise * 0.004f;
    if (phase >= 1) {
      phase -= 1;
      source += 1;
    }
    float sum = 0;
    for (int k = 0; k < 3; ++k) {
      float f = from[k] + (to[k] - from[k]) * within * within;
      float r = expf(-pi * width[k] / RATE);
      float y = source + 2 * r * cosf(2 * pi * f / RATE) * y1[k] - r * r * y2[k];
      y2[k] = y1[k];
      y1[k] = y;
      sum += (k == 1 ? -0.6f : k == 2 ? 0.3f : 1.0f) * y;
    }
    float loudness = sinf(pi * (within < 0.9f ? within / 0.9f : 1.0f));
    sound[i] = 0.05f * sum * loudness + noise * 0.0005f;
  }
  return 3 * RATE;
}

static uint32_t little(const unsigned char *p, int bytes) {
  uint32_t value = 0;
  while (bytes--)
    value = value << 8 | p[bytes];
  return value;
}

/* The samples of a .wav file, or null after a message. */
static float *read_wav(const char *path, size_t *count) {
  FILE *file = fopen(path, "rb");
  unsigned char head[12], chunk[8], format[16];
  float *sound = NULL;
  const char *why = "is no .wav file";
  int known = 0;
  if (!file) {
    perror(path);
    return NULL;
  }
  if (fread(head, 1, 12, file) == 12 && !memcmp(head, "RIFF", 4) && !memcmp(head + 8, "WAVE", 4))
    while (fread(chunk, 1, 8, file) == 8) {
      uint32_t size = little(chunk + 4, 4);
      if (!memcmp(chunk, "fmt ", 4) && size >= 16 && fread(format, 1, 16, file) == 16) {
        known = little(format, 2) == 1 && little(format + 2, 2) == 1 &&
                little(format + 4, 4) == RATE && little(format + 14, 2) == 16;
        size -= 16;
      } else if (!memcmp(chunk, "data", 4)) {
        why = "is not 16-bit PCM with one channel at 16 kHz";
        if (!known || !(sound = malloc((size / 2 + 1) * sizeof *sound)))
          break;
        for (*count = 0; *count < size / 2 && fread(head, 1, 2, file) == 2; ++*count)
          sound[*count] = (float)(int16_t)little(head, 2) / 32768.0f;
        break;
      }
      if (fseek(file, (long)(size + size % 2), SEEK_CUR))
        break;
    }
  fclose(file);
  if (!sound)
    fprintf(stderr, "%s: %s\n", path, why);
  return sound;
}

int main(int argc, char **argv) {
  size_t count;
  float *sound;
  if (argc > 1) {
    sound = read_wav(argv[1], &count);
  } else if ((sound = malloc(3 * RATE * sizeof *sound))) {
    count = synthesise(sound);
  }
  if (!sound)
    return 1;

  float input[SILERO_VAD_INPUT_LENGTH] = {0};
  float state[2][STATE] = {{0}}, probability;
  for (size_t chunk = 0; (chunk + 1) * CHUNK <= count; ++chunk) {
    memmove(input, input + CHUNK, CONTEXT * sizeof(float));
    memcpy(input + CONTEXT, sound + chunk * CHUNK, CHUNK * sizeof(float));
    int32_t status =
        silero_vad_run(arena, input, state[chunk % 2], &probability, state[(chunk + 1) % 2]);
    if (status != EDGEC_OK) {
      fprintf(stderr, "silero_vad_run: error %d\n", (int)status);
      return 1;
    }
    printf("%6.3f s  %.3f  ", (double)(chunk * CHUNK) / RATE, (double)probability);
    for (int bar = 0; bar < (int)(probability * 40 + 0.5f); ++bar)
      putchar('#');
    putchar('\n');
  }
  free(sound);
  return 0;
}
