/* What AddressSanitizer has to know about the uninstrumented libLLVM and libMLIR: containers and
   bump allocators that cross the boundary are annotated on one side only, so both kinds of
   annotation would give false reports. */
const char *__asan_default_options(void);
const char *__asan_default_options(void) {
  return "detect_container_overflow=0:allow_user_poisoning=0";
}
