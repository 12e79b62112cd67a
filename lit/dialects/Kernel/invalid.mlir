// RUN: edgec-opt %s --split-input-file -verify-diagnostics

func.func @packing_without_window(%x: tensor<1x6x4xf32>, %w: tensor<64xf32>, %o: tensor<1x4x4xf32>) {
  // expected-error @+1 {{'kernel.conv' op expects 'window' with 'packing', and only with it}}
  %0 = kernel.conv ins(%x, %w : tensor<1x6x4xf32>, tensor<64xf32>) outs(%o : tensor<1x4x4xf32>) {strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0, 0>, groups = 1, packing = #kernel.packing<vectors = 1, lanes = 4>} -> tensor<1x4x4xf32>
  return
}

// -----

func.func @packed_size(%x: tensor<1x6x4xf32>, %w: tensor<47xf32>, %o: tensor<1x4x3xf32>) {
  // expected-error @+1 {{'kernel.conv' op expects a packed filter of 48 elements}}
  %0 = kernel.conv ins(%x, %w : tensor<1x6x4xf32>, tensor<47xf32>) outs(%o : tensor<1x4x3xf32>) {strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0, 0>, groups = 1, window = array<i64: 3>, packing = #kernel.packing<vectors = 1, lanes = 4>} -> tensor<1x4x3xf32>
  return
}

// -----

func.func @depth(%a: tensor<1x6x4xf32>, %b: tensor<1x5x3xf32>, %o: tensor<1x6x3xf32>) {
  // expected-error @+1 {{'kernel.matmul' op expects 'b' of 4 rows and 3 columns}}
  %0 = kernel.matmul ins(%a, %b : tensor<1x6x4xf32>, tensor<1x5x3xf32>) outs(%o : tensor<1x6x3xf32>) -> tensor<1x6x3xf32>
  return
}

// -----

func.func @extra_without_epilogue(%a: tensor<1x6x4xf32>, %b: tensor<1x4x3xf32>, %o: tensor<1x6x3xf32>) {
  // expected-error @+1 {{'kernel.matmul' op has extras, but no epilogue to read them}}
  %0 = kernel.matmul ins(%a, %b : tensor<1x6x4xf32>, tensor<1x4x3xf32>) outs(%o : tensor<1x6x3xf32>) extras(%o : tensor<1x6x3xf32>) -> tensor<1x6x3xf32>
  return
}

// -----

func.func @extra_shape(%a: tensor<1x6x4xf32>, %b: tensor<1x4x3xf32>, %e: tensor<1x2x3xf32>, %o: tensor<1x6x3xf32>) {
  // expected-error @+1 {{'kernel.matmul' op has an extra of type 'tensor<1x2x3xf32>', which can't be repeated to 'tensor<1x6x3xf32>'}}
  %0 = kernel.matmul ins(%a, %b : tensor<1x6x4xf32>, tensor<1x4x3xf32>) outs(%o : tensor<1x6x3xf32>) extras(%e : tensor<1x2x3xf32>) epilogue {
  ^bb0(%s: f32, %x: f32, %old: f32):
    kernel.yield %x : f32
  } -> tensor<1x6x3xf32>
  return
}

// -----

func.func @epilogue_arguments(%a: tensor<1x6x4xf32>, %b: tensor<1x4x3xf32>, %o: tensor<1x6x3xf32>) {
  // expected-error @+1 {{'kernel.matmul' op expects an epilogue of the sum, 0 extras and the destination's element}}
  %0 = kernel.matmul ins(%a, %b : tensor<1x6x4xf32>, tensor<1x4x3xf32>) outs(%o : tensor<1x6x3xf32>) epilogue {
  ^bb0(%s: f32):
    kernel.yield %s : f32
  } -> tensor<1x6x3xf32>
  return
}

// -----

func.func @ring_rows(%b: memref<1x3x8x4xf32>) {
  // expected-error @+1 {{'kernel.ring' op expects a power of two of rows, but got 3}}
  %0 = kernel.ring %b : memref<1x3x8x4xf32> to memref<1x16x8x4xf32>
  return
}

// -----

func.func @ring_type(%b: memref<1x4x8x4xf32>) {
  // expected-error @+1 {{'kernel.ring' op expects rows of one type, but got 'memref<1x4x8x4xf32>' and 'memref<1x16x9x4xf32>'}}
  %0 = kernel.ring %b : memref<1x4x8x4xf32> to memref<1x16x9x4xf32>
  return
}

// -----

func.func @ring_images(%b: memref<1x4x8x4xf32>) {
  // expected-error @+1 {{'kernel.ring' op expects one image}}
  %0 = kernel.ring %b : memref<1x4x8x4xf32> to memref<2x16x8x4xf32>
  return
}

// -----

func.func @stream_rows() {
  // expected-error @+1 {{'kernel.stream' op expects at least one row and one part}}
  kernel.stream rows 0 parts 1 {
  }
  return
}

// -----

func.func @stream_of_nothing() {
  // expected-error @+1 {{'kernel.stream' op expects window ops}}
  kernel.stream rows 1 parts 1 {
  }
  return
}

// -----

func.func @stream_of_other(%a: memref<1x6x4xf32>, %b: memref<1x4x3xf32>, %o: memref<1x6x3xf32>) {
  kernel.stream rows 1 parts 1 {
    // expected-error @+1 {{'kernel.matmul' op can't be part of 'kernel.stream'}}
    kernel.matmul ins(%a, %b : memref<1x6x4xf32>, memref<1x4x3xf32>) outs(%o : memref<1x6x3xf32>)
  }
  return
}

// -----

func.func @stream_apart(%x: memref<1x8x8x4xf32>, %o: memref<1x4x4x4xf32>) {
  kernel.stream rows 1 parts 1 {
    kernel.pool max ins(%x : memref<1x8x8x4xf32>) outs(%o : memref<1x4x4x4xf32>) {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>}
    // expected-error @+1 {{'kernel.pool' op expects, in 'kernel.stream', to read what the op before it writes}}
    kernel.pool max ins(%x : memref<1x8x8x4xf32>) outs(%o : memref<1x4x4x4xf32>) {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>}
  }
  return
}

// -----

func.func @block_rank(%b: memref<40xf32>) {
  // expected-error @+1 {{'kernel.block' op expects contiguous buffers of one element type, the source of rank 2}}
  %0 = kernel.block %b : memref<40xf32> to memref<10x40xf32>
  return
}

// -----

func.func @rows_period() {
  // expected-error @+1 {{'kernel.rows' op expects blocks inside of periods that 20 rows are made of, but got blocks of 4 and a period of 3}}
  kernel.rows 20 block 4 period 3 parts 1 {
  }
  return
}

// -----

func.func @rows_of_other(%x: memref<1x8x8x4xf32>, %o: memref<1x4x4x4xf32>) {
  kernel.rows 8 block 4 period 8 parts 1 {
    // expected-error @+1 {{'kernel.pool' op can't be part of 'kernel.rows'}}
    kernel.pool max ins(%x : memref<1x8x8x4xf32>) outs(%o : memref<1x4x4x4xf32>) {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>}
  }
  return
}

// -----

func.func @winograd_extent(%x: memref<1x8x8x16xf32>, %w: memref<36x16x16xf32>, %s: memref<1x4608xf32>, %o: memref<1x8x8x16xf32>) {
  // expected-error @+1 {{'kernel.winograd' op expects results for each place of a window of 3x3}}
  kernel.winograd ins(%x, %w : memref<1x8x8x16xf32>, memref<36x16x16xf32>) scratch(%s : memref<1x4608xf32>) outs(%o : memref<1x8x8x16xf32>) {pads = array<i64: 0, 1, 1, 1>, rows = 2}
  return
}

// -----

func.func @winograd_filter(%x: memref<1x8x8x16xf32>, %w: memref<9x16x16xf32>, %s: memref<1x4608xf32>, %o: memref<1x8x8x16xf32>) {
  // expected-error @+1 {{'kernel.winograd' op expects a filter of 36 matrices of 16 channels and 16 features}}
  kernel.winograd ins(%x, %w : memref<1x8x8x16xf32>, memref<9x16x16xf32>) scratch(%s : memref<1x4608xf32>) outs(%o : memref<1x8x8x16xf32>) {pads = array<i64: 1, 1, 1, 1>, rows = 2}
  return
}

// -----

func.func @winograd_scratch(%x: memref<1x8x8x16xf32>, %w: memref<36x16x16xf32>, %s: memref<1x4607xf32>, %o: memref<1x8x8x16xf32>) {
  // expected-error @+1 {{'kernel.winograd' op expects room for 4608 elements}}
  kernel.winograd ins(%x, %w : memref<1x8x8x16xf32>, memref<36x16x16xf32>) scratch(%s : memref<1x4607xf32>) outs(%o : memref<1x8x8x16xf32>) {pads = array<i64: 1, 1, 1, 1>, rows = 2}
  return
}

// -----

func.func @dot_lanes(%x: vector<6xi8>, %w: vector<6xi8>, %s: vector<4xi32>) {
  // expected-error @+1 {{'kernel.dot' op expects as many elements as weights, some for each of 4 lanes}}
  %r = kernel.dot %x, %w, %s : vector<6xi8>, vector<6xi8>, vector<4xi32>
  return
}

// -----

func.func @dot_width(%x: vector<8xi32>, %w: vector<8xi8>, %s: vector<4xi32>) {
  // expected-error @+1 {{'kernel.dot' op expects integers of 16 bits or fewer}}
  %r = kernel.dot %x, %w, %s : vector<8xi32>, vector<8xi8>, vector<4xi32>
  return
}

// -----

func.func @offset(%x: memref<1x4x3xi8>, %w: memref<1x3x4xi8>, %o: memref<1x4x4xi32>) {
  // expected-error @+1 {{'kernel.matmul' op expects 'offset' only with weights that are packed for 'kernel.dot'}}
  kernel.matmul ins(%x, %w : memref<1x4x3xi8>, memref<1x3x4xi8>) outs(%o : memref<1x4x4xi32>) {offset = 128 : i64}
  return
}

// -----

func.func @bias(%x: memref<1x4x3xi8>, %w: memref<1x3x4xi8>, %b: memref<3xi32>, %o: memref<1x4x4xi32>) {
  // expected-error @+1 {{'kernel.matmul' op expects a bias for each column of the result}}
  kernel.matmul ins(%x, %w bias %b : memref<1x4x3xi8>, memref<1x3x4xi8>, memref<3xi32>) outs(%o : memref<1x4x4xi32>)
  return
}

// -----

func.func @depthwise_packing(%x: memref<1x9x64xi8>, %w: memref<256xi8>, %o: memref<1x9x64xi32>) {
  // expected-error @+1 {{'kernel.conv' op expects depthwise weights to be packed for four products of bytes a lane}}
  kernel.conv ins(%x, %w : memref<1x9x64xi8>, memref<256xi8>) outs(%o : memref<1x9x64xi32>) {groups = 64 : i64, strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 1, 1>, window = array<i64: 3>, packing = #kernel.packing<vectors = 4, lanes = 16, products = 2, bits = 16>}
  return
}

// -----

func.func @depthwise_weights(%x: memref<1x9x64xi8>, %w: memref<192xi8>, %o: memref<1x9x64xi32>) {
  // expected-error @+1 {{'kernel.conv' op expects a packed filter of 256 elements}}
  kernel.conv ins(%x, %w : memref<1x9x64xi8>, memref<192xi8>) outs(%o : memref<1x9x64xi32>) {groups = 64 : i64, strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 1, 1>, window = array<i64: 3>, packing = #kernel.packing<vectors = 4, lanes = 16, products = 4, bits = 8>}
  return
}
