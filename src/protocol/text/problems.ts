// What is wrong with one place of a recipe or of an option: the `{problem}` of `invalidRecipe` and `invalidOption`.

import type { TextEntry } from './entry';

export const problemTexts = {
  'problem.notJson': { en: 'this is not JSON ({reason})', zh: '这不是 JSON（{reason}）' },
  'problem.unknownKey': { en: 'there is no {key} here', zh: '此处没有 {key}' },
  'problem.unknownKeyNear': { en: 'there is no {key} here; did you mean {near}?', zh: '此处没有 {key}；是否想写 {near}？' },
  'problem.missingKey': { en: '{key} is missing', zh: '缺少 {key}' },
  'problem.wrongType': { en: '{found} is not {wanted}', zh: '{found} 不是 {wanted}' },
  'problem.weightsU8': { en: 'no kernel takes int8 activations with uint8 weights', zh: '没有内核支持 int8 激活搭配 uint8 权重' },
  'problem.notAllowed': { en: '{found} is not one of the values', zh: '{found} 不在可用值之列' },
  'problem.notAllowedNear': { en: '{found} is not one of the values; did you mean {near}?', zh: '{found} 不在可用值之列；是否想写 {near}？' },
  'problem.outOfRange': { en: '{found} is out of range', zh: '{found} 超出范围' },
  'problem.empty': { en: 'it is empty', zh: '内容为空' },
  'problem.other': { en: '{found} is not valid', zh: '{found} 无效' },
  'kind.object': { en: 'an object', zh: '对象' },
  'kind.array': { en: 'a list', zh: '列表' },
  'kind.string': { en: 'a text', zh: '文本' },
  'kind.number': { en: 'a number', zh: '数字' },
  'kind.integer': { en: 'a whole number', zh: '整数' },
  'kind.boolean': { en: 'true or false', zh: 'true 或 false' },
  'allowed.keys': { en: 'the keys {keys}', zh: '键 {keys}' },
  'allowed.noKeys': { en: 'no options', zh: '没有选项' },
  'allowed.atLeast': { en: '{low} or more', zh: '不小于 {low}' },
  'allowed.above': { en: 'more than {low}', zh: '大于 {low}' },
  'allowed.atMost': { en: '{high} or less', zh: '不大于 {high}' },
  'allowed.between': { en: '{low} to {high}', zh: '{low} 到 {high}' },
  'allowed.passes': { en: 'a list with at least one pass', zh: '至少包含一个方法的列表' },
  'allowed.text': { en: 'a text that is not empty', zh: '非空文本' },

  // Descriptions of the keys of a recipe, in its JSON Schema.
  'recipe.title': { en: 'Decant recipe', zh: 'Decant 配方' },
  'recipe.model': { en: 'Path of the model, relative to the recipe.', zh: '模型路径，相对于配方文件。' },
  'recipe.data': { en: 'Path of the data, relative to the recipe.', zh: '数据路径，相对于配方文件。' },
  'recipe.target': { en: 'Hardware the result is for, such as cpu.', zh: '目标硬件，例如 cpu。' },
  'recipe.maxDrop': { en: 'Allowed worsening of the metric, absolute: 0.01 is one point.', zh: '允许指标变差的绝对量：0.01 即一个百分点。' },
  'recipe.maxBytes': { en: 'Largest size of the result in bytes.', zh: '结果的最大字节数。' },
  'recipe.maxLatency': { en: 'Longest median latency in milliseconds.', zh: '中位延迟上限（毫秒）。' },
  'recipe.seed': { en: 'Seed of everything random: the same seed gives the same result.', zh: '随机种子：相同的种子得到相同的结果。' },
} as const satisfies Record<string, TextEntry>;
