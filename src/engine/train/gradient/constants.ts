// Elements of small constants that rules steer by: axes, pads, scales, bounds.

import { tensorAttribute } from '../../ir/attributes';
import { elementCount, type Graph, isOp, type Tensor } from '../../ir/model';
import { isInteger } from '../../ir/dataTypes';
import { readNumbers } from '../../ir/tensors';

const MAX_ELEMENTS = 1024;

/** By name, initializers and Constant nodes; those of `except` (what is trained) are no constants. */
export async function readConstants(graph: Graph, except: ReadonlySet<string>): Promise<ReadonlyMap<string, readonly number[]>> {
  const constants = new Map<string, readonly number[]>();
  const read = async (name: string, tensor: Tensor): Promise<void> => {
    if (!except.has(name) && isReadable(tensor)) constants.set(name, await readNumbers(tensor));
  };
  for (const [name, tensor] of graph.initializers) await read(name, tensor);
  for (const node of graph.nodes) {
    const value = isOp(node, 'Constant') ? tensorAttribute(node, 'value') : undefined;
    if (value !== undefined) await read(node.outputs[0] ?? '', value);
  }
  return constants;
}

function isReadable({ type, dims }: Tensor): boolean {
  return elementCount(dims) <= MAX_ELEMENTS && (isInteger(type) || type === 'bool' || type === 'float32' || type === 'float64');
}
