/* The layout that edgec/model.h promises; compiling it is the test. */
#include "edgec/model.h"
#include "edgec/profile.h"

#ifdef __cplusplus
#define CHECK(x) static_assert(x, #x)
#else
#define CHECK(x) _Static_assert(x, #x)
#endif
#define AT(type, field, bits32, bits64)                                                            \
  CHECK(offsetof(type, field) == (sizeof(void *) == 4 ? bits32 : bits64))
#define SIZE(type, bits32, bits64) CHECK(sizeof(type) == (sizeof(void *) == 4 ? bits32 : bits64))

CHECK(sizeof(size_t) == sizeof(void *));
CHECK(sizeof(float) == 4);

AT(edgec_tensor, name, 0, 0);
AT(edgec_tensor, shape, 4, 8);
AT(edgec_tensor, bytes, 8, 16);
AT(edgec_tensor, elements, 12, 24);
AT(edgec_tensor, dtype, 16, 32);
AT(edgec_tensor, rank, 20, 36);
AT(edgec_tensor, scale, 24, 40);
AT(edgec_tensor, zero_point, 28, 44);
SIZE(edgec_tensor, 32, 48);

AT(edgec_model, abi_version, 0, 0);
AT(edgec_model, arena_align, 4, 4);
AT(edgec_model, n_inputs, 8, 8);
AT(edgec_model, n_outputs, 12, 12);
AT(edgec_model, name, 16, 16);
AT(edgec_model, inputs, 20, 24);
AT(edgec_model, outputs, 24, 32);
AT(edgec_model, invoke, 28, 40);
AT(edgec_model, reset, 32, 48);
AT(edgec_model, arena_bytes, 36, 56);
AT(edgec_model, state_bytes, 40, 64);
AT(edgec_model, stack_bytes, 44, 72);
SIZE(edgec_model, 48, 80);

AT(edgec_parallel_for, run, 0, 0);
AT(edgec_parallel_for, pool, 4, 8);
SIZE(edgec_parallel_for, 8, 16);
