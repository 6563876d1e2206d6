import assert from 'node:assert/strict';
import { int, ints as intsOf, float, string } from '../../../../src/engine/ir/attributes';
import { makeNode } from '../../../../src/engine/ir/build';
import type { Attribute, Dim } from '../../../../src/engine/ir/model';
import { type CaseOptions, floats, infer, inferNodes, ints, type Operand, value } from './support';

type Row = readonly [title: string, op: string, operands: readonly Operand[], expected: readonly Dim[] | null, attributes?: Record<string, Attribute>, options?: CaseOptions];

const floatsOf = (values: readonly number[]): Attribute => ({ kind: 'floats', value: values });
const image = value([1, 3, 10, 12]);

/** Expected shapes worked out by hand from the operators' specifications; versions where they differ. */
const rows: readonly Row[] = [
  ['Conv with stride and padding', 'Conv', [image, value([8, 3, 3, 3])], [1, 8, 5, 6], { strides: intsOf([2, 2]), pads: intsOf([1, 1, 1, 1]) }],
  ['Conv SAME_UPPER', 'Conv', [value([1, 3, 11, 12]), value([8, 3, 3, 3])], [1, 8, 6, 6], { strides: intsOf([2, 2]), auto_pad: string('SAME_UPPER') }],
  ['Conv of an open size', 'Conv', [value(['N', 3, 'H', 8]), value([8, 3, 3, 3])], ['N', 8, 'floorDiv(H + 1, 2)', 4], { strides: intsOf([2, 2]), pads: intsOf([1, 1, 1, 1]) }],
  ['ConvTranspose with groups', 'ConvTranspose', [image, value([3, 2, 3, 3])], [1, 6, 21, 25], { group: int(3), strides: intsOf([2, 2]) }],
  ['ConvInteger', 'ConvInteger', [value([1, 3, 4, 4], 'uint8'), value([2, 3, 1, 1], 'uint8')], [1, 2, 4, 4]],
  ['MaxPool, ceil, last window outside', 'MaxPool', [value([1, 1, 4, 4])], [1, 1, 2, 2], { kernel_shape: intsOf([1, 1]), strides: intsOf([2, 2]), ceil_mode: int(1) }],
  ['MaxPool, ceil, one more window', 'MaxPool', [value([1, 1, 5, 5])], [1, 1, 3, 3], { kernel_shape: intsOf([2, 2]), strides: intsOf([2, 2]), ceil_mode: int(1) }],
  ['Gemm transposed', 'Gemm', [value([3, 'N']), value([5, 3])], ['N', 5], { transA: int(1), transB: int(1) }],
  ['MatMul broadcasting', 'MatMul', [value(['N', 1, 2, 3]), value([4, 3, 5])], ['N', 4, 2, 5]],
  ['MatMul of vectors', 'MatMul', [value([3]), value([3])], []],
  ['Einsum with ellipsis', 'Einsum', [value([2, 3, 4]), value([2, 4, 5])], [2, 3, 5], { equation: string('...ij,...jk->...ik') }],
  ['Reshape with -1 and 0', 'Reshape', [value(['N', 4, 6]), ints([0, -1])], ['N', 24]],
  ['Reshape merging an open axis', 'Reshape', [value(['N', 4, 6]), ints([-1, 6])], ['4*N', 6]],
  ['Reshape 5', 'Reshape', [value([2, 6])], [3, 4], { shape: intsOf([3, -1]) }, { opset: 4 }],
  ['Reshape to an unknown shape', 'Reshape', [value([2, 6]), value([3], 'int64')], [null, null, null]],
  ['Squeeze 11', 'Squeeze', [value([1, 3, 1])], [3, 1], { axes: intsOf([0]) }, { opset: 11 }],
  ['Squeeze 13', 'Squeeze', [value([1, 3, 1]), ints([-1])], [1, 3]],
  ['Squeeze of open axes without axes', 'Squeeze', [value([1, 'N'])], null],
  ['Unsqueeze 11', 'Unsqueeze', [value([3])], [1, 3, 1], { axes: intsOf([0, 2]) }, { opset: 11 }],
  ['Unsqueeze 13', 'Unsqueeze', [value([3]), ints([-1])], [3, 1]],
  ['Slice 1', 'Slice', [value([20, 10])], [5, 10], { starts: intsOf([0]), ends: intsOf([5]) }, { opset: 9 }],
  ['Slice 13 with steps', 'Slice', [value([20, 10]), ints([-1]), ints([-1000]), ints([0]), ints([-3])], [7, 10]],
  ['Slice to the end of an open axis', 'Slice', [value(['N', 4]), ints([1]), ints([Number.MAX_SAFE_INTEGER]), ints([0])], ['max(0, N - 1)', 4]],
  ['Slice of unknown axes', 'Slice', [value([4, 4]), ints([0]), ints([1]), value([1], 'int64')], [null, null]],
  ['Pad 2', 'Pad', [value([1, 2])], [4, 2], { pads: intsOf([1, 0, 2, 0]) }, { opset: 10 }],
  ['Pad 18 with axes', 'Pad', [value([1, 2, 3]), ints([1, 2]), undefined, ints([-1])], [1, 2, 6]],
  ['Split 11', 'Split', [value([6, 2])], [3, 2], {}, { opset: 11, outputs: 2 }],
  ['Split 18, uneven', 'Split', [value([7])], [3], { num_outputs: int(3) }, { opset: 18, outputs: 3 }],
  ['Gather', 'Gather', [value([5, 4]), value(['N', 2], 'int64')], ['N', 2, 4]],
  ['GatherND', 'GatherND', [value([2, 3, 4]), value([2, 1], 'int64')], [2, 4], { batch_dims: int(1) }],
  ['Expand', 'Expand', [value([3, 1]), ints([2, 1, 6])], [2, 3, 6]],
  ['Tile', 'Tile', [value(['N', 2]), ints([3, 2])], ['3*N', 4]],
  ['Resize 10', 'Resize', [image, floats([1, 1, 2, 1.5])], [1, 3, 20, 18], {}, { opset: 10 }],
  ['Resize 11 by sizes', 'Resize', [image, floats([]), floats([]), ints([1, 3, 7, 9])], [1, 3, 7, 9], {}, { opset: 11 }],
  ['Resize 18 with axes', 'Resize', [image, undefined, floats([0.5]), undefined], [1, 3, 5, 12], { axes: intsOf([2]) }],
  ['Upsample 7', 'Upsample', [image], [1, 3, 20, 24], { scales: floatsOf([1, 1, 2, 2]) }, { opset: 7 }],
  ['Upsample 9', 'Upsample', [image, floats([1, 1, 2, 2])], [1, 3, 20, 24], {}, { opset: 9 }],
  ['ReduceSum 11', 'ReduceSum', [image], [1, 3, 1, 1], { axes: intsOf([2, 3]) }, { opset: 11 }],
  ['ReduceSum 13', 'ReduceSum', [image, ints([-1])], [1, 3, 10], { keepdims: int(0) }],
  ['ReduceMean 18 of unknown axes', 'ReduceMean', [image, value([1], 'int64')], [null, null, null, null]],
  ['ReduceMax of nothing in particular', 'ReduceMax', [image], [1, 1, 1, 1]],
  ['ArgMax', 'ArgMax', [image], [1, 10, 12], { axis: int(1), keepdims: int(0) }],
  ['TopK 9', 'TopK', [value([2, 9])], [2, 3], { k: int(3) }, { opset: 9, outputs: 2 }],
  ['TopK 11', 'TopK', [value([2, 9]), ints([4])], [2, 4], {}, { outputs: 2 }],
  ['OneHot', 'OneHot', [value([2, 3], 'int64'), ints([7], []), floats([0, 1])], [2, 7, 3], { axis: int(1) }],
  ['Range', 'Range', [ints([2], []), ints([11], []), ints([3], [])], [3]],
  ['NonZero', 'NonZero', [value([2, 3])], [2, null]],
  ['LSTM', 'LSTM', [value(['T', 2, 4]), value([2, 12, 4]), value([2, 12, 3])], ['T', 2, 2, 3], { direction: string('bidirectional') }, { outputs: 3 }],
  ['GRU batch first', 'GRU', [value([2, 'T', 4]), value([1, 9, 4]), value([1, 9, 3])], [2, 'T', 1, 3], { layout: int(1), hidden_size: int(3) }],
  ['Add before opset 7', 'Add', [value([2, 3, 4]), value([3])], [2, 3, 4], { broadcast: int(1), axis: int(1) }, { opset: 6 }],
  ['Attention 23', 'Attention', [value([1, 5, 8]), value([1, 7, 4]), value([1, 7, 4])], [1, 5, 8], { q_num_heads: int(4), kv_num_heads: int(2) }, { opset: 23 }],
  ['MatMulNBits', 'MatMulNBits', [value(['N', 5, 64]), value([32, 2, 16], 'uint8'), value([64])], ['N', 5, 32], { K: int(64), N: int(32), bits: int(4) }, { domain: 'com.microsoft' }],
  ['FusedMatMul', 'FusedMatMul', [value([2, 3, 4]), value([2, 5, 4])], [2, 3, 5], { transB: int(1), alpha: float(0.5) }, { domain: 'com.microsoft' }],
  ['NhwcMaxPool', 'NhwcMaxPool', [value([1, 8, 8, 3], 'uint8')], [1, 4, 4, 3], { kernel_shape: intsOf([2, 2]), strides: intsOf([2, 2]) }, { domain: 'com.microsoft' }],
  ['QLinearAdd', 'QLinearAdd', [value([2, 3], 'uint8'), floats([1], []), undefined, value([3], 'uint8')], [2, 3], {}, { domain: 'com.microsoft' }],
  ['QLinearConcat', 'QLinearConcat', [floats([1], []), undefined, value([1, 2], 'uint8'), floats([1], []), undefined, value([1, 3], 'uint8'), floats([1], []), undefined], [1, 5], { axis: int(1) }, { domain: 'com.microsoft' }],
  ['an operator of another domain', 'Anything', [image], null, {}, { domain: 'org.example' }],
];

