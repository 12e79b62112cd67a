# How a library, a TableGen file, a frontend and a target are declared. Each is one line in its folder's CMakeLists.txt.

# The precompiled header with the MLIR headers that nearly every file includes (12 s a file without it, under 1 s with it).
add_library(edgec_pch STATIC ${PROJECT_SOURCE_DIR}/cmake/pch.cpp)
target_link_libraries(edgec_pch PUBLIC edgec_settings edgec_mlir)
target_compile_options(edgec_pch PUBLIC -fpch-instantiate-templates)
target_precompile_headers(edgec_pch PRIVATE ${PROJECT_SOURCE_DIR}/cmake/pch.h)

# edgec_library(name sources... [LINK libraries...] [NO_PCH])
function(edgec_library name)
  cmake_parse_arguments(ARG "NO_PCH" "" "LINK" ${ARGN})
  add_library(${name} STATIC ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PUBLIC edgec_settings edgec_mlir ${ARG_LINK})
  if(NOT ARG_NO_PCH)
    target_compile_options(${name} PRIVATE -fpch-instantiate-templates)
    target_precompile_headers(${name} REUSE_FROM edgec_pch)
  endif()
endfunction()

# edgec_tablegen(target file.td  -gen-x out.inc [options...] ...): each output is `-gen-x out.inc`; generated headers take the source's
# path in the build tree, so that `#include "dialects/Edge/Edge.h.inc"` works for both.
function(edgec_tablegen target td)
  set(LLVM_TARGET_DEFINITIONS ${td})
  set(TABLEGEN_OUTPUT)
  set(arguments ${ARGN})
  list(TRANSFORM MLIR_INCLUDE_DIRS PREPEND -I OUTPUT_VARIABLE includes)
  while(arguments)
    list(POP_FRONT arguments generator output)
    string(REPLACE " " ";" generator "${generator}")
    mlir_tablegen(${output} ${generator} -I${PROJECT_SOURCE_DIR} ${includes})
  endwhile()
  add_public_tablegen_target(${target})
endfunction()

# edgec_frontend(name sources... [LINK libraries...]), edgec_target(name sources...): a library, and a line in the .inc
# table that CMake writes (no static initialisers, no central list).
function(edgec_frontend name)
  edgec_library(edgec_frontend_${name} ${ARGN})
  set_property(GLOBAL APPEND PROPERTY EDGEC_FRONTENDS ${name})
endfunction()
function(edgec_target name)
  edgec_library(edgec_target_${name} ${ARGN})
  set_property(GLOBAL APPEND PROPERTY EDGEC_TARGETS ${name})
endfunction()
# Writes `MACRO(name)` lines to ${file}.
function(edgec_write_table file macro)
  set(text "// Written by CMake.\n")
  foreach(name ${ARGN})
    string(APPEND text "${macro}(${name})\n")
  endforeach()
  file(GENERATE OUTPUT ${file} CONTENT "${text}")
endfunction()
