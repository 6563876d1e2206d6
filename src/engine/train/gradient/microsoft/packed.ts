// MatMulNBits: weights in 2, 4 or 8 bits are written out in float32, so that a gradient reaches the activations, the scales and
// the bias. While the weights are constant, onnxruntime does this once, when it loads the graph.

import { intAttribute, string } from '../../../ir/attributes';
import type { ForwardContext } from '../rule';

/** A with weights packed in 2, 4 or 8 bits, by blocks along K: B [N, blocks, bytes], scales [N, blocks]; Y = A B^T + bias. */
export function matMulNBits(context: ForwardContext): readonly string[] {
  const { node, build, facts } = context;
  const [a = '', packed = '', scales = ''] = node.inputs;
  const [k, n, block, bits] = [intAttribute(node, 'K', 0), intAttribute(node, 'N', 0), intAttribute(node, 'block_size', 0), intAttribute(node, 'bits', 4)];
  const blocks = Math.ceil(k / block);
  const zeroPoints = context.input(3);
  if (context.input(4) !== undefined) context.refuse('g_idx');
  if (intAttribute(node, 'weight_prepacked', 0) !== 0) context.refuse('weight_prepacked');
  if (![2, 4, 8].includes(bits)) context.refuse(`bits=${bits}`);
  const values = build.reshape(unpacked(context, packed, n * blocks, (block * bits) / 8, bits), [n, blocks, block]);
  const zero = (): string => {
    if (zeroPoints === undefined) return build.scalar(2 ** (bits - 1));
    if (facts(zeroPoints).type !== 'uint8') return build.reshape(zeroPoints, [n, blocks, 1]);
    // Rows of zero points are padded to whole bytes.
    const bytes = Math.ceil((blocks * bits) / 8);
    const all = build.reshape(unpacked(context, zeroPoints, n, bytes, bits), [n, (bytes * 8) / bits]);
    return build.reshape(build.slice(all, 1, 0, blocks), [n, blocks, 1]);
  };
  const weights = build.mul(build.sub(values, zero()), build.reshape(scales, [n, blocks, 1]));
  const rows = build.reshape(weights, [n, blocks * block]);
  const exact = blocks * block === k ? rows : build.slice(rows, 1, 0, k);
  const product = build.matmul(a, build.transpose(exact, [1, 0]));
  const bias = context.input(5);
  return [bias === undefined ? product : build.add(product, bias)];
}

/** Bytes [rows, bytes] as float32 [rows * bytes, elements a byte], lowest bits first. */
function unpacked({ build }: ForwardContext, packed: string, rows: number, bytes: number, bits: number): string {
  const each = 8 / bits;
  const column = build.reshape(packed, [rows * bytes, 1]);
  if (each === 1) return build.cast(column, 'float32');
  const byte = (value: number): string => build.constant({ type: 'uint8', dims: [], data: Uint8Array.of(value) });
  const parts = Array.from({ length: each }, (_, index) => {
    const shifted = index === 0 ? column : build.node('BitShift', [column, byte(index * bits)], { direction: string('RIGHT') });
    return build.node('BitwiseAnd', [shifted, byte(2 ** bits - 1)]);
  });
  return build.cast(build.concat(parts, 1), 'float32');
}
