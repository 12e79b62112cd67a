# LLVM and MLIR: 22.1, as the shared pair libLLVM.so + libMLIR.so, never single MLIRxxx archives beside them (two copies
# of a TypeID would make dyn_cast fail at run time).

find_package(MLIR 22.1 REQUIRED CONFIG HINTS /usr/lib/llvm-22/lib/cmake/mlir)
if(MLIR_VERSION VERSION_LESS 22.1)
  message(FATAL_ERROR "edgec needs MLIR 22.1 or later in the 22 series, found ${MLIR_VERSION}: install libmlir-22-dev")
endif()
list(APPEND CMAKE_MODULE_PATH "${MLIR_CMAKE_DIR}" "${LLVM_CMAKE_DIR}")
include(TableGen)
include(AddLLVM)
include(AddMLIR)

add_library(edgec_mlir INTERFACE)
target_include_directories(edgec_mlir SYSTEM INTERFACE ${MLIR_INCLUDE_DIRS} ${LLVM_INCLUDE_DIRS})
separate_arguments(definitions NATIVE_COMMAND "${LLVM_DEFINITIONS}")
target_compile_options(edgec_mlir INTERFACE ${definitions})
target_link_libraries(edgec_mlir INTERFACE MLIR LLVM)
