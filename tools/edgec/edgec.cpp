#include "compiler/Compiler.h"
int main(int argc, char **argv) {
  edgec::CompileOptions o; o.timing = true;
  return failed(edgec::compile(argv[1], argv[2], o));
}
