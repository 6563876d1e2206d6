// Texts of a model's text form: what its parser expected, and the read-only view with inline deltas in VS Code.

import type { TextEntry } from './entry';

const expectedTexts = {
  'text.want.name': { en: 'a name', zh: '名称' },
  'text.want.string': { en: 'a text in quotes', zh: '带引号的文本' },
  'text.want.closingQuote': { en: 'a text with a closing quote', zh: '带结束引号的文本' },
  'text.want.value': { en: 'a value', zh: '值' },
  'text.want.integer': { en: 'a whole number', zh: '整数' },
  'text.want.smallInteger': { en: 'a whole number below 2^53', zh: '小于 2^53 的整数' },
  'text.want.shallower': { en: 'less nesting', zh: '更少的嵌套' },
  'text.want.type': { en: 'a type such as float[1,3]', zh: '类型（例如 float[1,3]）' },
  'text.want.elementType': { en: 'an element type such as float', zh: '元素类型（例如 float）' },
  'text.want.tensorShape': { en: 'a tensor type whose dimensions are numbers', zh: '各维度均为数字的张量类型' },
  'text.want.valueName': { en: 'the name of a value', zh: '值的名称' },
  'text.want.graphName': { en: 'the name of the graph', zh: '图的名称' },
  'text.want.functionName': { en: 'the name of a function', zh: '函数名称' },
  'text.want.operator': { en: 'an operator', zh: '算子' },
  'text.want.attributeName': { en: 'the name of an attribute', zh: '属性名称' },
  'text.want.otherAttribute': { en: 'an attribute that the node does not have yet', zh: '该节点尚未设置的属性' },
  'text.want.attributeType': { en: 'the type of an attribute, such as ints', zh: '属性类型（例如 ints）' },
  'text.want.listType': { en: 'a type before an empty list, such as "axes: ints = []"', zh: '空列表前的类型（例如 "axes: ints = []"）' },
  'text.want.sameType': { en: 'a list whose items have one type', zh: '元素类型一致的列表' },
  'text.want.headerKey': { en: 'a key such as ir_version or opset_import', zh: '键（例如 ir_version 或 opset_import）' },
} as const satisfies Record<string, TextEntry>;

/** What the parser expected, as a text of its own. */
export type ExpectedCode = keyof typeof expectedTexts;

export const modelTextTexts = {
  ...expectedTexts,
  // ── the read-only view ─────────────────────────────────────────────────────────────────────────────────────────
  'text.show': { en: 'Show in Text', zh: '在文本中显示' },
  'text.showLayer': { en: 'Show in the Model Editor', zh: '在模型编辑器中显示' },
  'text.cut': { en: '# {lines} more lines are not shown here: the text is too long. "decant inspect {name} --text" prints all of it.', zh: '# 文本过长，此处省略其余 {lines} 行。可用 "decant inspect {name} --text" 打印全部内容。' },
  'text.delta.size': { en: '{change} size', zh: '大小 {change}' },
  'text.delta.unclear': { en: '≈ {change}', zh: '≈ {change}' },
  'text.hover.layer': { en: '{op} layer', zh: '{op} 层' },
  'text.hover.became': { en: 'became {form}', zh: '变为{form}' },
  'text.hover.size': { en: 'Weights', zh: '权重' },
  'text.hover.latency': { en: 'Latency', zh: '延迟' },
  'text.hover.size.about': { en: 'Weights: bytes that the weights of this layer take in the file.', zh: '权重：该层权重在文件中占用的字节数。' },
  'text.hover.latency.about': { en: 'Latency: mean time of the layer in a run; 80 % of the runs took {before} before, {after} after.', zh: '延迟：该层每次运行的平均时间；80 % 的运行之前为 {before}，之后为 {after}。' },
  'text.hover.spread': { en: '{p10} to {p90}', zh: '{p10} 至 {p90}' },
  'text.hover.latency.unclear': { en: '≈: these ranges overlap, so no change is claimed.', zh: '≈：两个范围有重叠，因此不能断定有变化。' },
  'text.hover.sqnr.about': { en: 'SQNR: signal to quantization noise of the output of the layer; 20 dB is an error of a tenth, 40 dB of a hundredth. Cosine {cosine}.', zh: 'SQNR：层输出的信号与量化噪声之比；20 dB 相当于十分之一的误差，40 dB 相当于百分之一。余弦相似度 {cosine}。' },
  'text.hover.source': { en: 'From {name}.', zh: '来自 {name}。' },

  'text.found.end': { en: 'the end of the text', zh: '文本结尾' },
  'text.weights.noOriginal': { en: 'no original model was given', zh: '没有给出原模型' },
  'text.weights.notThere': { en: 'the original model has no such tensor', zh: '原模型中没有这个张量' },
  'text.weights.otherShape': { en: 'in the original model it has another type or shape', zh: '它在原模型中的类型或形状不同' },
} as const satisfies Record<string, TextEntry>;
