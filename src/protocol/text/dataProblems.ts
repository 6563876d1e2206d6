// What is wrong with one place of a data description, beyond what any JSON document can have wrong (problems.ts):
// the `{problem}` and `{allowed}` of `dataDescription`, and the `{wanted}` of `metricOutputMismatch`.

import type { TextEntry } from './entry';

export const dataProblemTexts = {
  'problem.notForFormat': { en: '{key} does not go with the format {format}', zh: '{key} 不适用于格式 {format}' },
  'problem.noSuchName': { en: 'there is no {found} in the data', zh: '数据中没有 {found}' },
  'problem.lengths': { en: '{inputs} inputs, but {labels} labels', zh: '有 {inputs} 个输入，但有 {labels} 个标签' },
  'problem.takeBeyond': { en: '{found} reaches beyond the {size} samples there are', zh: '{found} 超出了现有的 {size} 个样本' },
  'problem.cropTooLarge': { en: 'a crop of {found} is larger than an image of {size}', zh: '裁剪尺寸 {found} 大于图像尺寸 {size}' },
  'problem.channelCount': { en: '{found} numbers for {wanted} channels', zh: '有 {found} 个数值，但有 {wanted} 个通道' },
  'problem.shapeSize': { en: 'the shape [{found}] does not fit a stored sample of {size} values', zh: '形状 [{found}] 与每个样本的 {size} 个值不符' },
  'problem.notImage': { en: '{found} needs to know where the channels are', zh: '{found} 需要知道通道位置' },
  'problem.unknownClass': { en: '{found} is not among the classes', zh: '{found} 不在类别中' },
  'problem.tooLong': { en: '{found} is longer than the {size} tokens the model takes', zh: '{found} 超过模型可接受的 {size} 个词元' },
  'problem.dataTypeUnknown': { en: 'arrays of type {found} are not read', zh: '不支持读取类型为 {found} 的数组' },
  'problem.outsideMemory': {
    en: 'the compressed array of {found} bytes is too large to unpack in memory ({limit} at most)',
    zh: '压缩数组有 {found} 字节，过大而无法在内存中解压（上限 {limit}）',
  },
  'allowed.range': { en: '[first, end] with 0 <= first < end', zh: '[起始, 结束]，且 0 <= 起始 < 结束' },
  'allowed.oneEach': { en: 'one label a sample', zh: '每个样本一个标签' },
  'allowed.layoutNeeded': { en: '"shape" and "layout" (HWC or CHW) of a stored sample', zh: '存储样本的 "shape" 与 "layout"（HWC 或 CHW）' },
  'allowed.oneOrChannels': { en: 'one number, or one a channel', zh: '一个数值，或每个通道一个数值' },
  'allowed.numbers': { en: 'numbers (bool, integers, float16, float32, float64)', zh: '数值（bool、整数、float16、float32、float64）' },
  'allowed.unpacked': { en: 'an uncompressed .npz or .npy', zh: '未压缩的 .npz 或 .npy' },
  'wanted.classScores': { en: 'one score a class, [samples, classes], or one probability from 0 to 1 a sample, [samples, 1]', zh: '每个类别一个分数，[样本, 类别]，或每个样本一个 0 到 1 的概率，[样本, 1]' },
  'wanted.likeLabel': { en: 'as many values as the label, {count}', zh: '与标签相同数量的值，{count}' },
  'wanted.oneValue': { en: 'one value a sample', zh: '每个样本一个值' },
  'wanted.mask': { en: 'scores or classes for every pixel of the mask', zh: '掩码中每个像素的分数或类别' },
  'wanted.boxes': {
    en: 'rows of x1, y1, x2, y2, score, class, or outputs "boxes", "scores" and "labels"',
    zh: '由 x1、y1、x2、y2、分数、类别组成的行，或名为 "boxes"、"scores"、"labels" 的输出',
  },
  'wanted.texts': {
    en: 'texts, or scores [samples, steps, characters] with the characters as "classes"',
    zh: '文本，或 [样本, 步, 字符] 的分数并以 "classes" 给出字符',
  },
  'wanted.tokenScores': { en: 'scores [samples, tokens, vocabulary]', zh: '[样本, 词元, 词表] 的分数' },
  'wanted.label': { en: 'a label it understands (sample {index} has {found})', zh: '可理解的标签（样本 {index} 为 {found}）' },
  'wanted.trainClasses': { en: 'a class for every position, as whole numbers', zh: '每个位置一个类别（整数）' },
  'wanted.trainBinary': { en: '0 or 1 for every value', zh: '每个值为 0 或 1' },
  'wanted.trainValues': { en: 'one number for every value', zh: '每个值一个数值' },
  'found.labelText': { en: 'the text {text} (none of the "classes" of the data description)', zh: '文本 {text}（不在数据描述的 "classes" 中）' },
  'found.labelMissing': { en: 'nothing', zh: '空' },
  'found.labelCount': { en: '{count} numbers', zh: '{count} 个数值' },
} as const satisfies Record<string, TextEntry>;
