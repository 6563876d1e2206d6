// Scaled dot-product attention (Vaswani 2017) to the operator Attention of ONNX 23: softmax(Q K^T * scale + mask) V with the
// heads as their own axis; then what splits and merges the heads is taken in where it is done the usual way.

import { float, int, intAttribute, ints, intsAttribute } from '../../../ir/attributes';
import { type Dim, isOp, type Node } from '../../../ir/model';
import type { GraphEditor } from '../graphEditor';
import type { CleanupRule, RuleContext } from '../rule';
import { elementType, shapeOf } from '../types';
import { fuse, madeBy, productOf } from './pattern';

interface Scores {
  readonly query: string;
  /** [batch, heads, positions, size]; the last two the other way round while `turned` still makes them so. */
  readonly key: string;
  readonly turned: Node | undefined;
  readonly scale: number;
  readonly mask: string | undefined;
  readonly nodes: readonly Node[];
}

export const fuseAttention: CleanupRule = {
  id: 'fuseAttention',
  async apply(editor, context) {
    let edits = 0;
    if (context.opset < 23) return edits;
    for (const node of editor.nodes()) {
      const softmax = isOp(node, 'MatMul') ? madeBy(node.inputs[0], editor, 'Softmax') : undefined;
      if (softmax === undefined || !isLastAxis(softmax)) continue;
      const scores = await scoresOf(softmax.inputs[0] ?? '', editor, context);
      const value = node.inputs[1] ?? '';
      if (scores === undefined || !agree(scores, value, context)) continue;
      const inputs = [scores.query, scores.key, value, ...(scores.mask === undefined ? [] : [scores.mask])];
      if (!fuse(node, [softmax, ...scores.nodes], 'Attention', inputs, { scale: float(scores.scale) }, editor)) continue;
      if (scores.turned !== undefined) splitOnly(scores.turned, editor);
      edits += 1;
    }
    return edits;
  },
};

/** A Transpose that split heads and exchanged the last axes splits heads only; its output is another one from then on. */
function splitOnly(transpose: Node, editor: GraphEditor): void {
  const output = transpose.outputs[0] ?? '';
  transpose.attributes.set('perm', ints(SPLIT));
  editor.renameOutput(transpose, output, editor.freeName(`${output}_heads`));
}

/** [batch, positions, heads, size] to [batch, heads, positions, size], and back. */
const SPLIT = [0, 2, 1, 3];

function isLastAxis(softmax: Node): boolean {
  const axis = intAttribute(softmax, 'axis', -1);
  return axis === -1 || axis === 3;
}

/** The argument of the Softmax: a product of query and key, scaled, with a mask added or not. */
async function scoresOf(value: string, editor: GraphEditor, context: RuleContext): Promise<Scores | undefined> {
  const add = madeBy(value, editor, 'Add');
  if (add === undefined) return scaledScores(value, undefined, [], editor);
  for (const [scores = '', mask = ''] of [add.inputs, [...add.inputs].reverse()]) {
    const found = await scaledScores(scores, mask, [add], editor);
    if (found !== undefined && isMask(mask, found, context)) return found;
  }
  return undefined;
}

async function scaledScores(value: string, mask: string | undefined, around: readonly Node[], editor: GraphEditor): Promise<Scores | undefined> {
  let scale = 1;
  const nodes = [...around];
  let scores = value;
  const root = madeBy(value, editor, 'Mul', 'Div');
  if (root !== undefined) {
    if (isOp(root, 'Div') && editor.constant(root.inputs[1]) === undefined) return undefined;
    const product = await productOf(root, editor);
    if (product.values.length !== 1) return undefined;
    [scale, scores] = [product.constant, product.values[0] ?? ''];
    nodes.push(...product.nodes);
  }
  const matMul = madeBy(scores, editor, 'MatMul');
  if (matMul === undefined) return undefined;
  const query = await unscaled(matMul.inputs[0] ?? '', editor);
  const turned = await unscaled(matMul.inputs[1] ?? '', editor);
  const transpose = madeBy(turned.value, editor, 'Transpose');
  if (transpose === undefined) return undefined;
  const key = exchanged(transpose, editor);
  if (key === undefined) return undefined;
  const inner = await unscaled(key, editor);
  return {
    query: query.value, key: inner.value, turned: key === transpose.inputs[0] ? undefined : transpose, mask, scale: scale * query.scale * turned.scale * inner.scale,
    nodes: [...nodes, matMul, ...query.nodes, ...turned.nodes, ...(key === transpose.inputs[0] ? [transpose] : []), ...inner.nodes],
  };
}

/** What a scaling by a constant is applied to: exporters may scale query and key by the square root each. */
async function unscaled(value: string, editor: GraphEditor): Promise<{ readonly value: string; readonly scale: number; readonly nodes: readonly Node[] }> {
  const root = madeBy(value, editor, 'Mul', 'Div');
  const constant = root === undefined || (isOp(root, 'Div') && editor.constant(root.inputs[1]) === undefined) ? undefined : await productOf(root, editor);
  const [inner] = constant?.values ?? [];
  if (constant?.values.length !== 1 || inner === undefined) return { value, scale: 1, nodes: [] };
  return { value: inner, scale: constant.constant, nodes: constant.nodes };
}