const ml = { domain: 'ai.onnx.ml' };
const microsoft = { domain: 'com.microsoft' };
const table = value([5, 3]);

/** Shapes as onnxruntime 1.32 gives them for the same models. */
const others: readonly Row[] = [
  ['LinearRegressor', 'LinearRegressor', [table], [5, 2], { targets: int(2) }, ml],
  ['LinearClassifier, scores', 'LinearClassifier', [table], [5], { classlabels_ints: intsOf([0, 1, 2]) }, ml],
  ['OneHotEncoder', 'OneHotEncoder', [value([5, 3], 'int64')], [5, 3, 4], { cats_int64s: intsOf([0, 1, 2, 3]) }, ml],
  ['FeatureVectorizer', 'FeatureVectorizer', [table, value([5, 2])], [5, 5], { inputdimensions: intsOf([3, 2]) }, ml],
  ['ArrayFeatureExtractor of a matrix', 'ArrayFeatureExtractor', [table, ints([0, 2], [1, 2])], [5, 2], {}, ml],
  ['ArrayFeatureExtractor of a vector', 'ArrayFeatureExtractor', [value([5]), ints([0, 2])], [1, 2], {}, ml],
  ['TreeEnsembleRegressor', 'TreeEnsembleRegressor', [table], [5, 2], { n_targets: int(2) }, ml],
  ['SVMRegressor', 'SVMRegressor', [table], [5, 1], {}, ml],
  ['GroupQueryAttention, packed', 'GroupQueryAttention', [value([1, 5, 64]), undefined, undefined, value([1, 2, 0, 8]), value([1, 2, 0, 8])], [1, 5, 32], { num_heads: int(4), kv_num_heads: int(2) }, microsoft],
  ['MultiHeadAttention', 'MultiHeadAttention', [value([1, 5, 32]), value([1, 7, 32]), value([1, 7, 32])], [1, 5, 32], { num_heads: int(4) }, microsoft],
  ['CDist', 'CDist', [value([5, 3]), value([7, 3])], [5, 7], {}, microsoft],
  ['UnfoldTensor', 'UnfoldTensor', [value([5, 9])], [5, 4, 3], { size: int(3), step: int(2) }, microsoft],
];

