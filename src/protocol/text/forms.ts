// What became of a layer, and why: short forms for tables and inline text.

import type { TextEntry } from './entry';

export const formTexts = {
  'form.unchanged': { en: 'unchanged', zh: '未变' },
  'form.changed': { en: 'changed', zh: '已更改' },
  'form.typed': { en: '{type} weights', zh: '{type} 权重' },
  'form.removed': { en: 'removed', zh: '已移除' },
  'form.merged': { en: 'merged into {layer}', zh: '已并入 {layer}' },
  'form.int8PerChannel': { en: 'int8 per channel', zh: '逐通道 int8' },
  'form.int8PerTensor': { en: 'int8 per tensor', zh: '逐张量 int8' },
  'form.int7PerChannel': { en: 'int8 per channel, 7-bit range', zh: '逐通道 int8（7 位范围）' },
  'form.int7PerTensor': { en: 'int8 per tensor, 7-bit range', zh: '逐张量 int8（7 位范围）' },
  'form.int8Dynamic': { en: 'int8, dynamic activations', zh: 'int8，动态激活' },
  'form.int8Rows': { en: 'int8, one scale for each row', zh: 'int8，每行一个缩放系数' },
  'form.int8Activations': { en: 'int8 activations', zh: 'int8 激活' },
  'form.sparse': { en: '{share} zeros', zh: '{share} 为零' },
  'form.pruned': { en: '{kept} of {total} {kind}', zh: '保留 {total} 个{kind}中的 {kept} 个' },
  'form.prunedInput': { en: 'reads {kept} of {total} {kind}', zh: '读取 {total} 个{kind}中的 {kept} 个' },
  'form.both': { en: '{first}, {then}', zh: '{first}，{then}' },
  'form.units.channels': { en: 'channels', zh: '通道' },
  'form.units.heads': { en: 'heads', zh: '注意力头' },
  'form.units.neurons': { en: 'neurons', zh: '神经元' },
  'form.units.hidden': { en: 'hidden values', zh: '隐藏值' },
  'form.decomposed': { en: '{method}, rank {ranks} of {full}', zh: '{method}，秩 {ranks} / {full}' },
  'form.method.svd': { en: 'SVD', zh: 'SVD' },
  'form.method.spatial': { en: 'spatial', zh: '空间分解' },
  'form.method.tucker': { en: 'Tucker', zh: 'Tucker' },
  'form.method.cp': { en: 'CP', zh: 'CP' },
  // Methods with the number of layers each has; parameters of `finding.decomposed`.
  'form.methods.1': { en: '{method1} {count1}', zh: '{method1} {count1}' },
  'form.methods.2': { en: '{method1} {count1}, {method2} {count2}', zh: '{method1} {count1}、{method2} {count2}' },
  'form.methods.3': { en: '{method1} {count1}, {method2} {count2}, {method3} {count3}', zh: '{method1} {count1}、{method2} {count2}、{method3} {count3}' },
  'form.methods.4': { en: '{method1} {count1}, {method2} {count2}, {method3} {count3}, {method4} {count4}', zh: '{method1} {count1}、{method2} {count2}、{method3} {count3}、{method4} {count4}' },
  'form.trained': { en: 'trained', zh: '已训练' },
  'form.float': { en: 'kept float', zh: '保持浮点' },

  // Why a layer stays float; parameters of `finding.layerKeptFloat`.
  'why.ignored': { en: 'it is in "ignore".', zh: '它在 "ignore" 列表中。' },
  'why.noKernel': { en: 'onnxruntime has no 8-bit kernel for this operator.', zh: 'onnxruntime 没有此算子的 8 位内核。' },
  'why.weightNotConstant': { en: 'its weights are computed while the model runs.', zh: '其权重在模型运行时计算得出。' },
  'why.weightRank': { en: 'its weights are not a matrix.', zh: '其权重不是矩阵。' },
  'why.notFloat32': { en: 'its weights are not float32.', zh: '其权重不是 float32。' },
  'why.biasNotConstant': { en: 'its bias is computed while the model runs.', zh: '其偏置在模型运行时计算得出。' },
  'why.biasShape': { en: 'its bias is not one number for each output channel.', zh: '其偏置不是每个输出通道一个数。' },
  'why.transposedInput': { en: 'its input is transposed.', zh: '其输入需要转置。' },
  'why.signedConv': { en: 'ConvInteger has no int8 kernel; use "weights": "u8" or "auto".', zh: 'ConvInteger 没有 int8 内核；请使用 "weights": "u8" 或 "auto"。' },
  'why.depthwise': { en: 'depthwise convolutions run slower in 8 bits than in float when activations are quantized while running.', zh: '在运行时量化激活时，深度卷积的 8 位计算比浮点更慢。' },
  'why.tiny': { en: 'it is too small to gain.', zh: '它太小，量化没有收益。' },

  // Why a layer keeps all its weights; parameters of `finding.layerNotPruned`.
  'why.leftWeight': { en: 'its weights stand on the left of the product.', zh: '其权重位于乘积的左侧。' },
  'why.weightComputed': { en: 'its weights are computed from stored numbers by more than Reshape, Transpose and Cast. The pass "cleanup" computes them once.', zh: '其权重由存储的数值经 Reshape、Transpose、Cast 以外的运算得出。可先用 "cleanup" 将其算出。' },
  'why.weightType': { en: 'its weights are not float32, float16 or float64.', zh: '其权重不是 float32、float16 或 float64。' },
  'why.usedOtherwise': { en: 'its weights are also used by other operators.', zh: '其权重同时被其他算子使用。' },
  'why.embedding': { en: 'its weights are also an embedding.', zh: '其权重同时用作嵌入表。' },
  'why.firstOrDepthwise': { en: 'first and depthwise convolutions have few weights that matter much; "everyLayer" takes them too.', zh: '首个卷积与深度卷积权重少而影响大；可用 "everyLayer" 一并处理。' },
  'why.patternChannels': { en: 'its input channels are no multiple of the pattern.', zh: '其输入通道数不是模式长度的整数倍。' },

  // Why a block stays; parameters of `finding.blockStays`.
  'why.blockProjection': { en: 'its shortcut has weights of its own.', zh: '其捷径带有自己的权重。' },
  'why.blockReadElsewhere': { en: 'what it computes inside is used outside too.', zh: '其内部结果在块外也被使用。' },
  'why.blockShape': { en: 'whether its input and output have the same shape is known only when the model runs.', zh: '其输入与输出的形状是否相同，只有运行时才知道。' },
  'why.blockFused': { en: 'the sum is fused with a normalization that has to stay.', zh: '求和与必须保留的归一化融合在一起。' },

  // Why a layer cannot be decomposed at all.
  'why.quantizedWeight': { en: 'its weights are quantized already.', zh: '其权重已经量化。' },
  'why.fusedOperator': { en: 'its operator is fused for onnxruntime and has no standard parts. Start from the model before that optimization.', zh: '其算子是为 onnxruntime 融合的，不是标准算子。请使用该优化之前的模型。' },
  'why.outputShape': { en: 'it states the size of its output instead of its pads.', zh: '它给出的是输出尺寸而不是填充量。' },
  'why.sharedUnlike': { en: 'layers that share its weights read them in different shapes.', zh: '共用其权重的层以不同形状读取这些权重。' },

  // Why a method of decomposition can do nothing for a layer, whatever its weights.
  'why.onePlace': { en: 'it reads one place at a time (a matrix or a 1 x 1 kernel); "svd" can split it.', zh: '它每次只读取一个位置（矩阵或 1 x 1 卷积核）；可使用 "svd"。' },
  'why.oneAxis': { en: 'its kernel reaches along one axis only, so there is no second axis to split off.', zh: '其卷积核只沿一个轴延伸，没有第二个轴可拆分。' },
  'why.channelAlone': { en: 'each of its channels has a kernel of its own and mixes with no other; "spatial" can split such kernels.', zh: '其每个通道有独立的卷积核，通道之间不混合；可使用 "spatial" 拆分。' },

  // Why a layer stays whole although a method could split it; parameters of `finding.layerNotDecomposed`.
  'why.rankNotCheaper': { en: 'factors of no rank that the options allow would cost less than it does. Where "grain" is above 1, a smaller one allows more ranks; where "ranks" names a rule, another may.', zh: '在选项允许的秩中，没有一个能使因子的开销低于它。"grain" 大于 1 时，减小它可允许更多的秩；"ranks" 指定了规则时，可尝试其他规则。' },
  'why.factorsSlower': { en: 'measured alone, it takes {before} and its factors {after}.', zh: '单独测量时，它用时 {before}，其因子用时 {after}。' },
  'why.factorsSlowerAll': { en: 'measured alone, their factors take longer, or save less than 3 % of the time.', zh: '单独测量时，其因子用时更长，或节省不足 3 %。' },
  'why.factorsNotFinite': { en: 'its factors, or the answers of the model with them, are too large for the type of its weights.', zh: '其因子或使用因子后的模型输出超出了权重类型可表示的范围。' },
  'why.lossTooLarge': { en: 'the target is met without it, at less loss.', zh: '不分解它也能达到目标，且损失更小。' },
} as const satisfies Record<string, TextEntry>;
