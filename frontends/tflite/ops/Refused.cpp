// Why some operators have no row.
#include "frontends/tflite/Importer.h"

using namespace edgec::tflite;

llvm::StringRef edgec::tflite::getRefusal(BuiltinOperator code) {
  using B = BuiltinOperator;
  switch (code) {
  case B::NON_MAX_SUPPRESSION_V4:
  case B::NON_MAX_SUPPRESSION_V5:
    return "how many boxes it selects depends on the data; end the model before it, and select "
           "boxes in the program that calls it";
  case B::UNIQUE:
  case B::WHERE:
    return "the shape of its result depends on the data";
  case B::RANDOM_STANDARD_NORMAL:
  case B::RANDOM_UNIFORM:
  case B::MULTINOMIAL:
    return "its result differs from call to call; make the random numbers an input of the model";
  case B::HASHTABLE:
  case B::HASHTABLE_FIND:
  case B::HASHTABLE_IMPORT:
  case B::HASHTABLE_LOOKUP:
  case B::HASHTABLE_SIZE:
  case B::SKIP_GRAM:
    return "strings and tables are not supported; do this step outside of the model";
  case B::RFFT2D:
  case B::REAL:
  case B::IMAG:
  case B::COMPLEX_ABS:
    return "complex numbers are not supported";
  default:
    return {};
  }
}
