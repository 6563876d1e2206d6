// Factors of a layer as stored tensors, one for all nodes that share the weight, and as these nodes read them.

import { EngineError } from '../../../error';
import { int } from '../../../ir/attributes';
import { makeNode } from '../../../ir/build';
import { type DataType, wireOf } from '../../../ir/dataTypes';
import type { GraphIndex } from '../../../ir/graphIndex';
import { type Model, type Node, nodeLabel, type Tensor } from '../../../ir/model';
import { tensorFrom } from '../../../ir/tensors';
import { transposed } from '../../../linalg/matrix';
import { writerOf } from '../../../data/preprocess/cast';
import { storedTensor } from '../../linear/findWeights';
import type { Factor } from '../factors';
import { convolutionWeight, type Values } from './convolution';
import { type DecomposableLayer, isConvolution } from './layers';

export interface StoredFactors {
  /** Name of a factor, counted from 0, in the type that the nodes compute in; of matrices [inputs, outputs], `turned` the other way. */
  read(position: number, turned?: boolean): string;
  /** What casts and turns stored factors for those who asked; to stand before them. */
  readonly nodes: readonly Node[];
}

/**
 * Stores factors in the type that the weight has.
 *
 * @param factors of each group.
 * @throws EngineError `factorsNotFinite`; nothing is stored then.
 */
export function storeFactors(model: Model, layer: DecomposableLayer, factors: readonly (readonly Factor[])[], index: GraphIndex): StoredFactors {
  const type = storedTensor(model, layer.weight.name)?.type ?? layer.type;
  const label = nodeLabel(layer.nodes[0]);
  const [first = []] = factors;
  const tensors = first.map((factor, position) => {
    const parts = factors.map((own) => own[position] as Factor) as [Factor, ...Factor[]];
    const name = index.uniqueName(`${label}/factor${position + 1}/weight`);
    return rounded(name, isConvolution(layer) ? convolutionWeight(layer, parts) : matrixWeight(factor), type, label);
  });
  for (const tensor of tensors) model.graph.initializers.set(tensor.name, tensor);

  const nodes: Node[] = [];
  const made = new Map<string, string>();
  const once = (wanted: string, make: (output: string) => Node): string => {
    const known = made.get(wanted);
    if (known !== undefined) return known;
    const output = index.uniqueName(wanted);
    nodes.push(make(output));
    made.set(wanted, output);
    return output;
  };
  return {
    nodes,
    read(position, turned = false) {
      const name = tensors[position]?.name ?? '';
      const typed = type === layer.type ? name : once(`${name}/cast`, (output) => makeNode('Cast', [name], [output], { to: int(wireOf(layer.type)) }));
      return turned ? once(`${name}/turned`, (output) => makeNode('Transpose', [typed], [output])) : typed;
    },
  };
}

/** As MatMul multiplies by it. */
function matrixWeight({ kernel: { outputs, inputs, data } }: Factor): Values {
  return { dims: [inputs, outputs], data: transposed({ rows: outputs, columns: inputs, data }).data };
}

/** Largest finite numbers of IEEE 754 binary16 and binary32; binary64 holds what was computed. */
const largest: Readonly<Partial<Record<DataType, number>>> = { float16: 65_504, float32: (2 - 2 ** -23) * 2 ** 127 };

function rounded(name: string, { dims, data }: Values, type: DataType, layer: string): Tensor {
  const writer = writerOf(type, data.length, name);
  const limit = largest[type] ?? Number.MAX_VALUE;
  for (let index = 0; index < data.length; index += 1) {
    const value = data[index] as number;
    if (!(Math.abs(value) <= limit)) throw new EngineError('factorsNotFinite', { layer, type }, { node: layer });
    writer.set(index, value);
  }
  return tensorFrom(name, { type, dims, data: writer.data });
}
