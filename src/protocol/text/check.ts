// What is wrong with a model, one text a rule of the checker (engine/ir/check): the `{rule}` of `invalidResult` and of the
// findings of `inspect`. Parts of sentences: the place is said around them.

import type { TextEntry } from './entry';

export const checkTexts = {
  // ── the model ──────────────────────────────────────────────────────────────────────────────────────────────────
  'check.irTooOld': { en: 'IR version {ir} does not have {feature}, which came with {wanted}', zh: 'IR 版本 {ir} 不支持{feature}（自版本 {wanted} 起支持）' },
  'check.opsetTooNew': { en: 'opset {opset} of {domain} is newer than the newest known here ({newest}); its operators are checked as of that one', zh: '{domain} 的 opset {opset} 比此处已知的最新版本（{newest}）更新；其算子按该版本检查' },
  'check.unknownDomain': { en: 'operators of the domain "{domain}" are not known here and are not checked (the first is {op})', zh: '此处不认识域 "{domain}" 的算子，未作检查（第一个是 {op}）' },

  // ── graphs ─────────────────────────────────────────────────────────────────────────────────────────────────────
  'check.unnamedGraph': { en: 'the graph has no name', zh: '图没有名称' },
  'check.unnamedBody': { en: 'a subgraph of it has no name', zh: '其子图没有名称' },
  'check.unnamedValue': { en: 'a {what} has no name', zh: '有{what}没有名称' },
  'check.untypedInput': { en: 'input "{value}" has no type', zh: '输入 "{value}" 没有类型' },
  'check.untypedOutput': { en: 'output "{value}" has no type', zh: '输出 "{value}" 没有类型' },
  'check.noShape': { en: '{what} "{value}" has an element type but no shape', zh: '{what} "{value}" 有元素类型但没有形状' },
  'check.duplicateInput': { en: 'two inputs have the name "{value}"', zh: '两个输入都名为 "{value}"' },
  'check.duplicateOutput': { en: 'two outputs have the name "{value}"', zh: '两个输出都名为 "{value}"' },
  'check.outputNotMade': { en: 'output "{value}" is made by no node', zh: '输出 "{value}" 不由任何节点产生' },
  'check.initializerNotInput': { en: 'initializer "{value}" is no input, which IR version 3 wants', zh: '初始值 "{value}" 不在输入中，而 IR 版本 3 要求如此' },
  'check.initializerContradictsInput': { en: 'initializer "{value}" has type {type} and shape [{shape}], the input of that name another one', zh: '初始值 "{value}" 的类型为 {type}、形状为 [{shape}]，与同名输入不符' },
  'check.strayValueInfo': { en: 'a type is stated for "{value}", which does not exist', zh: '为不存在的 "{value}" 声明了类型' },
  'check.strayAnnotation': { en: 'a quantization annotation is about "{value}", which does not exist', zh: '量化标注涉及不存在的 "{value}"' },
  'check.cycle': { en: 'it depends on its own output (cycle)', zh: '它依赖自身的输出（循环）' },

  // ── names ──────────────────────────────────────────────────────────────────────────────────────────────────────
  'check.notMade': { en: 'its input "{value}" is made by no node, input or initializer', zh: '其输入 "{value}" 不由任何节点、输入或初始值提供' },
  'check.notSorted': { en: 'its input "{value}" is made by a later node', zh: '其输入 "{value}" 由后面的节点产生' },
  'check.nodeNameTaken': { en: 'another node has the name "{value}" as well', zh: '另有节点也名为 "{value}"' },
  'check.madeTwice': { en: '"{value}" is made twice', zh: '"{value}" 被产生了两次' },
  'check.shadows': { en: 'its output "{value}" has the name of a value of the graph around it', zh: '其输出 "{value}" 与外层图中的值同名' },

  // ── nodes ──────────────────────────────────────────────────────────────────────────────────────────────────────
  'check.noOperator': { en: 'the node names no operator', zh: '节点没有指明算子' },
  'check.emptyNode': { en: 'the node has neither inputs nor outputs', zh: '节点既没有输入也没有输出' },
  'check.noImport': { en: 'there is no opset import for the domain {domain}', zh: '没有导入域 {domain} 的 opset' },
  'check.unknownOperator': { en: 'there is no operator {op} in {domain}', zh: '{domain} 中没有算子 {op}' },
  'check.operatorTooNew': { en: '{op} appeared in opset {first}', zh: '{op} 自 opset {first} 起才有' },
  'check.runtimeOperator': { en: '{op} is an operator of onnxruntime, not of ONNX', zh: '{op} 是 onnxruntime 的算子，不属于 ONNX' },
  'check.unlistedOperator': { en: '{op} is not among the known operators of {domain}', zh: '{op} 不在 {domain} 的已知算子之列' },
  'check.deprecated': { en: '{op} is deprecated since opset {since}', zh: '{op} 自 opset {since} 起已弃用' },
  'check.inputCount': { en: 'it has {found} inputs, wanted are {wanted}', zh: '它有 {found} 个输入，应为 {wanted} 个' },
  'check.outputCount': { en: 'it has {found} outputs, wanted are {wanted}', zh: '它有 {found} 个输出，应为 {wanted} 个' },
  'check.missingInput': { en: 'its input "{parameter}" is left out but required', zh: '缺少必需的输入 "{parameter}"' },
  'check.missingOutput': { en: 'its output "{parameter}" is left out but required', zh: '缺少必需的输出 "{parameter}"' },

  // ── attributes ─────────────────────────────────────────────────────────────────────────────────────────────────
  'check.unnamedAttribute': { en: 'an attribute has no name', zh: '有属性没有名称' },
  'check.unknownAttribute': { en: 'there is no attribute "{attribute}"', zh: '没有属性 "{attribute}"' },
  'check.attributeKind': { en: 'attribute "{attribute}" is of kind {found}, wanted is {wanted}', zh: '属性 "{attribute}" 的种类为 {found}，应为 {wanted}' },
  'check.missingAttribute': { en: 'the attribute "{attribute}" is missing', zh: '缺少属性 "{attribute}"' },
  'check.constantValues': { en: 'it has {found} values, wanted is exactly one', zh: '它有 {found} 个值，应恰好为一个' },
  'check.referenceOutside': { en: 'attribute "{attribute}" refers to the attribute of a function, but the node is in none', zh: '属性 "{attribute}" 引用函数的属性，但节点不在函数中' },
  'check.undeclaredReference': { en: 'attribute "{attribute}" refers to "{target}", which the function does not declare', zh: '属性 "{attribute}" 引用了函数未声明的 "{target}"' },

  // ── subgraphs ──────────────────────────────────────────────────────────────────────────────────────────────────
  'check.subgraphInputs': { en: 'its subgraph "{attribute}" takes {found} inputs but is given {wanted}', zh: '其子图 "{attribute}" 有 {found} 个输入，但得到 {wanted} 个' },
  'check.subgraphOutputs': { en: 'its subgraph "{attribute}" gives {found} outputs, wanted are {wanted}', zh: '其子图 "{attribute}" 有 {found} 个输出，应为 {wanted} 个' },

  // ── tensors ────────────────────────────────────────────────────────────────────────────────────────────────────
  'check.tensorType': { en: 'tensor "{tensor}" has no element type', zh: '张量 "{tensor}" 没有元素类型' },
  'check.tensorField': { en: 'the values of tensor "{tensor}" ({type}) are in the field for {field}', zh: '张量 "{tensor}"（{type}）的值写在 {field} 的字段中' },
  'check.tensorSize': { en: 'tensor "{tensor}" has {found} of the {wanted} {unit} that {type} of shape [{shape}] needs', zh: '张量 "{tensor}" 有 {found} {unit}，而形状为 [{shape}] 的 {type} 需要 {wanted}' },
  'check.sparseForm': { en: 'sparse tensor "{tensor}" wants values [n] and int64 indices [n] or [n, rank], but has values [{values}] and {type} indices [{indices}]', zh: '稀疏张量 "{tensor}" 应有值 [n] 与 int64 索引 [n] 或 [n, 秩]，但其值为 [{values}]、{type} 索引为 [{indices}]' },
  'check.sparseIndices': { en: 'index {position} of sparse tensor "{tensor}" is outside its shape or not larger than the one before', zh: '稀疏张量 "{tensor}" 的第 {position} 个索引超出形状，或不大于前一个索引' },

  // ── types ──────────────────────────────────────────────────────────────────────────────────────────────────────
  'check.typeNotAllowed': { en: '"{value}" is a {type}, which {parameter} of the operator does not take', zh: '"{value}" 的类型为 {type}，算子的 {parameter} 不接受' },
  'check.constantType': { en: '"{value}" is a {type}, which Constant of this opset does not hold', zh: '"{value}" 的类型为 {type}，此 opset 的 Constant 不支持' },
  'check.storedType': { en: '"{value}" is stated to be {type}, but the node makes {other}', zh: '"{value}" 声明为 {type}，但节点产生的是 {other}' },
  'check.typesDiffer': { en: '"{value}" is a {type}, but another value of the same type variable {variable} is a {other}', zh: '"{value}" 的类型为 {type}，但同一类型变量 {variable} 的另一个值为 {other}' },
  'check.contradictsStored': { en: 'the shape stated for "{value}" is not the one that the node makes', zh: '为 "{value}" 声明的形状与节点的结果不符' },

  // ── functions ──────────────────────────────────────────────────────────────────────────────────────────────────
  'check.functionTwice': { en: 'function {function} is defined twice', zh: '函数 {function} 定义了两次' },
  'check.functionRecursive': { en: 'function {function} calls itself', zh: '函数 {function} 调用了自身' },
  'check.functionOpset': { en: 'function {function} uses {op} as of opset {inside}, which is another version than that of opset {outside} of the model', zh: '函数 {function} 使用 opset {inside} 的 {op}，与模型 opset {outside} 的版本不同' },
  'check.functionNames': { en: 'function {function} declares "{value}" twice', zh: '函数 {function} 重复声明了 "{value}"' },
  'check.functionOutput': { en: 'output "{value}" of function {function} is made by no node', zh: '函数 {function} 的输出 "{value}" 不由任何节点产生' },

  // ── edits (engine/ir/edit) ─────────────────────────────────────────────────────────────────────────────────────
  'edit.otherType': { en: '"{value}" is a {type} and cannot stand for "{replaced}", a {other}', zh: '"{value}" 的类型为 {type}，不能代替类型为 {other} 的 "{replaced}"' },

  // ── words in the texts above ───────────────────────────────────────────────────────────────────────────────────
  'what.input': { en: 'input', zh: '输入' },
  'what.output': { en: 'output', zh: '输出' },
  'what.initializer': { en: 'initializer', zh: '初始值' },
  'unit.bytes': { en: 'bytes', zh: '字节' },
  'unit.values': { en: 'values', zh: '个值' },
  'feature.functions': { en: 'local functions', zh: '本地函数' },
  'feature.overloads': { en: 'overloads of functions', zh: '函数重载' },
  'feature.metadata': { en: 'metadata of nodes and graphs', zh: '节点和图的元数据' },
  'feature.devices': { en: 'device configurations', zh: '设备配置' },
  'feature.type': { en: 'the element type {type}', zh: '元素类型 {type}' },
} as const satisfies Record<string, TextEntry>;
