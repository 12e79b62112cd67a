/* A QEMU plugin that counts the instructions which a program executes, those at addresses from
 * `from=` to below `to=` if these are given, and writes the number to the file that `out=` names.
 * QEMU's header isn't packaged everywhere: the few functions of its plugin interface (version 1)
 * that are used are declared here. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_info;
enum { QEMU_PLUGIN_INLINE_ADD_U64 = 0 };

extern void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t,
                                                  void (*)(qemu_plugin_id_t,
                                                           struct qemu_plugin_tb *));
extern size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *);
extern struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *, size_t);
extern uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *);
extern void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *, int, void *,
                                                     uint64_t);
extern void qemu_plugin_register_atexit_cb(qemu_plugin_id_t, void (*)(qemu_plugin_id_t, void *),
                                           void *);

#define EXPORT __attribute__((visibility("default")))
EXPORT int qemu_plugin_version = 1;

static uint64_t count; /* the programs that are counted have one thread */
static uint64_t from, to = UINT64_MAX;
static char *out;

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *block) {
  size_t i, all = qemu_plugin_tb_n_insns(block), counted = 0;
  (void)id;
  for (i = 0; i < all; ++i) {
    uint64_t at = qemu_plugin_insn_vaddr(qemu_plugin_tb_get_insn(block, i));
    counted += at >= from && at < to;
  }
  qemu_plugin_register_vcpu_tb_exec_inline(block, QEMU_PLUGIN_INLINE_ADD_U64, &count, counted);
}

static void finished(qemu_plugin_id_t id, void *data) {
  FILE *file = fopen(out, "w");
  (void)id;
  (void)data;
  if (file) {
    fprintf(file, "%llu\n", (unsigned long long)count);
    fclose(file);
  }
}

EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info, int argc,
                               char **argv) {
  (void)info;
  for (int i = 0; i < argc; ++i)
    if (!strncmp(argv[i], "out=", 4))
      out = strdup(argv[i] + 4);
    else if (!strncmp(argv[i], "from=", 5))
      from = strtoull(argv[i] + 5, NULL, 0);
    else if (!strncmp(argv[i], "to=", 3))
      to = strtoull(argv[i] + 3, NULL, 0);
  if (!out)
    return 1;
  qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
  qemu_plugin_register_atexit_cb(id, finished, NULL);
  return 0;
}
