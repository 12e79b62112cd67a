// Why some operators have no row.
#include "frontends/onnx/Importer.h"

using namespace edgec::onnx_frontend;

llvm::StringRef edgec::onnx_frontend::getRefusal(llvm::StringRef name) {
  struct Refusal {
    llvm::StringRef name, reason;
  };
  constexpr llvm::StringLiteral kRandom =
      "its result differs from call to call; make the random numbers an input of the model";
  constexpr llvm::StringLiteral kStrings =
      "strings are not supported; do this step outside of the model";
  constexpr llvm::StringLiteral kSequences =
      "sequences and optional values are not supported; export the model with tensors only";
  static constexpr Refusal kRefusals[] = {
      {"NonMaxSuppression", "how many boxes it selects depends on the data; end the model before "
                            "it, and select boxes in the "
                            "program that calls it"},
      {"Unique", "how many elements are unique depends on the data"},
      {"MaxRoiPool",
       "its windows depend on the data; RoiAlign with a fixed sampling ratio is supported"},
      {"RandomNormal", kRandom},
      {"RandomNormalLike", kRandom},
      {"RandomUniform", kRandom},
      {"RandomUniformLike", kRandom},
      {"Multinomial", kRandom},
      {"StringNormalizer", kStrings},
      {"StringConcat", kStrings},
      {"StringSplit", kStrings},
      {"RegexFullMatch", kStrings},
      {"TfIdfVectorizer", "how many n-grams it finds depends on the data"},
      {"ImageDecoder", "decoding files is not a model's computation; give it the decoded image"},
      {"SequenceAt", kSequences},
      {"SequenceConstruct", kSequences},
      {"SequenceEmpty", kSequences},
      {"SequenceErase", kSequences},
      {"SequenceInsert", kSequences},
      {"SequenceLength", kSequences},
      {"SplitToSequence", kSequences},
      {"ConcatFromSequence", kSequences},
      {"Optional", kSequences},
      {"OptionalGetElement", kSequences},
      {"OptionalHasElement", kSequences},
  };
  for (const Refusal &refusal : kRefusals)
    if (refusal.name == name)
      return refusal.reason;
  return {};
}
