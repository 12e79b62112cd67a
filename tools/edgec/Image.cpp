#include "tools/edgec/Image.h"
#include "tools/edgec/Session.h"
#include <algorithm>
#include <cmath>
#include <memory>

#define STB_IMAGE_IMPLEMENTATION
#define STBI_FAILURE_USERMSG
#include <stb/stb_image.h>

using namespace edgec;

/// The picture at a place between its pixels, bilinear, with pixel centres at halves.
static double sample(const unsigned char *pixels, int width, int height, int channels, double x,
                     double y, int channel) {
  double fx = std::clamp(x - 0.5, 0.0, width - 1.0), fy = std::clamp(y - 0.5, 0.0, height - 1.0);
  int x0 = static_cast<int>(fx), y0 = static_cast<int>(fy);
  int x1 = std::min(x0 + 1, width - 1), y1 = std::min(y0 + 1, height - 1);
  auto at = [&](int column, int row) -> double {
    return pixels[(static_cast<size_t>(row) * width + column) * channels + channel];
  };
  double ax = fx - x0, ay = fy - y0;
  return (at(x0, y0) * (1 - ax) + at(x1, y0) * ax) * (1 - ay) +
         (at(x0, y1) * (1 - ax) + at(x1, y1) * ax) * ay;
}

bool cli::fillFromImage(const std::string &path, const edgec_tensor &tensor, char *data) {
  std::vector<int64_t> shape = shapeOf(tensor);
  auto isChannels = [](int64_t extent) { return extent == 1 || extent == 3; };
  bool first = shape.size() == 4 && shape[0] == 1 && isChannels(shape[1]);
  bool last = shape.size() == 4 && shape[0] == 1 && isChannels(shape[3]) && !first;
  if (!first && !last)
    return complain("input '" + std::string(tensor.name) + "' of shape " + shapeText(shape) +
                    " is no picture: [1,C,H,W] or [1,H,W,C] with 1 or 3 channels is");
  int64_t channels = first ? shape[1] : shape[3], height = first ? shape[2] : shape[1],
          width = first ? shape[3] : shape[2];
  int imageWidth, imageHeight, found;
  std::unique_ptr<unsigned char, void (*)(void *)> pixels(
      stbi_load(path.c_str(), &imageWidth, &imageHeight, &found, static_cast<int>(channels)),
      stbi_image_free);
  if (!pixels)
    return complain("picture '" + path + "' can't be read: " + stbi_failure_reason());
  for (int64_t y = 0; y < height; ++y)
    for (int64_t x = 0; x < width; ++x)
      for (int64_t c = 0; c < channels; ++c) {
        double value = sample(pixels.get(), imageWidth, imageHeight, static_cast<int>(channels),
                              (x + 0.5) * imageWidth / width, (y + 0.5) * imageHeight / height,
                              static_cast<int>(c));
        int64_t at = first ? (c * height + y) * width + x : (y * width + x) * channels + c;
        long whole = std::lround(value);
        switch (tensor.dtype) {
        case EDGEC_FLOAT32: {
          float scaled = static_cast<float>(value / 255.0);
          std::memcpy(data + at * sizeof(float), &scaled, sizeof(float));
          break;
        }
        case EDGEC_UINT8:
          data[at] = static_cast<char>(whole);
          break;
        case EDGEC_INT8:
          data[at] = static_cast<char>(whole - 128);
          break;
        default:
          return complain("input '" + std::string(tensor.name) +
                          "' is neither float32 nor int8 nor uint8: a picture can't fill it");
        }
      }
  return true;
}
