// Changes of operators that need more than another form of the same node: what the old one meant, written in operators of
// the newer opset.

import { floatAttribute, int, intAttribute, intsAttribute, string, stringAttribute } from '../attributes';
import { makeGraph, makeNode, makeValue } from '../build';
import type { Node } from '../model';
import type { ChangeTools } from './tools';

/** Below opset 9 a BatchNormalization with `spatial` 0 has statistics for each position: (x - mean) / sqrt(variance + epsilon) * scale + bias. */
export function normalizePositions(node: Node, { emit, freeName, isUsed, refuse, scalarLike }: ChangeTools): void {
  if (node.outputs.slice(1).some(isUsed)) refuse();
  const [x = '', scale = '', bias = '', mean = '', variance = ''] = node.inputs;
  const output = node.outputs[0] ?? '';
  const epsilon = scalarLike('epsilon', floatAttribute(node, 'epsilon', 1e-5), variance);
  const step = (opType: string, inputs: readonly string[]): string => {
    const made = freeName(`${output}_${opType.toLowerCase()}`);
    emit(makeNode(opType, inputs, [made]));
    return made;
  };
  const deviation = step('Sqrt', [step('Add', [variance, epsilon])]);
  const normal = step('Div', [step('Sub', [x, mean]), deviation]);
  node.opType = 'Add';
  node.inputs = [step('Mul', [normal, scale]), bias];
  node.outputs.length = 1;
  node.attributes.clear();
}

/** From opset 21 on scale and bias are one a channel instead of one a group. */
export function groupsToChannels(node: Node, { constant, emit, freeName, refuse, shape }: ChangeTools): void {
  const groups = intAttribute(node, 'num_groups', NaN);
  const channels = shape(node.inputs[0] ?? '')?.[1];
  if (typeof channels !== 'number' || channels % groups !== 0) return refuse();
  const repeated = ['scale', 'bias'].map((what, index) => {
    const output = `${node.outputs[0] ?? ''}_${what}`;
    const [column, wide, all] = [freeName(`${output}_column`), freeName(`${output}_wide`), freeName(output)];
    emit(makeNode('Reshape', [node.inputs[index + 1] ?? '', constant(`${what}_split`, int64(-1, 1))], [column]));
    emit(makeNode('Expand', [column, constant(`${what}_size`, int64(groups, channels / groups))], [wide]));
    emit(makeNode('Reshape', [wide, constant(`${what}_join`, int64(-1))], [all]));
    return all;
  });
  node.inputs = [node.inputs[0] ?? '', ...repeated];
}

/**
 * `tf_half_pixel_for_nn` was withdrawn in opset 13. It looked at (x + 0.5) / scale, half_pixel looks half a pixel before:
 * floor there is round_prefer_ceil here, and round_prefer_floor is ceil.
 */
export function withdrawnPixelMode(node: Node, { refuse }: ChangeTools): void {
  if (stringAttribute(node, 'coordinate_transformation_mode', '') !== 'tf_half_pixel_for_nn') return;
  const rounding: Readonly<Record<string, string>> = { floor: 'round_prefer_ceil', round_prefer_floor: 'ceil' };
  const mode = rounding[stringAttribute(node, 'nearest_mode', 'round_prefer_floor')];
  if (mode === undefined || stringAttribute(node, 'mode', 'nearest') !== 'nearest') return refuse();
  node.attributes.set('coordinate_transformation_mode', string('half_pixel'));
  node.attributes.set('nearest_mode', string(mode));
}

/**
 * Scan of opset 8 runs along axis 1 of every sample of a batch; from opset 9 on there is no batch. An outer Scan takes the
 * samples one by one, an inner one their positions. Lengths of single sequences have no counterpart.
 */
export function scanOverBatch(node: Node, { freeName, refuse, type }: ChangeTools): void {
  const body = node.attributes.get('body');
  const [lengths = '', ...values] = node.inputs;
  if (lengths !== '' || body === undefined) return refuse();
  const directions = intsAttribute(node, 'directions');
  const sample = (wanted: string): string => freeName(`${wanted}_sample`);
  const inputs = values.map((name) => ({ from: name, inside: sample(name) }));
  const outputs = node.outputs.map((name) => sample(name === '' ? 'unused' : name));
  const inner = makeNode('Scan', inputs.map(({ inside }) => inside), outputs, {
    body,
    num_scan_inputs: int(intAttribute(node, 'num_scan_inputs', 1)),
    ...(directions === undefined ? {} : { scan_input_directions: { kind: 'ints', value: directions.map(BigInt) } }),
  });
  const outer = makeGraph({
    name: 'sample',
    nodes: [inner],
    inputs: inputs.map(({ from, inside }) => (type(from) === 'undefined' ? { name: inside } : makeValue(inside, type(from), null))),
    outputs: outputs.map((name, index) => (type(node.outputs[index] ?? '') === 'undefined' ? { name } : makeValue(name, type(node.outputs[index] ?? ''), null))),
  });
  node.inputs = values;
  node.attributes = new Map([['body', { kind: 'graph', value: outer }], ['num_scan_inputs', int(values.length)]]);
}

function int64(...values: readonly number[]): { readonly type: 'int64'; readonly dims: readonly number[]; readonly data: BigInt64Array } {
  return { type: 'int64', dims: [values.length], data: BigInt64Array.from(values, BigInt) };
}
