// Titles and one-line explanations of passes and their options: `pass.<id>`, `pass.<id>.about`,
// `option.<name>`, `option.<name>.about`, and `value.<name>.<value>` where a value needs words.

import type { TextEntry } from './entry';

export const passTexts = {
  'pass.cleanup': { en: 'Clean up', zh: '清理' },
  'pass.cleanup.about': {
    en: 'Simplifies the graph without changing what it computes.',
    zh: '在不改变计算结果的前提下化简图。',
  },
  'pass.quantize.static': { en: 'Quantize to int8 (static)', zh: '量化为 int8（静态）' },
  'pass.quantize.static.about': {
    en: 'Weights and activations in 8 bits, with ranges measured on sample data. Smallest and usually fastest.',
    zh: '权重与激活均为 8 位，取值范围由样本数据测得。体积最小，通常最快。',
  },
  'pass.quantize.dynamic': { en: 'Quantize to int8 (dynamic)', zh: '量化为 int8（动态）' },
  'pass.quantize.dynamic.about': {
    en: 'Weights in 8 bits, activations quantized while running. Needs no data; good for MatMul-heavy models.',
    zh: '权重为 8 位，激活在运行时量化。无需数据；适合以 MatMul 为主的模型。',
  },
  'option.rules': { en: 'Rules to leave out', zh: '不使用的规则' },
  'option.rules.about': { en: 'Names of clean-up rules that must not run.', zh: '不执行的清理规则名称。' },
  'option.opset': { en: 'Opset', zh: 'Opset' },
  'option.opset.about': { en: 'Convert the model up to this opset of ai.onnx.', zh: '把模型升级到此 ai.onnx opset。' },
  'option.effort': { en: 'Effort', zh: '力度' },
  'option.effort.about': {
    en: 'How much work goes into keeping accuracy. More than "fast" comes in a later version.',
    zh: '为保持准确率投入多少计算。高于 "fast" 的档位将在后续版本提供。',
  },
  'option.calibration': { en: 'Calibration', zh: '校准方法' },
  'option.calibration.about': {
    en: 'How the range of an activation is chosen: least squared error, the extremes, or a percentile.',
    zh: '如何选择激活的取值范围：最小平方误差、极值或百分位。',
  },
  'option.percentile': { en: 'Percentile', zh: '百分位' },
  'option.percentile.about': { en: 'Share of values kept inside the range, in percent.', zh: '保留在范围内的数值比例（百分数）。' },
  'option.samples': { en: 'Samples', zh: '样本数' },
  'option.samples.about': { en: 'How many samples of the training split are used to calibrate.', zh: '用于校准的训练样本数量。' },
  'option.format': { en: 'Format', zh: '格式' },
  'option.format.about': {
    en: 'QDQ (QuantizeLinear and DequantizeLinear around float operators) or QOperator.',
    zh: 'QDQ（在浮点算子两侧放置 QuantizeLinear 与 DequantizeLinear）或 QOperator。',
  },
  'option.weights': { en: 'Weight type', zh: '权重类型' },
  'option.weights.about': { en: 'Integer type of the weights.', zh: '权重的整数类型。' },
  'option.activations': { en: 'Activation type', zh: '激活类型' },
  'option.activations.about': { en: 'Integer type of the activations.', zh: '激活的整数类型。' },
  'option.perChannel': { en: 'Per channel', zh: '逐通道' },
  'option.perChannel.about': { en: 'One weight scale for each output channel instead of one for the tensor.', zh: '每个输出通道一个权重缩放系数，而不是整个张量一个。' },
  'option.reduceRange': { en: 'Reduce range', zh: '缩小范围' },
  'option.reduceRange.about': {
    en: '7-bit weights, so that 16-bit sums cannot overflow on x64 CPUs without VNNI.',
    zh: '使用 7 位权重，避免在没有 VNNI 的 x64 CPU 上 16 位累加溢出。',
  },
  'option.ignore': { en: 'Layers to leave', zh: '不处理的层' },
  'option.ignore.about': { en: 'Layer ids, node names or patterns such as "layer1*".', zh: '层 id、节点名或 "layer1*" 之类的模式。' },
  'option.bits': { en: 'Bits', zh: '位数' },
  'option.bits.about': { en: 'Bits of weights and of activations.', zh: '权重与激活的位数。' },
  'option.equalize': { en: 'Equalize', zh: '均衡' },
  'option.equalize.about': { en: 'Cross-layer equalization of channel ranges.', zh: '跨层均衡通道范围。' },
  'option.smooth': { en: 'SmoothQuant', zh: 'SmoothQuant' },
  'option.smooth.about': { en: 'Moves outliers of activations into the weights.', zh: '把激活中的离群值转移到权重。' },
  'option.rounding': { en: 'Rounding', zh: '取整' },
  'option.rounding.about': { en: 'Nearest, or learned per weight (AdaRound).', zh: '就近取整，或逐权重学习（AdaRound）。' },
  'option.calibrationData': { en: 'Calibration data', zh: '校准数据' },
  'option.calibrationData.about': { en: 'Real samples, or synthetic ones made from the model.', zh: '真实样本，或由模型合成的样本。' },
} as const satisfies Record<string, TextEntry>;
