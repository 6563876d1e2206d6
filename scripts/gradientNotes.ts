// In words why an operator has no gradient rule, and which forms of the others are refused: for docs/gradients.md. A test
// holds every refused operator to exactly one reason.

export interface GradientNote {
  readonly operators: readonly string[];
  readonly note: string;
}

const words = (text: string): readonly string[] => text.trim().split(/\s+/);

export const refusals: readonly GradientNote[] = [
  { operators: words('ConvInteger MatMulInteger QLinearConv QLinearMatMul'), note: 'computes in integers: train the float model, or one with QuantizeLinear and DequantizeLinear' },
  { operators: words('If Loop Scan SequenceMap'), note: 'runs a graph of its own, as often as data say' },
  { operators: words('ConcatFromSequence SequenceAt SequenceConstruct SequenceEmpty SequenceErase SequenceInsert SequenceLength SplitToSequence'), note: 'sequences of tensors carry no gradient here' },
  { operators: words('Optional OptionalGetElement OptionalHasElement'), note: 'optional values carry no gradient here' },
  { operators: words('RegexFullMatch StringConcat StringNormalizer StringSplit TfIdfVectorizer'), note: 'works on text' },
  { operators: ['ImageDecoder'], note: 'decodes bytes' },
  { operators: words('DFT STFT'), note: 'no rule yet; it stands before the first weights as a rule, where no gradient has to go' },
  { operators: words('DeformConv Det GridSample MaxRoiPool MaxUnpool RoiAlign'), note: 'no rule yet' },
  { operators: words('CausalConvWithState LinearAttention'), note: 'a recurrence over positions: unrolled, it would be thousands of nodes' },
  { operators: ['SwiGLU'], note: 'newer than the training opset; onnxruntime 1.30 has no kernel' },
  { operators: words('Scatter Upsample'), note: 'not in opset 21, to which models are converted first (ScatterElements, Resize)' },
];

/** What a decomposition writes, or which forms are refused, with the form as the error names it. */
export const remarks: readonly GradientNote[] = [
  { operators: words('LSTM GRU RNN'), note: 'unrolled over the steps; all activations, clip, peepholes, lengths, both layouts. Refused: more than 1,000 steps, Affine and ScaledTanh without alpha and beta' },
  { operators: ['Attention'], note: 'Refused: `qk_matmul_output`, `nonpad_kv_seqlen`, windows, a mask that is shorter than the keys, and `is_causal=1` with a past and other lengths of queries and keys' },
  { operators: ['QuantizeLinear'], note: 'straight through (Bengio 2013): 1 / scale inside the range, nothing outside; the scale as LSQ has it (Esser 2020). Refused: 8-bit and 4-bit floats' },
  { operators: ['DequantizeLinear'], note: 'values and scale; a zero point counts as constant' },
  { operators: ['DynamicQuantizeLinear'], note: 'straight through; scale and zero point count as constant' },
  { operators: ['Dropout'], note: 'a node with a ratio gets a mask of Decant’s own while training, a function of seed, step and element. Refused: `training_mode=true` whose mask is no output' },
  { operators: ['BatchNormalization'], note: 'by the statistics of the batch, or frozen. Refused: `training_mode=1` in the file' },
  { operators: words('Conv ConvTranspose AveragePool MaxPool LpPool'), note: 'Refused: negative pads' },
  { operators: ['Resize'], note: 'all modes with constant scales or sizes. Refused: `keep_aspect_ratio_policy` other than stretch' },
  { operators: words('LayerNormalization'), note: 'Refused: a loss on Mean or InvStdDev' },
  { operators: words('ScatterElements ScatterND'), note: 'Refused: `reduction` other than none and add' },
  { operators: ['Compress'], note: 'Refused: a condition that is computed' },
  { operators: ['Einsum'], note: 'products, sums and transposes, two operands at a time. Refused: a letter twice in one operand' },
  { operators: words('Split Slice'), note: 'Refused: sizes and bounds that are computed' },
  { operators: ['Pad'], note: 'all modes, also by the constant. Refused: pads that are computed, negative pads outside mode constant, and more than the mode defines' },
  { operators: ['Col2Im'], note: 'Refused: dilations in other than two dimensions, where onnxruntime computes the operator wrongly' },
];

/** Of com.microsoft. */
export const runtimeRemarks: readonly GradientNote[] = [
  { operators: ['FusedConv'], note: 'Conv, Add, activation' },
  { operators: ['FusedGemm'], note: 'Gemm, activation' },
  { operators: words('FusedMatMul TransposeMatMul'), note: 'Transpose, MatMul, the scale on the smaller operand' },
  { operators: words('Gelu BiasGelu FastGelu'), note: 'Add, Gelu' },
  { operators: ['QuickGelu'], note: 'Sigmoid, Mul' },
  { operators: words('SkipLayerNormalization SkipSimplifiedLayerNormalization'), note: 'Add, normalization. Refused: mean and inverse deviation as outputs' },
  { operators: ['EmbedLayerNormalization'], note: 'Gather, Add, LayerNormalization' },
  { operators: words('Attention MultiHeadAttention'), note: 'scaled dot-product attention in plain operators; masks of lengths, of keys and of pairs. Refused: forms with a past' },
  { operators: ['GroupQueryAttention'], note: 'the same, causal, rotary, windows. Refused: forms with a past, sinks, quantized caches' },
  { operators: ['RotaryEmbedding'], note: 'Refused: packed batches' },
  { operators: ['MatMulNBits'], note: 'weights of 2, 4 and 8 bits are written out in float; gradients reach activations, scales and bias. Refused: `g_idx`, prepacked weights' },
  { operators: words('BiasAdd BiasSplitGelu GroupNorm'), note: 'onnxruntime has a kernel on CUDA only; the written-out form runs everywhere' },
];
