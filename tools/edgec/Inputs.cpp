#include "tools/edgec/Inputs.h"
#include "tools/edgec/Image.h"
#include "tools/edgec/Session.h"
#include <random>

using namespace edgec;
using namespace edgec::cli;

void InputArguments::add(CLI::App &command) {
  command.add_option(
      "--input", inputs,
      "value of an input: NAME=FILE.npy (repeatable); its shape binds open dimensions");
  command.add_option(
      "--image", image,
      "picture for the first input of rank 4 without a file, resized; floats get [0, 1]");
  command.add_option("--random", random, "fill the other inputs from this seed");
}

bool Inputs::read(CompileOptions &options) {
  for (const std::string &text : arguments.inputs) {
    std::string name, path;
    if (!splitAssignment(text, name, path))
      return complain("--input " + text + ": expected NAME=FILE.npy");
    auto array = readNpy(path);
    if (!array)
      return complain(llvm::toString(array.takeError()));
    if (!options.import.shapes.count(name)) // what the data have binds what the model leaves open
      options.import.shapes[name] = array->shape;
    files.emplace(name, std::move(*array));
  }
  return true;
}

bool Inputs::fill(const edgec_model &model, llvm::ArrayRef<char *> data,
                  const std::set<std::string> *others) const {
  std::mt19937_64 random(arguments.random.value_or(0));
  bool imageUsed = false;
  for (int i = 0; i < model.n_inputs; ++i) {
    const edgec_tensor &tensor = model.inputs[i];
    auto file = files.find(tensor.name);
    if (file != files.end()) {
      const NpyArray &array = file->second;
      bool half = dtypeBytes(array.dtype) == 2 && tensor.dtype == EDGEC_BFLOAT16;
      if ((array.dtype != tensor.dtype && !half) || array.shape != shapeOf(tensor))
        return complain("input '" + std::string(tensor.name) + "' is " + dtypeName(tensor.dtype) +
                        shapeText(shapeOf(tensor)) + ", but its file holds " +
                        dtypeName(array.dtype) + shapeText(array.shape));
      std::memcpy(data[i], array.data.data(), array.data.size());
    } else if (!arguments.image.empty() && !imageUsed && tensor.rank == 4) {
      imageUsed = true;
      if (!fillFromImage(arguments.image, tensor, data[i]))
        return false;
    } else if (arguments.random) {
      fillRandom(tensor, data[i], random);
    } else if (others && !others->count(tensor.name)) {
      return complain("input '" + std::string(tensor.name) + "' (" + dtypeName(tensor.dtype) +
                      shapeText(shapeOf(tensor)) + ") has no value; give --input " + tensor.name +
                      "=FILE.npy or --random SEED");
    }
  }
  if (!arguments.image.empty() && !imageUsed)
    return complain("--image " + arguments.image +
                    ": the model has no input of rank 4 left for a picture");
  for (auto &[name, array] : files) {
    bool isInput = false;
    for (int i = 0; i < model.n_inputs; ++i)
      isInput |= name == model.inputs[i].name;
    if (!isInput)
      return complain("--input names '" + name + "', which is not an input of the model");
  }
  return true;
}