/**
 * The value of which the Transpose is the one with the last two axes exchanged. One that splits heads at the same time
 * ([0, 2, 3, 1]) is changed to split only ([0, 2, 1, 3]), which gives the same keys.
 */
function exchanged(transpose: Node, editor: GraphEditor): string | undefined {
  const perm = intsAttribute(transpose, 'perm')?.join();
  if (perm === '0,1,3,2') return transpose.inputs[0];
  const output = transpose.outputs[0] ?? '';
  return perm === '0,2,3,1' && editor.soleConsumer(output) !== undefined ? output : undefined;
}

/** Four axes everywhere, equal types, and one number of heads. */
function agree({ query, key, mask }: Scores, value: string, { typeOf }: RuleContext): boolean {
  const types = [query, key, value, ...(mask === undefined ? [] : [mask])].map((name) => elementType(typeOf(name)));
  const shapes = [query, key, value].map((name) => shapeOf(typeOf(name)));
  const heads = shapes.map((shape) => shape?.[1] ?? null);
  return types.every((type) => type === 'float32' || type === 'float64') && new Set(types).size === 1
    && shapes.every((shape) => shape?.length === 4) && heads.every((count) => count !== null && count === heads[0]);
}

/**
 * A mask broadcasts to [batch, heads, queries, keys] and has the last two axes in full: Attention pads a shorter last one,
 * and onnxruntime (attention_helper.h) takes no single row for all queries.
 */
function isMask(mask: string, { query, key, turned }: Scores, { typeOf }: RuleContext): boolean {
  const [shape, from, to] = [shapeOf(typeOf(mask)), shapeOf(typeOf(query)), shapeOf(typeOf(key))];
  if (shape === undefined || from === undefined || to === undefined || shape.length < 2 || shape.length > 4) return false;
  const wanted: readonly (Dim | undefined)[] = [from[0], from[1], from[2], turned === undefined ? to[2] : to[3]];
  return shape.every((dim, index) => {
    const full = wanted[4 - shape.length + index];
    return dim !== null && (dim === full || (dim === 1 && index < shape.length - 2));
  });
}


/** Attention that takes [batch, positions, heads * size] splits and merges the heads itself. */
export const attentionHeads: CleanupRule = {
  id: 'attentionHeads',
  apply(editor, context) {
    let edits = 0;
    for (const node of editor.nodes()) {
      if (!isOp(node, 'Attention') || node.outputs.length !== 1 || node.inputs.slice(4).some((input) => input !== '')) continue;
      const splits = node.inputs.slice(0, 3).map((input) => splitOf(input, node, editor, context));
      const transpose = editor.soleConsumer(node.outputs[0] ?? '');
      const merge = transpose === undefined || !isSplit(transpose) ? undefined : editor.soleConsumer(transpose.outputs[0] ?? '');
      const [query, key, value] = splits;
      if (query === undefined || key === undefined || value === undefined || transpose === undefined || merge === undefined) continue;
      if (query.heads !== key.heads || key.heads !== value.heads || !merges(merge, transpose, context)) continue;
      const inputs = [query.source, key.source, value.source, ...node.inputs.slice(3)];
      const scale = node.attributes.get('scale');
      const attributes = { q_num_heads: int(query.heads), kv_num_heads: int(query.heads), ...(scale === undefined ? {} : { scale }) };
      const around = [node, transpose, ...query.nodes, ...key.nodes, ...value.nodes];
      // The merging Reshape becomes the Attention: it is the last of them, and keeps its name.
      if (fuse(merge, around, 'Attention', inputs, attributes, editor)) edits += 1;
    }
    return edits;
  },
};

function isSplit(node: Node): boolean {
  return isOp(node, 'Transpose') && intsAttribute(node, 'perm')?.join() === SPLIT.join();
}

/** What a Reshape and a Transpose split into heads: a value of three axes whose last one is parted. */
function splitOf(value: string, reader: Node, editor: GraphEditor, { typeOf }: RuleContext): { readonly source: string; readonly heads: number; readonly nodes: readonly Node[] } | undefined {
  const transpose = editor.soleConsumer(value) === reader ? madeBy(value, editor, 'Transpose') : undefined;
  const reshape = transpose !== undefined && isSplit(transpose) ? madeBy(transpose.inputs[0], editor, 'Reshape') : undefined;
  const source = reshape?.inputs[0] ?? '';
  const [from, to] = [shapeOf(typeOf(source)), shapeOf(typeOf(reshape?.outputs[0] ?? ''))];
  const heads = to?.[2];
  if (transpose === undefined || reshape === undefined || from?.length !== 3 || to?.length !== 4 || typeof heads !== 'number') return undefined;
  return startAlike(from, to) ? { source, heads, nodes: [transpose, reshape] } : undefined;
}

function merges(merge: Node, transpose: Node, { typeOf }: RuleContext): boolean {
  const [from, to] = [shapeOf(typeOf(transpose.outputs[0] ?? '')), shapeOf(typeOf(merge.outputs[0] ?? ''))];
  return isOp(merge, 'Reshape') && from !== undefined && to?.length === 3 && startAlike(from, to);
}

/** Batch and positions are known to be the same. */
function startAlike(left: readonly Dim[], right: readonly Dim[]): boolean {
  return [0, 1].every((axis) => left[axis] !== null && left[axis] !== undefined && left[axis] === right[axis]);
}
