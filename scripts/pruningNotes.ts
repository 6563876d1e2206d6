// In words what some operators do to units, for docs/pruning-operators.md; a test holds that each is an operator with a rule.

export interface PruningNote {
  readonly operators: readonly string[];
  readonly note: string;
}

const words = (text: string): readonly string[] => text.trim().split(/\s+/);

export const pruningNotes: readonly PruningNote[] = [
  { operators: words('Conv ConvInteger QLinearConv'), note: 'depthwise: a channel goes with its filters, and `group` shrinks. Grouped: `group` stays; channels of equal offset in each group are one unit, among inputs and among outputs' },
  { operators: ['ConvTranspose'], note: 'as Conv, with weights [in, out / group, ...]' },
  { operators: ['DeformConv'], note: 'one group and one offset group; others lock' },
  { operators: words('MatMul Gemm MatMulInteger QLinearMatMul'), note: 'rows and columns are units; the inner axis of both goes together. A leading axis that two activations share is one of heads' },
  { operators: ['Einsum'], note: 'a letter is one axis wherever it stands; an ellipsis is broadcast' },
  { operators: words('LSTM GRU RNN'), note: 'a hidden unit goes with its rows in all gates, both directions together; `hidden_size` shrinks' },
  { operators: ['Attention'], note: 'a head is one unit; a key-value head goes with the query heads that share it; with a single one, query heads go alone' },
  { operators: ['RotaryEmbedding'], note: 'heads pass; the size of a head stays' },
  { operators: words('Reshape Flatten'), note: 'merged and split axes: one factor carries the units, the others keep their size. The factor that is not locked; else the one along which the axis goes in step already (a channel shuffle after a grouped convolution: the inner one); else the outermost (heads)' },
  { operators: ['Concat'], note: 'units of each part stay apart' },
  { operators: ['Split'], note: 'parts may become unequal: sizes are written' },
  { operators: ['Slice'], note: 'step 1; other steps lock the axis' },
  { operators: ['Gather'], note: 'fixed indices choose entries; indices that are data lock that axis (a vocabulary), the others pass' },
  { operators: ['Pad'], note: 'a constant makes entries of its own, which may go; other modes lock a padded axis' },
  { operators: words('DepthToSpace SpaceToDepth'), note: 'a channel of the narrow side is one unit with its block of the wide one' },
  { operators: ['Tile'], note: 'all copies of an entry are one unit' },
  { operators: ['Expand'], note: 'stretched axes lock what meets them' },
  { operators: words('Resize Upsample'), note: 'axes that keep their size pass' },
  { operators: ['MaxPool'], note: 'its Indices, where they are used, lock the channels' },
  { operators: words('Softmax LogSoftmax Hardmax'), note: 'locks the normalized axis (before opset 13: all from `axis` on)' },
  { operators: words('ArgMax ArgMin TopK'), note: 'locks its axis' },
  { operators: words('CumSum CumProd'), note: 'locks its axis' },
  { operators: ['Trilu'], note: 'locks the last two axes' },
  { operators: words('LayerNormalization RMSNormalization LpNormalization MeanVarianceNormalization'), note: 'normalizes those that stay' },
  { operators: ['GroupNormalization'], note: 'the number of groups stays: channels of equal offset in each are one unit' },
  { operators: ['InstanceNormalization'], note: 'exact for channels; not where a reshape brought channels into its positions' },
  { operators: ['LRN'], note: 'windows slide over those that stay' },
  { operators: words('ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare'), note: 'over channels: a statistic of those that stay; over positions exact' },
  { operators: words('QuantizeLinear DequantizeLinear'), note: 'scales and zero points of an axis go with it; blocks of several entries lock theirs' },
  { operators: ['DynamicQuantizeLinear'], note: 'the range is that of what stays' },
  { operators: words('Shape Size'), note: 'what is computed from sizes follows. A size that becomes a number of the computation counts what stays' },
  { operators: words('Constant ConstantOfShape'), note: 'shrinks with what it meets' },
  { operators: words('If Loop Scan SequenceMap'), note: 'what a body uses from outside stays; weights inside bodies are not pruned' },
];

export const runtimePruningNotes: readonly PruningNote[] = [
  { operators: ['Attention'], note: 'heads of the packed projection; `num_heads` and `qkv_hidden_sizes` shrink' },
  { operators: ['MultiHeadAttention'], note: 'all packings of queries, keys and values' },
  { operators: ['GroupQueryAttention'], note: 'a key-value head goes with its query heads, packed or not' },
  { operators: ['FusedMatMul'], note: '`transBatchA` and `transBatchB` lock' },
];
