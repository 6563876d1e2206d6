// In words what src/engine/analysis/cost*.ts count as MACs, and why an operator counts none: for docs/operators.md. A
// test holds every operator to exactly one note.

export interface CostNote {
  readonly operators: readonly string[];
  readonly note: string;
}

const words = (text: string): readonly string[] => text.trim().split(/\s+/);

export const counted: readonly CostNote[] = [
  { operators: words('Conv FusedConv DeformConv ConvInteger QLinearConv NhwcConv NhwcFusedConv CausalConvWithState'), note: 'elements of the output × elements of one filter [C/group, kernel...]; padding counts, the sampling of DeformConv does not' },
  { operators: words('ConvTranspose ConvTransposeWithDynamicPads'), note: 'elements of the input × elements of one filter [M/group, kernel...]' },
  { operators: words('MatMul MatMulInteger QLinearMatMul FusedMatMul FusedMatMulActivation TransposeMatMul MatMulIntegerToFloat DynamicQuantizeMatMul MatMulInteger16 QOrderedMatMul GemmFastGelu Gemm FusedGemm QGemm GemmFloat8'), note: 'elements of the output × length of the contracted axis; alpha, beta, C and bias do not count' },
  { operators: words('MatMulNBits MatMulBnb4 MatMulFpQ4'), note: 'elements of A × N' },
  { operators: ['Einsum'], note: 'product of the sizes of all indices × (operands - 1)' },
  { operators: words('LSTM GRU RNN DynamicQuantizeLSTM'), note: 'steps × batch × directions × gates (4, 3, 1) × hidden × (input + hidden); peepholes do not count' },
  { operators: words('Attention FlexAttention MultiHeadAttention GroupQueryAttention DecoderMaskedMultiHeadAttention'), note: 'scores and weighted sum over whole sequences, past included: heads × queries × keys × (key size + value size); masks save nothing, softmax does not count; the projection of com.microsoft.Attention counts as in QAttention' },
  { operators: ['QAttention'], note: 'projection batch × length × width × columns, then as Attention' },
  { operators: ['LinearAttention'], note: 'token by token: key size × value size, once a query head to read the state, once a key head to update it, and once more for the delta rules' },
  { operators: words('MoE QMoE'), note: 'tokens × k × elements of one expert; packed weights by expert_weight_bits' },
  { operators: ['GatedRelativePositionBias'], note: 'elements of the query × columns of the weights' },
  { operators: ['CDist'], note: 'rows of A × rows of B × columns' },
  { operators: words('LinearClassifier LinearRegressor'), note: 'samples × coefficients' },
  { operators: words('SVMClassifier SVMRegressor'), note: 'samples × elements of the support vectors' },
  { operators: words('DFT STFT Rfft Irfft'), note: 'a fast transform of n points: 2 n ⌈log2 n⌉ (n/2 log2 n complex multiplications of four), for each signal or frame; the window does not count' },
  { operators: ['Det'], note: 'elimination: the sum of k² for k below n, for each matrix' },
  { operators: ['Inverse'], note: 'Gauss-Jordan: n³ for each matrix' },
];

export const dataDependent: readonly CostNote[] = [
  { operators: words('BeamSearch WhisperBeamSearch GreedySearch Sampling'), note: 'how many steps are decoded is data' },
  { operators: words('PackedAttention PackedMultiHeadAttention'), note: 'the lengths of the packed sequences are data' },
  { operators: words('LongformerAttention QOrderedLongformerAttention SparseAttention'), note: 'which keys a query meets is data' },
  { operators: words('DecoderMaskedSelfAttention QOrderedAttention'), note: 'the length of the past, or the sizes of the projections, are not in the shapes of the inputs' },
  { operators: ['SparseToDenseMatMul'], note: 'the number of stored elements is not part of the shape' },
  { operators: ['Gradient'], note: 'it stands for the backward pass of a part of the graph' },
];

