// Rules about what stands before or around a linear node: BatchNormalization into the Conv or Gemm behind it, and MatMul
// with its bias as Gemm.

import { intAttribute, intsAttribute, stringAttribute } from '../../../ir/attributes';
import { elementCount, isOp, type Node } from '../../../ir/model';
import type { NdArray } from '../../../ports';
import { parameter } from '../channelAffine';
import type { GraphEditor } from '../graphEditor';
import type { CleanupRule } from '../rule';
import { elementType, shapeOf } from '../types';
import { batchNormAffine, isInference } from './foldIntoLinear';

/** W (s x + t) + b = (W s) x + (W t + b): exact for Conv only where it does not pad, or t is 0. */
export const foldBatchNormalizationBefore: CleanupRule = {
  id: 'foldBatchNormalizationBefore',
  async apply(editor) {
    let edits = 0;
    for (const node of editor.nodes()) {
      const value = node.inputs[0] ?? '';
      const norm = isOp(node, 'Conv', 'Gemm') ? editor.producer(value) : undefined;
      if (norm === undefined || !isOp(norm, 'BatchNormalization') || !isInference(norm, editor)) continue;
      if (editor.soleConsumer(value) !== node || node.inputs.indexOf(value, 1) !== -1) continue;
      const affine = await batchNormAffine(norm, editor);
      if (affine === undefined || !(await takeIn(node, affine, editor))) continue;
      editor.setInput(node, 0, norm.inputs[0] ?? '');
      editor.inherit(node, norm);
      editor.remove(norm);
      edits += 1;
    }
    return edits;
  },
};

interface Affine {
  readonly scale: Float64Array;
  readonly shift: Float64Array;
}

async function takeIn(node: Node, { scale, shift }: Affine, editor: GraphEditor): Promise<boolean> {
  const weightName = node.inputs[1] ?? '';
  const [weight, bias] = [await parameter(editor, weightName), await parameter(editor, node.inputs[2])];
  if (weight === undefined || typeof weight.data === 'number' || editor.soleConsumer(weightName) !== node) return false;
  if ((node.inputs[2] ?? '') !== '' && (bias === undefined || typeof bias.data === 'number')) return false;
  const shifts = shift.some((value) => value !== 0);
  if (isOp(node, 'Gemm') ? !isPlainGemm(node) : shifts && pads(node)) return false;
  const [outputs, inputOf, outputOf] = indexing(node, weight.dims);
  if (scale.length !== (isOp(node, 'Gemm') ? weight.dims[isTransposed(node) ? 1 : 0] : (weight.dims[1] ?? 0) * intAttribute(node, 'group', 1))) return false;
  if (bias !== undefined && elementCount(bias.dims) !== outputs) return false;
  const source = weight.data;
  const folded = source.slice();
  const added = new Float64Array(outputs);
  for (let index = 0; index < source.length; index++) {
    const [from, to] = [inputOf(index), outputOf(index)];
    folded[index] = (source[index] ?? 0) * (scale[from] ?? 0);
    added[to] = (added[to] ?? 0) + (source[index] ?? 0) * (shift[from] ?? 0);
  }
  editor.adoptConstant(weightName, { type: weight.type, dims: weight.dims, data: folded });
  if (!shifts) return true;
  const sums = added.map((value, channel) => value + (bias === undefined ? 0 : ((bias.data as Float32Array)[channel] ?? 0)));
  const array: NdArray = { type: weight.type, dims: [outputs], data: weight.type === 'float32' ? Float32Array.from(sums) : sums };
  editor.setInput(node, 2, editor.addConstant(`${weightName}_bias`, array));
  return true;
}

function isTransposed(node: Node): boolean {
  return intAttribute(node, 'transB', 0) === 1;
}

function isPlainGemm(node: Node): boolean {
  return intAttribute(node, 'transA', 0) === 0 && !node.attributes.has('alpha') && !node.attributes.has('beta');
}

function pads(node: Node): boolean {
  const automatic = stringAttribute(node, 'auto_pad', 'NOTSET');
  return automatic !== 'NOTSET' && automatic !== 'VALID' || (intsAttribute(node, 'pads') ?? []).some((size) => size !== 0);
}

/** Number of output channels, and input and output channel of a weight's element by its row-major index. */
function indexing(node: Node, dims: readonly number[]): readonly [number, (index: number) => number, (index: number) => number] {
  const [first = 1, second = 1] = dims;
  if (isOp(node, 'Gemm')) {
    const [row, column] = [(index: number) => Math.floor(index / second), (index: number) => index % second];
    return isTransposed(node) ? [first, column, row] : [second, row, column];
  }
  const kernel = elementCount(dims.slice(2));
  const perGroup = first / intAttribute(node, 'group', 1);
  const output = (index: number): number => Math.floor(index / (kernel * second));
  return [first, (index) => (Math.floor(index / kernel) % second) + Math.floor(output(index) / perGroup) * second, output];
}

/** A matrix times a constant matrix plus a row of constants is a Gemm, which onnxruntime makes of it anyway. */
export const matMulToGemm: CleanupRule = {
  id: 'matMulToGemm',
  apply(editor, { typeOf }) {
    let edits = 0;
    for (const node of editor.nodes()) {
      if (!isOp(node, 'Add')) continue;
      const position = node.inputs.findIndex((input) => isMatMul(editor.producer(input)));
      const matMul = editor.producer(node.inputs[position] ?? '');
      const bias = editor.constant(node.inputs[1 - position]);
      if (matMul === undefined || bias === undefined || editor.soleConsumer(matMul.outputs[0] ?? '') !== node) continue;
      const [left = '', right = ''] = matMul.inputs;
      const columns = editor.constant(right)?.dims;
      if (columns?.length !== 2 || shapeOf(typeOf(left))?.length !== 2 || !isRow(bias.dims, columns[1])) continue;
      if (elementType(typeOf(left)) !== 'float32' && elementType(typeOf(left)) !== 'float64') continue;
      const output = node.outputs[0] ?? '';
      // The product keeps its place in the graph; only the Add goes.
      editor.become(matMul, 'Gemm', [left, right, bias.name]);
      editor.inherit(matMul, node);
      editor.remove(node);
      editor.renameOutput(matMul, matMul.outputs[0] ?? '', output);
      edits += 1;
    }
    return edits;
  },
};

function isMatMul(node: Node | undefined): boolean {
  return node !== undefined && isOp(node, 'MatMul');
}

function isRow(dims: readonly number[], columns: number | undefined): boolean {
  return dims.length <= 2 && dims.at(-1) === columns && dims.slice(0, -1).every((dim) => dim === 1);
}

