// A model of one layer alone at chosen widths, for its time. It holds the layer several times, since one run of a session
// costs as much as a small layer, and a lone convolution on the CPU pays for the way into onnxruntime's blocked layout and
// back, which inside a network is paid once for many.

import { bitsOf } from '../../ir/dataTypes';
import { int } from '../../ir/attributes';
import { makeGraph, makeModel, makeNode, makeValue } from '../../ir/build';
import { type Attribute, elementCount, type Model, type Node, type Tensor } from '../../ir/model';
import { tensorFrom } from '../../ir/tensors';
import type { Site, SiteWidths } from './sites';

/** Copies in a layer's model. More would only take longer. */
const MOST_COPIES = 6;
/** No more copies than add up to so many MACs, some milliseconds on a core: such a layer needs no company. */
const COPIES_MACS = 1e8;

/** How many times the model of a layer should hold it. */
export function copiesOf(site: Site): number {
  return Math.max(1, Math.min(MOST_COPIES, Math.floor(COPIES_MACS / macsOf(site))));
}

/** At most: strides are left out. */
function macsOf({ shape, axis, kernel, groups, widths: { input, output } }: Site): number {
  return (elementCount(shape) / (shape[axis] ?? 1)) * elementCount(kernel) * (input / groups) * output;
}

/** Bytes of the weights of all copies. */
export function layerModelBytes(site: Site, widths: SiteWidths, copies: number): number {
  return copies * elementCount(weightDims(site, widths)) * (bitsOf(site.type) / 8);
}

/**
 * One number in and few out, so that neither costs time: the input is made within the graph. The copies read the same input
 * and are added up, which onnxruntime does within convolutions, as it does for residual additions.
 */
export function layerModel(site: Site, widths: SiteWidths, copies: number): Model {
  const shape = site.shape.map((size, axis) => (axis === site.axis ? widths.input : size));
  const initializers: Tensor[] = [tensorFrom('shape', { type: 'int64', dims: [shape.length], data: BigInt64Array.from(shape, BigInt) })];
  const nodes: Node[] = [makeNode('Cast', ['x'], ['value'], { to: int(site.type === 'float16' ? FLOAT16 : FLOAT) }), makeNode('Expand', ['value', 'shape'], ['data'])];
  let sum = '';
  for (let copy = 0; copy < copies; copy += 1) {
    const weights = [zeros(site, `weight${copy}`, weightDims(site, widths)), ...(site.bias ? [zeros(site, `bias${copy}`, [widths.output])] : [])];
    initializers.push(...weights);
    nodes.push(makeNode(site.op, ['data', ...weights.map(({ name }) => name)], [`made${copy}`], Object.fromEntries(attributesAt(site, widths))));
    if (copy > 0) nodes.push(makeNode('Add', [`made${copy}`, sum], [`sum${copy}`]));
    sum = copy > 0 ? `sum${copy}` : 'made0';
  }
  const convolution = site.kernel.length > 0;
  nodes.push(makeNode(convolution ? 'GlobalAveragePool' : 'ReduceMean', [sum], ['y']));
  const made = shape.map((size, axis) => (!convolution ? 1 : axis === 0 ? size : axis === 1 ? widths.output : 1));
  return makeModel(makeGraph({ nodes, initializers, inputs: [makeValue('x', 'float32', [1])], outputs: [makeValue('y', site.type, made)] }));
}

/** TensorProto.DataType. */
const FLOAT = 1;
const FLOAT16 = 10;

/** Zeros take as long to multiply as other numbers and cost nothing to make. */
function zeros({ type }: Site, name: string, dims: readonly number[]): Tensor {
  return { name, type, dims: [...dims], data: { encoding: 'raw', at: { bytes: new Uint8Array(elementCount(dims) * (bitsOf(type) / 8)) } } };
}

function weightDims({ op, attributes, groups, depthwise, kernel }: Site, { input, output }: SiteWidths): readonly number[] {
  const within = (width: number): number => (depthwise ? 1 : width / groups);
  if (op === 'Conv') return [output, within(input), ...kernel];
  if (op === 'ConvTranspose') return [input, within(output), ...kernel];
  const transposed = attributes.get('transB');
  return transposed?.kind === 'int' && transposed.value !== 0n ? [output, input] : [input, output];
}

function attributesAt({ attributes, depthwise }: Site, { input }: SiteWidths): ReadonlyMap<string, Attribute> {
  return depthwise ? new Map([...attributes, ['group', int(input)]]) : attributes;
}
