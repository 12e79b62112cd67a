#include "tools/edgec/Session.h"
#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace edgec;

bool cli::complain(const llvm::Twine &message) {
  llvm::errs() << "edgec: error: " << message << "\n";
  return false;
}

std::string cli::shapeText(llvm::ArrayRef<int64_t> shape) {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << "[";
  llvm::interleave(shape, os, ",");
  os << "]";
  return text;
}

std::vector<int64_t> cli::shapeOf(const edgec_tensor &tensor) {
  return {tensor.shape, tensor.shape + tensor.rank};
}

double cli::elementAt(const edgec_tensor &tensor, const char *data, size_t i) {
  auto read = [&](auto value) {
    std::memcpy(&value, data + i * sizeof(value), sizeof(value));
    return value;
  };
  switch (tensor.dtype) {
  case EDGEC_FLOAT32:
    return read(float());
  case EDGEC_FLOAT64:
    return read(double());
  case EDGEC_FLOAT16:
    return llvm::APFloat(llvm::APFloat::IEEEhalf(), llvm::APInt(16, read(uint16_t())))
        .convertToDouble();
  case EDGEC_BFLOAT16:
    return llvm::APFloat(llvm::APFloat::BFloat(), llvm::APInt(16, read(uint16_t())))
        .convertToDouble();
  case EDGEC_INT8:
    return read(int8_t());
  case EDGEC_INT16:
    return read(int16_t());
  case EDGEC_UINT16:
    return read(uint16_t());
  case EDGEC_INT32:
    return read(int32_t());
  case EDGEC_UINT32:
    return read(uint32_t());
  case EDGEC_INT64:
    return static_cast<double>(read(int64_t()));
  case EDGEC_UINT64:
    return static_cast<double>(read(uint64_t()));
  default:
    return read(uint8_t());
  }
}

/// Uniform in [0, 1) for floats, small non-negative numbers for integers: the same for a seed on
/// every machine.
void cli::fillRandom(const edgec_tensor &tensor, char *data, std::mt19937_64 &random) {
  for (size_t i = 0; i < tensor.elements; ++i) {
    double uniform = static_cast<double>(random() >> 11) * 0x1.0p-53;
    auto write = [&](auto value) { std::memcpy(data + i * sizeof(value), &value, sizeof(value)); };
    switch (tensor.dtype) {
    case EDGEC_FLOAT32:
      write(static_cast<float>(uniform));
      break;
    case EDGEC_FLOAT64:
      write(uniform);
      break;
    case EDGEC_FLOAT16:
    case EDGEC_BFLOAT16: {
      llvm::APFloat value(uniform);
      bool lost;
      value.convert(tensor.dtype == EDGEC_FLOAT16 ? llvm::APFloat::IEEEhalf()
                                                  : llvm::APFloat::BFloat(),
                    llvm::APFloat::rmNearestTiesToEven, &lost);
      write(static_cast<uint16_t>(value.bitcastToAPInt().getZExtValue()));
      break;
    }
    case EDGEC_INT8:
    case EDGEC_UINT8:
      write(static_cast<uint8_t>(uniform * 128));
      break;
    case EDGEC_BOOL:
      write(static_cast<uint8_t>(uniform < 0.5));
      break;
    case EDGEC_INT16:
    case EDGEC_UINT16:
      write(static_cast<uint16_t>(uniform * 128));
      break;
    case EDGEC_INT32:
    case EDGEC_UINT32:
      write(static_cast<uint32_t>(uniform * 128));
      break;
    default:
      write(static_cast<uint64_t>(uniform * 128));
    }
  }
}
