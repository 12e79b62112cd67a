/* What one core of this machine can do at best, for bench/ops.py: multiply-adds in registers,
 * reading and copying memory. Prints JSON. Compile with -O3 -march=native. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#if defined(__AVX512F__)
#define LANES 16
#elif defined(__AVX__)
#define LANES 8
#else
#define LANES 4
#endif

typedef float floats __attribute__((vector_size(LANES * 4)));
typedef uint32_t words __attribute__((vector_size(LANES * 4)));

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Keeps a value, and the compiler from knowing it. */
#define HIDE(v) __asm__ volatile("" : "+x"(v))
#define HIDE_MEMORY() __asm__ volatile("" ::: "memory")
#if !defined(__x86_64__)
#undef HIDE
#define HIDE(v) __asm__ volatile("" : "+w"(v))
#endif

/* 12 chains: more than latency times ports, and they fit 16 registers. */
static double gflops(void) {
  floats a[12], factor, addend;
  double best = 1e30;
  for (int lane = 0; lane < LANES; ++lane)
    factor[lane] = 0.999f, addend[lane] = 0.001f;
  HIDE(factor);
  HIDE(addend);
  for (int i = 0; i < 12; ++i)
    a[i] = addend;
  for (int run = 0; run < 60; ++run) {
    double begin = now();
    for (int n = 0; n < 100000; ++n)
#pragma clang loop unroll(full)
      for (int i = 0; i < 12; ++i)
        a[i] = a[i] * factor + addend;
    double took = now() - begin;
    best = took < best ? took : best;
    for (int i = 0; i < 12; ++i)
      HIDE(a[i]);
  }
  return 2.0 * 12 * LANES * 100000 / best / 1e9;
}

/* Products of integers and their sums of 32 bits: of 8 bits with AVX-512 VNNI, else of 16, as
 * integers of 8 bits are multiplied exactly with AVX2 and AVX-512BW; 0 where there is none of them.
 * The compiler would multiply the same numbers once. */
static double giops(void) {
#if defined(__AVX512BW__) || (defined(__AVX2__) && !defined(__AVX512F__))
  words a[12], factor, pairs;
  double best = 1e30;
  for (int lane = 0; lane < LANES; ++lane)
    factor[lane] = 0x30003;
  for (int i = 0; i < 12; ++i)
    a[i] = factor;
  for (int run = 0; run < 60; ++run) {
    double begin = now();
    for (int n = 0; n < 100000; ++n)
#pragma clang loop unroll(full)
      for (int i = 0; i < 12; ++i) {
#ifdef __AVX512VNNI__
        __asm__ volatile("vpdpbusd %1, %1, %0" : "+v"(a[i]) : "v"(factor));
        (void)pairs;
#else
        __asm__ volatile("vpmaddwd %1, %1, %0" : "=x"(pairs) : "x"(factor));
        a[i] += pairs;
#endif
      }
    double took = now() - begin;
    best = took < best ? took : best;
    for (int i = 0; i < 12; ++i)
      HIDE(a[i]);
  }
#ifdef __AVX512VNNI__
  int products = 4;
#else
  int products = 2;
#endif
  return 2.0 * 12 * products * LANES * 100000 / best / 1e9;
#else
  return 0;
#endif
}

static double reading(const words *memory, size_t bytes) {
  size_t count = bytes / sizeof(words), times = 1 + ((size_t)4 << 20) / bytes;
  double best = 1e30;
  for (int run = 0; run < 25; ++run) {
    double begin = now();
    for (size_t t = 0; t < times; ++t) {
      words s[8] = {0};
      for (size_t i = 0; i + 8 <= count; i += 8)
#pragma clang loop unroll(full)
        for (int j = 0; j < 8; ++j)
          s[j] += memory[i + (size_t)j];
      for (int j = 0; j < 8; ++j)
        HIDE(s[j]);
      HIDE_MEMORY();
    }
    double took = (now() - begin) / (double)times;
    best = took < best ? took : best;
  }
  return (double)bytes / best / 1e9;
}

/* Bytes read and bytes written, both counted: `bytes` in all. */
static double copying(char *memory, size_t bytes) {
  size_t times = 1 + ((size_t)4 << 20) / bytes;
  double best = 1e30;
  for (int run = 0; run < 25; ++run) {
    double begin = now();
    for (size_t t = 0; t < times; ++t) {
      memcpy(memory + bytes / 2, memory, bytes / 2);
      HIDE_MEMORY();
    }
    double took = (now() - begin) / (double)times;
    best = took < best ? took : best;
  }
  return (double)bytes / best / 1e9;
}

int main(void) {
  const size_t largest = (size_t)64 << 20;
  char *memory = NULL;
  if (posix_memalign((void **)&memory, 64, largest))
    return 1;
  memset(memory, 1, largest);
  printf("{\"lanes\": %d, \"gflops\": %.2f, \"giops\": %.2f, \"memory\": [", LANES, gflops(),
         giops());
  for (size_t bytes = 16 << 10; bytes <= largest; bytes *= 4)
    printf("%s{\"bytes\": %zu, \"read\": %.2f, \"copy\": %.2f}", bytes > (16 << 10) ? ", " : "",
           bytes, reading((const words *)memory, bytes), copying(memory, bytes));
  printf("]}\n");
  free(memory);
  return 0;
}
