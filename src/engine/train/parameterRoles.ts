// What part a stored tensor plays for the node that uses it, as far as its first values depend on it: a matrix with fans,
// a table, a scale, a shift. Values are drawn in initialise.ts.

import { intAttribute, stringAttribute } from '../ir/attributes';
import { type GraphIndex, indexGraph } from '../ir/graphIndex';
import { elementCount, type Model, type Node } from '../ir/model';
import { inferShapes, type ShapeMap } from '../ir/shapes/index';

export type ParameterRole =
  /** Multiplies activations: `fanIn` values are summed into one, one value goes into `fanOut`. */
  | { readonly kind: 'matrix'; readonly fanIn: number; readonly fanOut: number; readonly node: Node }
  /** Rows looked up or added by position. */
  | { readonly kind: 'table' }
  /** Slope of PRelu's negative side. */
  | { readonly kind: 'slope' }
  | { readonly kind: 'one' | 'zero' };

interface PlainUse {
  readonly node: Node;
  readonly input: number;
  /** Shape in which the node sees the parameter. */
  readonly shape: readonly number[];
}

/** Operators that hand the values of a parameter on in another shape. */
const views: ReadonlySet<string> = new Set(['Identity', 'Reshape', 'Transpose', 'Squeeze', 'Unsqueeze', 'Flatten', 'Cast', 'Slice', 'Split', 'Expand', 'Tile']);

/** Roles by parameter; one whose use says nothing about good first values is left out. */
export async function parameterRoles(model: Model, parameters: readonly { readonly name: string; readonly dims: readonly number[] }[]): Promise<Map<string, ParameterRole>> {
  const shapes = await inferShapes(model);
  const index = indexGraph(model.graph);
  const roles = new Map<string, ParameterRole>();
  for (const { name, dims } of parameters) {
    const found = usesOf(name, dims, index, shapes).map(roleOf).filter((role) => role !== undefined);
    // A table that is also the output layer (tied weights) keeps the small values of a table.
    const role = found.find(({ kind }) => kind === 'table') ?? found.find(({ kind }) => kind === 'matrix') ?? found[0];
    if (role !== undefined) roles.set(name, role);
  }
  return roles;
}

function usesOf(name: string, shape: readonly number[], index: GraphIndex, shapes: ShapeMap): PlainUse[] {
  return index.uses(name).flatMap(({ node, input }) => {
    if (!views.has(node.opType) || input !== 0) return [{ node, input, shape }];
    return node.outputs.flatMap((output) => {
      const seen = shapes.tensors.get(output)?.shape;
      const known = seen?.every((dim) => typeof dim === 'number') === true ? seen : shape;
      return usesOf(output, known, index, shapes);
    });
  });
}

function roleOf({ node, input, shape }: PlainUse): ParameterRole | undefined {
  const fixed = byPosition[node.opType]?.[input];
  if (fixed !== undefined) return { kind: fixed };
  const fans = fansOf(node, input, shape);
  if (fans !== undefined) return { kind: 'matrix', ...fans, node };
  const isVector = shape.filter((dim) => dim !== 1).length <= 1;
  switch (node.opType) {
    case 'Gather': return input === 0 ? { kind: isVector ? 'zero' : 'table' } : undefined;
    // Class tokens are stored rows that are put beside the others.
    case 'Concat': return { kind: 'table' };
    case 'Add':
    case 'Sub': return elementCount(shape) === 1 ? undefined : { kind: isVector ? 'zero' : 'table' };
    case 'Mul':
    case 'Div': return elementCount(shape) > 1 && isVector ? { kind: 'one' } : undefined;
    default: return undefined;
  }
}

type Fixed = 'zero' | 'one' | 'slope';

/** Parts that follow from operator and input alone. */
const byPosition: Readonly<Record<string, Readonly<Record<number, Fixed>>>> = {
  Conv: { 2: 'zero' },
  FusedConv: { 2: 'zero' },
  ConvTranspose: { 2: 'zero' },
  Gemm: { 2: 'zero' },
  FusedGemm: { 2: 'zero' },
  BatchNormalization: { 1: 'one', 2: 'zero', 3: 'zero', 4: 'one' },
  InstanceNormalization: { 1: 'one', 2: 'zero' },
  GroupNormalization: { 1: 'one', 2: 'zero' },
  LayerNormalization: { 1: 'one', 2: 'zero' },
  RMSNormalization: { 1: 'one' },
  SimplifiedLayerNormalization: { 1: 'one' },
  SkipLayerNormalization: { 2: 'one', 3: 'zero', 4: 'zero' },
  SkipSimplifiedLayerNormalization: { 2: 'one', 3: 'zero' },
  PRelu: { 1: 'slope' },
  BiasGelu: { 1: 'zero' },
  LSTM: { 3: 'zero', 5: 'zero', 6: 'zero', 7: 'zero' },
  GRU: { 3: 'zero', 5: 'zero' },
  RNN: { 3: 'zero', 5: 'zero' },
  Attention: { 2: 'zero' },
};

interface Fans {
  readonly fanIn: number;
  readonly fanOut: number;
}

/** Fans of a weight in the shape its node sees; of recurrent nodes for one gate. */
function fansOf(node: Node, input: number, shape: readonly number[]): Fans | undefined {
  const [first = 1, second = 1, third = 1] = shape;
  const kernel = elementCount(shape.slice(2));
  switch (node.opType) {
    case 'Conv':
    case 'FusedConv':
      // [outputs, inputs / group, ...kernel]
      return input === 1 ? { fanIn: second * kernel, fanOut: (first / intAttribute(node, 'group', 1)) * kernel } : undefined;
    case 'ConvTranspose':
      // [inputs, outputs / group, ...kernel]
      return input === 1 ? { fanIn: (first / intAttribute(node, 'group', 1)) * kernel, fanOut: second * kernel } : undefined;
    case 'Gemm':
    case 'FusedGemm':
    case 'MatMul':
    case 'FusedMatMul': return shape.length < 2 || input > 1 ? undefined : matrixFans(node, input, shape);
    case 'Einsum': return einsumFans(node, input, shape);
    case 'LSTM':
    case 'GRU':
    case 'RNN':
      // [directions, gates * hidden, inputs or hidden]
      return input === 1 || input === 2 ? { fanIn: third, fanOut: intAttribute(node, 'hidden_size', third) } : undefined;
    case 'Attention':
      // com.microsoft: [inputs, query + key + value]
      return node.domain === 'com.microsoft' && input === 1 ? { fanIn: first, fanOut: second / 3 } : undefined;
    default: return undefined;
  }
}

function matrixFans(node: Node, input: number, shape: readonly number[]): Fans {
  const isTransposed = intAttribute(node, input === 0 ? 'transA' : 'transB', 0) === 1;
  const [rows = 1, columns = 1] = shape.slice(-2);
  // The axis that is summed over: the first of a right operand, the last of a left one.
  return (input === 1) !== isTransposed ? { fanIn: rows, fanOut: columns } : { fanIn: columns, fanOut: rows };
}

function einsumFans(node: Node, input: number, shape: readonly number[]): Fans | undefined {
  const [operands = '', result = ''] = stringAttribute(node, 'equation', '').replace(/\s/g, '').split('->');
  const letters = [...(operands.split(',')[input] ?? '')];
  if (letters.length !== shape.length || result === '') return undefined;
  const product = (wanted: boolean): number => elementCount(shape.filter((_, axis) => result.includes(letters[axis] ?? '') === wanted));
  return { fanIn: product(false), fanOut: product(true) };
}