describe('shape rules', () => {
  for (const [title, op, operands, expected, attributes, options] of [...rows, ...others]) {
    it(title, async () => {
      const [result] = await infer(op, operands, attributes, options);
      assert.deepEqual(result?.shape, expected);
    });
  }

  it('follow the types of quantization', async () => {
    const x = value([2, 3]);
    const scale = floats([1], []);
    assert.equal((await infer('QuantizeLinear', [x, scale]))[0]?.type, 'uint8');
    assert.equal((await infer('QuantizeLinear', [x, scale, value([], 'int8')]))[0]?.type, 'int8');
    assert.equal((await infer('QuantizeLinear', [x, scale], { output_dtype: int(22) }))[0]?.type, 'int4');
    assert.equal((await infer('DequantizeLinear', [value([2], 'int8'), value([], 'float16')]))[0]?.type, 'float16');
    assert.deepEqual((await infer('DynamicQuantizeLinear', [x], {}, { outputs: 3 })).map(({ type }) => type), ['uint8', 'float32', 'uint8']);
    assert.equal((await infer('MatMulInteger', [value([1, 2], 'uint8'), value([2, 3], 'int8')]))[0]?.type, 'int32');
  });

  it('of other domains give labels and scores, sequences of maps, caches', async () => {
    const [labels, scores] = await infer('TreeEnsembleClassifier', [table], { classlabels_strings: { kind: 'strings', value: [new Uint8Array(1), new Uint8Array(1)] } }, { ...ml, outputs: 2 });
    assert.deepEqual([labels, scores], [{ type: 'string', shape: [5] }, { type: 'float32', shape: [5, 2] }]);
    const [maps] = await infer('ZipMap', [table], {}, ml);
    assert.deepEqual(maps, { type: 'float32', shape: null, containers: ['sequence', 'map'], length: 5 });
    const past = value([1, 4, 3, 8]);
    const [, present] = await infer('MultiHeadAttention', [value([1, 5, 32]), value([1, 7, 32]), value([1, 7, 32]), undefined, undefined, undefined, past, past], { num_heads: int(4) }, { ...microsoft, outputs: 3 });
    assert.deepEqual(present?.shape, [1, 4, 10, 8]);
    assert.equal((await infer('QAttention', [value([2, 5, 8], 'uint8'), value([8, 24], 'int8'), value([24]), value([]), value([])], { num_heads: int(2) }, microsoft))[0]?.type, 'float32');
  });

  it('follow the number of elements of a sequence', async () => {
    const shapes = await inferNodes([
      makeNode('SequenceEmpty', [], ['empty']), makeNode('SequenceInsert', ['empty', 'x'], ['one']), makeNode('SequenceInsert', ['one', 'x'], ['two']),
      makeNode('SequenceLength', ['two'], ['length']), makeNode('ConcatFromSequence', ['two'], ['joined'], { axis: int(0) }),
      makeNode('ConcatFromSequence', ['two'], ['stacked'], { axis: int(0), new_axis: int(1) }), makeNode('SplitToSequence', ['joined', 'two_rows'], ['parts']),
    ], { x: value(['N', 3]), two_rows: ints([2], []) });
    const of = (name: string): unknown => shapes.tensors.get(name);
    assert.deepEqual(of('length'), { type: 'int64', shape: [], value: [2] });
    assert.deepEqual(of('joined'), { type: 'float32', shape: ['2*N', 3] });
    assert.deepEqual(of('stacked'), { type: 'float32', shape: [2, 'N', 3] });
    assert.deepEqual(of('parts'), { type: 'float32', shape: [2, 3], containers: ['sequence'], length: 'N' });
  });

  it('give all outputs of those with several', async () => {
    const [, mask] = await infer('Dropout', [value([2])], {}, { outputs: 2, opset: 12 });
    const [, oldMask] = await infer('Dropout', [value([2])], { ratio: float(0.5) }, { outputs: 2, opset: 7 });
    assert.deepEqual([mask?.type, oldMask?.type], ['bool', 'float32']);
    const statistics = await infer('BatchNormalization', [value([1, 3, 2]), value([3]), value([3]), value([3]), value([3])], {}, { outputs: 3, opset: 14 });
    assert.deepEqual(statistics.map(({ shape }) => shape), [[1, 3, 2], [3], [3]]);
    const splits = await infer('Split', [value([7, 1]), ints([2, 5])], {}, { outputs: 2 });
    assert.deepEqual(splits.map(({ shape }) => shape), [[2, 1], [5, 1]]);
  });
});
