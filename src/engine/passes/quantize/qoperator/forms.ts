// The integer operator that stands for a float one between DequantizeLinear and QuantizeLinear: operators of ONNX where
// it has them, else onnxruntime's com.microsoft. Only those whose CPU kernels take both int8 and uint8 activations; finding
// what stands around a node is in integerOperators.ts.

import { int, intAttribute } from '../../../ir/attributes';
import { makeNode } from '../../../ir/build';
import { type Attribute, type Node, isDefaultDomain } from '../../../ir/model';

/** Integers that stand for a real tensor, and the names of their scale and zero point. */
export interface Codes {
  readonly name: string;
  readonly scale: string;
  /** A scalar. */
  readonly zeroPoint: string;
  /** The same in the shape of the scale, where that has an entry a channel. */
  readonly zeroPoints?: string;
}

/** A float node and what stands around it. */
export interface Site {
  readonly node: Node;
  /** Of the default domain. */
  readonly opset: number;
  /** Codes that the input at a position is dequantized from. */
  readonly codes: (input: number) => Codes | undefined;
  /** Codes that each output is quantized to, where nothing else reads it. */
  readonly results: readonly (Codes | undefined)[];
}

/** Reads and writes codes; undefined where the node has no integer form. Its outputs are those of `results` or of the node. */
export type Form = (site: Site) => Node | undefined;

export const runtimeDomain = 'com.microsoft';

/** Conv with a bias of int32 codes whose scale is that of the input times that of the weight. */
const convolution: Form = ({ node, codes, results: [result] }) => {
  const [data, weight, bias] = [codes(0), codes(1), codes(2)];
  if (!data || !weight || !result || hasFloat(node, 2, bias)) return undefined;
  return made('QLinearConv', node, [...triple(data), ...triple(weight), result.scale, result.zeroPoint, ...(bias ? [bias.name] : [])], [result.name]);
};

/** QGemm takes the bias into its integer sum, and writes codes or floats. It wants as many zero points of the weight as scales. */
const gemm: Form = ({ node, codes, results: [result] }) => {
  const [data, weight, bias] = [codes(0), codes(1), codes(2)];
  if (!data || !weight || hasFloat(node, 2, bias)) return undefined;
  const inputs = [...triple(data), weight.name, weight.scale, weight.zeroPoints ?? weight.zeroPoint, bias?.name ?? '', ...(result ? [result.scale, result.zeroPoint] : [])];
  return made('QGemm', node, result || bias ? inputs : inputs.slice(0, -1), [result?.name ?? (node.outputs[0] as string)], { domain: runtimeDomain });
};

const product: Form = ({ node, codes, results: [result] }) => {
  const [left, right] = [codes(0), codes(1)];
  if (!left || !right) return undefined;
  if (result) return made('QLinearMatMul', node, [...triple(left), ...triple(right), result.scale, result.zeroPoint], [result.name]);
  const inputs = [left.name, right.name, left.scale, right.scale, left.zeroPoint, right.zeroPoint];
  return made('MatMulIntegerToFloat', node, inputs, [node.outputs[0] as string], { domain: runtimeDomain });
};

const ofTwo = (opType: string): Form => ({ node, codes, results: [result] }) => {
  const [left, right] = [codes(0), codes(1)];
  return left && right && result && made(opType, node, [...triple(left), ...triple(right), result.scale, result.zeroPoint], [result.name], { domain: runtimeDomain });
};

/** `attributes` are those the integer operator has beyond the float one's. */
const ofOne = (opType: string, attributes: (site: Site) => Readonly<Record<string, Attribute>> = () => ({})): Form => (site) => {
  const { node, codes, results: [result] } = site;
  const data = codes(0);
  return data && result && made(opType, node, [...triple(data), result.scale, result.zeroPoint], [result.name], { domain: runtimeDomain, attributes: attributes(site) });
};

const concat: Form = ({ node, codes, results: [result] }) => {
  const parts = node.inputs.map((_, input) => codes(input));
  if (!result || parts.length === 0 || parts.includes(undefined)) return undefined;
  const triples = parts.flatMap((part) => (part ? triple(part) : []));
  return made('QLinearConcat', node, [result.scale, result.zeroPoint, ...triples], [result.name], { domain: runtimeDomain });
};

/** QLinearAveragePool knows no `dilations` (opset 19). */
const averagePool: Form = (site) => (site.node.attributes.has('dilations') ? undefined : ofOne('QLinearAveragePool')(site));

/** Moves values without looking at them: the same operator on codes, where they mean the same before and after. */
const moving: Form = ({ node, codes, results }) => {
  const data = codes(0);
  const same = results.every((result) => result !== undefined && result.scale === data?.scale && result.zeroPoint === data.zeroPoint);
  if (!data || !same) return undefined;
  return { ...node, inputs: [data.name, ...node.inputs.slice(1)], outputs: results.map((result) => result?.name ?? '') };
};

const forms: Readonly<Record<string, Form>> = {
  Conv: convolution, Gemm: gemm, MatMul: product, Add: ofTwo('QLinearAdd'), Mul: ofTwo('QLinearMul'), Concat: concat,
  AveragePool: averagePool, GlobalAveragePool: ofOne('QLinearGlobalAveragePool'), LeakyRelu: ofOne('QLinearLeakyRelu'),
  Sigmoid: ofOne('QLinearSigmoid'),
  // Which meaning of Softmax holds (one axis since opset 13, all from the axis on before) is an attribute of its own.
  Softmax: ofOne('QLinearSoftmax', ({ node, opset }) => ({ opset: int(opset), axis: int(intAttribute(node, 'axis', -1)) })),
  Reshape: moving, Flatten: moving, Transpose: moving, Squeeze: moving, Unsqueeze: moving, Slice: moving, Gather: moving,
  Split: moving, Expand: moving, Tile: moving, DepthToSpace: moving, MaxPool: moving, Resize: moving,
};

/** The integer form of the node at `site`, or undefined when it stays as it is. */
export function integerForm(site: Site): Node | undefined {
  const { opType, domain } = site.node;
  return isDefaultDomain(domain) && Object.hasOwn(forms, opType) ? forms[opType]?.(site) : undefined;
}

function triple({ name, scale, zeroPoint }: Codes): readonly string[] {
  return [name, scale, zeroPoint];
}

/** Whether the node has an input there that is not made of codes. */
function hasFloat(node: Node, input: number, codes: Codes | undefined): boolean {
  return (node.inputs[input] ?? '') !== '' && codes === undefined;
}

/** A node with the attributes and the name of `from`. */
function made(opType: string, from: Node, inputs: readonly string[], outputs: readonly string[], options: { readonly domain?: string; readonly attributes?: Readonly<Record<string, Attribute>> } = {}): Node {
  const { domain = '', attributes = {} } = options;
  return { ...makeNode(opType, inputs, outputs, { ...Object.fromEntries(from.attributes), ...attributes }, { name: from.name, domain }), docString: from.docString, metadata: from.metadata };
}