export const free: readonly CostNote[] = [
  { operators: words(`Reshape Flatten Squeeze Unsqueeze Transpose Expand ExpandDims Tile Identity Slice Split Pad Concat Gather GatherElements
    GatherND GatherBlockQuantized Scatter ScatterElements ScatterND TensorScatter Compress CenterCropPad DepthToSpace SpaceToDepth ReverseSequence
    Trilu EyeLike OneHot Dropout BitmaskDropout Shape Size Constant ConstantOfShape Range ReorderInput ReorderOutput Col2Im MaxUnpool UnfoldTensor
    RemovePadding RestorePadding TorchEmbedding RelativePositionBias QLinearConcat ArrayFeatureExtractor FeatureVectorizer OneHotEncoder`), note: 'moves or makes data' },
  { operators: words(`SequenceAt SequenceConstruct SequenceEmpty SequenceErase SequenceInsert SequenceLength SplitToSequence ConcatFromSequence
    Optional OptionalGetElement OptionalHasElement ZipMap CastMap DictVectorizer`), note: 'moves data in containers' },
  { operators: words('If Loop Scan SequenceMap'), note: 'counts what its bodies count: the costlier branch; a Loop by its trip count where that is a constant (its condition may end it earlier), otherwise unknown; Scan and SequenceMap by the length of their input' },
  { operators: words(`Add Sub Mul Div Pow Mod Max Min Mean Sum Where And Or Xor Not Equal Greater GreaterOrEqual Less LessOrEqual BitShift BitwiseAnd
    BitwiseNot BitwiseOr BitwiseXor MulInteger ComplexMul ComplexMulConj BiasAdd QLinearAdd QLinearMul QLinearWhere PRelu SwiGLU RotaryEmbedding
    Adagrad Adam Momentum`), note: 'elementwise: at most a few multiplications for each element, bound by memory' },
  { operators: words(`Abs Acos Acosh Asin Asinh Atan Atanh Ceil Celu Clip Cos Cosh Elu Erf Exp Floor Gelu FastGelu QuickGelu BiasGelu BiasSplitGelu
    BiasDropout HardSigmoid HardSwish IsAllFinite IsInf IsNaN LeakyRelu Log Mish Neg Reciprocal Relu Round Selu Shrink Sigmoid Sign Sin Sinh Softplus
    Softsign Sqrt Swish Tan Tanh ThresholdedRelu QLinearSigmoid QLinearLeakyRelu QOrderedGelu SampleOp Binarizer Imputer Scaler`), note: 'a function of each element' },
  { operators: words(`BatchNormalization InstanceNormalization LayerNormalization GroupNormalization RMSNormalization LpNormalization
    MeanVarianceNormalization LRN SimplifiedLayerNormalization SkipLayerNormalization SkipSimplifiedLayerNormalization EmbedLayerNormalization
    QEmbedLayerNormalization QOrderedLayerNormalization GroupNorm SkipGroupNorm Normalizer`), note: 'normalization: a sum and a few multiplications for each element' },
  { operators: words('Softmax LogSoftmax Hardmax BiasSoftmax QLinearSoftmax SoftmaxCrossEntropyLoss NegativeLogLikelihoodLoss'), note: 'an exponential, a sum and a division for each element' },
  { operators: words(`ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumInteger ReduceSumSquare
    QLinearReduceMean ArgMax ArgMin CumSum CumProd`), note: 'one operation for each element read' },
  { operators: words(`AveragePool MaxPool LpPool GlobalAveragePool GlobalLpPool GlobalMaxPool MaxRoiPool RoiAlign MaxpoolWithMask NhwcMaxPool
    QLinearAveragePool QLinearGlobalAveragePool`), note: 'pooling: additions or comparisons, no products' },
  { operators: words('Resize Upsample GridSample AffineGrid'), note: 'interpolation: a few multiplications for each output element' },
  { operators: words('QuantizeLinear DequantizeLinear DynamicQuantizeLinear QuantizeWithOrder DequantizeWithOrder Cast CastLike BitCast'), note: 'changes the type of each element' },
  { operators: words(`TopK Unique NonZero NonMaxSuppression TreeEnsemble TreeEnsembleClassifier TreeEnsembleRegressor LabelEncoder CategoryMapper
    RegexFullMatch StringConcat StringNormalizer StringSplit TfIdfVectorizer ImageDecoder`), note: 'compares, sorts, looks up or decodes' },
  { operators: words('RandomNormal RandomNormalLike RandomUniform RandomUniformLike Bernoulli Multinomial BlackmanWindow HammingWindow HannWindow MelWeightMatrix'), note: 'makes numbers from a formula' },
];
