// Recurrent layers, one direction each.
#ifndef EDGE_RECURRENT_TD
#define EDGE_RECURRENT_TD

include "dialects/Edge/EdgeDialect.td"

def Edge_Activation : I32EnumAttr<"Activation", "what a recurrent layer applies to a gate", [
    I32EnumAttrCase<"sigmoid", 0>,          // 1 / (1 + e^-x)
    I32EnumAttrCase<"tanh", 1>,
    I32EnumAttrCase<"relu", 2>,             // max(x, 0)
    I32EnumAttrCase<"affine", 3>,           // alpha * x + beta
    I32EnumAttrCase<"leaky_relu", 4>,       // x < 0 ? alpha * x : x
    I32EnumAttrCase<"thresholded_relu", 5>, // x > alpha ? x : 0
    I32EnumAttrCase<"scaled_tanh", 6>,      // alpha * tanh(beta * x)
    I32EnumAttrCase<"hard_sigmoid", 7>,     // max(0, min(1, alpha * x + beta))
    I32EnumAttrCase<"elu", 8>,              // x < 0 ? alpha * (e^x - 1) : x
    I32EnumAttrCase<"softsign", 9>,         // x / (1 + |x|)
    I32EnumAttrCase<"softplus", 10>]> {     // ln(1 + e^x)
  let cppNamespace = "::edgec::edge";
}

// What the three have in common. Each op's description gives its own G, the number of gates, and its formulas.
class Edge_Recurrent<string mnemonic, string formulas> : Edge_Op<mnemonic, [AttrSizedOperandSegments]> {
  let description = [{
    `x` is `[T, N, I]`, `w` `[I, G * H]`, `r` `[H, G * H]`, `bias` `[G * H]`, `initial_h` (and `initial_c`) `[N, H]`, zero where absent. The results
    are `y`, the hidden state after each step, `[T, N, H]`, and the last states, `[N, H]`. With `reverse`, time runs from the last step to the
    first. `sequence_lens` `[N]` gives each sequence's own length: from there on, `y` is zero and the states stay.

    `activations` names the functions f, g, h with their `alphas` and `betas`; the arguments of gates (of f and g) are first limited to [-clip, clip], as
    onnxruntime does. Floats narrower than f32 compute in f32. With `x w` for all steps at once, `h` the state of the step before, and `*` element by element:

  }] # formulas;
}

def Edge_RnnOp : Edge_Recurrent<"rnn", [{
    `h = f(x w + h r + bias)`, G = 1. Source: ONNX RNN.
  }]> {
  let summary = "simple recurrent layer";
  let arguments = (ins Edge_Tensor:$x, Edge_Tensor:$w, Edge_Tensor:$r, Optional<Edge_Tensor>:$bias, Optional<Edge_Tensor>:$sequence_lens,
    Optional<Edge_Tensor>:$initial_h, StrArrayAttr:$activations, DenseF64ArrayAttr:$alphas, DenseF64ArrayAttr:$betas,
    OptionalAttr<F64Attr>:$clip, UnitAttr:$reverse);
  let results = (outs Edge_Tensor:$y, Edge_Tensor:$y_h);
  let assemblyFormat = [{
    $x `,` $w `,` $r (`bias` $bias^)? (`lens` $sequence_lens^)? (`h` $initial_h^)? 
    prop-dict attr-dict `:` type(operands)
  }];
}

def Edge_GruOp : Edge_Recurrent<"gru", [{
    `z = f(x w_z + h r_z + bias_z)`, `q = f(x w_r + h r_r + bias_r)`, `n = g(x w_h + (q * h) r_h + bias_h)`, `h = (1 - z) * n + z * h`; with
    `linear_before_reset`, `n = g(x w_h + q * (h r_h + reset_bias) + bias_h)`, with `reset_bias` `[H]`. G = 3, in the order z, r, h. Source: ONNX GRU.
  }]> {
  let summary = "gated recurrent unit";
  let arguments = (ins Edge_Tensor:$x, Edge_Tensor:$w, Edge_Tensor:$r, Optional<Edge_Tensor>:$bias, Optional<Edge_Tensor>:$sequence_lens,
    Optional<Edge_Tensor>:$initial_h, Optional<Edge_Tensor>:$reset_bias,
    StrArrayAttr:$activations, DenseF64ArrayAttr:$alphas, DenseF64ArrayAttr:$betas,
    OptionalAttr<F64Attr>:$clip, UnitAttr:$reverse, UnitAttr:$linear_before_reset);
  let results = (outs Edge_Tensor:$y, Edge_Tensor:$y_h);
  let assemblyFormat = [{
    $x `,` $w `,` $r (`bias` $bias^)? (`lens` $sequence_lens^)? (`h` $initial_h^)? (`reset_bias` $reset_bias^)? 
    prop-dict attr-dict `:` type(operands)
  }];
}

def Edge_LstmOp : Edge_Recurrent<"lstm", [{
    `i = f(x w_i + h r_i + p_i * c + bias_i)`, `k = f(x w_f + h r_f + p_f * c + bias_f)`, or `1 - i` with `input_forget`,
    `c = k * c + i * g(x w_c + h r_c + bias_c)`, `o = f(x w_o + h r_o + p_o * c + bias_o)` with the new c, `h = o * h(c)`. G = 4, in the order i, o, f, c;
    `peephole` is `[3 * H]`, p_i, p_o, p_f. Source: ONNX LSTM.
  }]> {
  let summary = "long short-term memory";
  let arguments = (ins Edge_Tensor:$x, Edge_Tensor:$w, Edge_Tensor:$r, Optional<Edge_Tensor>:$bias, Optional<Edge_Tensor>:$sequence_lens,
    Optional<Edge_Tensor>:$initial_h, Optional<Edge_Tensor>:$initial_c, Optional<Edge_Tensor>:$peephole,
    StrArrayAttr:$activations, DenseF64ArrayAttr:$alphas, DenseF64ArrayAttr:$betas,
    OptionalAttr<F64Attr>:$clip, UnitAttr:$reverse, UnitAttr:$input_forget);
  let results = (outs Edge_Tensor:$y, Edge_Tensor:$y_h, Edge_Tensor:$y_c);
  let assemblyFormat = [{
    $x `,` $w `,` $r (`bias` $bias^)? (`lens` $sequence_lens^)? (`h` $initial_h^)? (`c` $initial_c^)? (`peephole` $peephole^)? 
    prop-dict attr-dict `:` type(operands)
  }];
}

#endif
