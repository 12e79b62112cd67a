// What the rows of several families build with.
#pragma once

#include "frontends/Formula.h"
#include "frontends/onnx/Importer.h"
