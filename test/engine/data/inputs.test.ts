// Which data fill which input: several inputs, text, and what is said where something is missing.

import assert from 'node:assert/strict';
import type { Wanted } from '../../../src/engine/data/fill';
import { openDataset } from '../../../src/engine/data/open';
import { requireSplit } from '../../../src/engine/data/dataset';
import { evenIndices, randomIndices } from '../../../src/engine/data/sampling';
import fc from 'fast-check';
import { type Files, npy, portsOf, refused, zip } from './support';

const image = Float32Array.of(1, 2, 3, 4);
const meta = Float32Array.of(5, 6);
const npz = zip({ 'image.npy': npy('<f4', [2, 2], image), 'meta.npy': npy('<f4', [2, 1], meta), 'y.npy': npy('|u1', [2], Uint8Array.of(0, 1)) });
const two: Wanted = { inputs: [{ name: 'image', type: 'float32', shape: ['N', 2] }, { name: 'meta', type: 'int64', shape: ['N', 1] }], dims: {} };

const words = { '[PAD]': 0, '[UNK]': 1, '[CLS]': 2, '[SEP]': 3, good: 4, bad: 5, film: 6 };
const tokenizer = JSON.stringify({
  version: '1.0', truncation: null, padding: null, added_tokens: Object.entries(words).slice(0, 4).map(([content, id]) => ({ id, content, special: true })),
  normalizer: { type: 'BertNormalizer', clean_text: true, handle_chinese_chars: true, strip_accents: null, lowercase: true },
  pre_tokenizer: { type: 'BertPreTokenizer' },
  post_processor: {
    type: 'TemplateProcessing', single: [{ SpecialToken: { id: '[CLS]', type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }, { SpecialToken: { id: '[SEP]', type_id: 0 } }], pair: [],
    special_tokens: { '[CLS]': { id: '[CLS]', ids: [2], tokens: ['[CLS]'] }, '[SEP]': { id: '[SEP]', ids: [3], tokens: ['[SEP]'] } },
  },
  decoder: null, model: { type: 'WordPiece', unk_token: '[UNK]', continuing_subword_prefix: '##', max_input_chars_per_word: 100, vocab: words },
});

function files(description: object, more: Files = {}): Files {
  return { '/d/a.npz': npz, '/d/tokenizer.json': tokenizer, '/d/data.json': JSON.stringify({ version: 1, format: 'npz', path: 'a.npz', ...description }), ...more };
}

describe('inputs', () => {
  it('fills several inputs, each with its own preprocessing and type', async () => {
    const data = await openDataset('/d/data.json', two, portsOf(files({
      splits: { test: { inputs: { image: 'image', meta: 'meta' }, labels: 'y' } }, inputs: { image: { scale: 10 } },
    })));
    const batch = await requireSplit(data, 'test').read(0, 2);
    assert.deepEqual(Array.from(batch.inputs['image']?.data ?? [], Number), [10, 20, 30, 40]);
    assert.deepEqual(batch.inputs['meta']?.data, BigInt64Array.of(5n, 6n));
  });

  it('says which input is not filled', async () => {
    const error = await refused(openDataset('/d/data.json', two, portsOf(files({ splits: { test: { inputs: { image: 'image' } } } }))));
    assert.equal(error.code, 'dataInputMissing');
    assert.match(error.message, /input "meta"/);
  });

  it('says which described input the model does not have', async () => {
    const run = (description: object) => refused(openDataset('/d/data.json', two, portsOf(files(description))));
    assert.match((await run({ splits: { test: { inputs: { picture: 'image', meta: 'meta' } } } })).message, /splits\.test\.inputs\.picture: there is no "picture".*"image", "meta"/);
    assert.match((await run({ splits: { test: { inputs: { image: 'image', meta: 'meta' } } }, inputs: { x: {} } })).message, /inputs\.x: there is no "x"/);
    assert.match((await run({ splits: { test: { inputs: 'image' } }, input: { name: 'x' } })).message, /input\.name: there is no "x"/);
  });

  it('names the splits there are', async () => {
    const data = await openDataset('/d/data.json', { inputs: two.inputs.slice(0, 1), dims: {} }, portsOf(files({ splits: { train: { inputs: 'image' } } })));
    const error = await refused((async () => Promise.resolve(requireSplit(data, 'test')))());
    assert.equal(error.code, 'splitMissing');
    assert.match(error.message, /no split "test"\. It has: train/);
  });

  describe('text', () => {
    const model: Wanted = {
      inputs: ['input_ids', 'attention_mask', 'token_type_ids'].map((name) => ({ name, type: 'int64' as const, shape: ['N', 6] })), dims: {},
    };
    const described = { format: 'tsv', path: 't.tsv', header: false, splits: { test: { inputs: 1, labels: 0 } }, tokenizer: 'tokenizer.json' };
    const rows = { '/d/t.tsv': '1\tgood film\n0\tbad bad bad bad bad bad\n' };
    const numbers = (array: { readonly data: ArrayLike<unknown> } | undefined): number[] => Array.from(array?.data ?? [], Number);

    it('fills ids, mask and types, pads at the end and cuts before the last special token', async () => {
      const data = await openDataset('/d/data.json', model, portsOf(files({ ...described, maxLength: 5 }, rows)));
      const batch = await requireSplit(data, 'test').read(0, 2);
      assert.deepEqual(numbers(batch.inputs['input_ids']), [2, 4, 6, 3, 0, 0, 2, 5, 5, 5, 3, 0]);
      assert.deepEqual(numbers(batch.inputs['attention_mask']), [1, 1, 1, 1, 0, 0, 1, 1, 1, 1, 1, 0]);
      assert.deepEqual(numbers(batch.inputs['token_type_ids']), new Array(12).fill(0));
      assert.deepEqual(batch.labels, [1, 0]);
    });

    it('wants maxLength where the model leaves the length open, and not more than it takes', async () => {
      const open: Wanted = { inputs: [{ name: 'input_ids', type: 'int64', shape: ['N', 'S'] }], dims: {} };
      assert.match((await refused(openDataset('/d/data.json', open, portsOf(files(described, rows))))).message, /maxLength: "maxLength" is missing/);
      assert.match((await refused(openDataset('/d/data.json', model, portsOf(files({ ...described, maxLength: 7 }, rows))))).message, /7 is longer than the 6 tokens/);
      const data = await openDataset('/d/data.json', { ...open, dims: { S: 8 } }, portsOf(files(described, rows)));
      assert.deepEqual((await requireSplit(data, 'test').read(0, 1)).inputs['input_ids']?.dims, [1, 8]);
    });

    it('says that a tokenizer is missing or damaged', async () => {
      const plain = { ...described, tokenizer: undefined };
      assert.match((await refused(openDataset('/d/data.json', model, portsOf(files(plain, rows))))).code, /dataInputMissing/);
      assert.equal((await refused(openDataset('/d/data.json', model, portsOf(files(described, { ...rows, '/d/tokenizer.json': '{' }))))).code, 'dataUnreadable');
      assert.equal((await refused(openDataset('/d/data.json', model, portsOf(files({ ...described, tokenizer: 'none.json' }, rows))))).code, 'fileNotFound');
    });
  });

  it('samples without repetition', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 1, max: 300 }), fc.integer(), (size, count, seed) => {
      let state = seed;
      const random = (): number => { state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0; return (state >>> 0) / 2 ** 32; };
      for (const indices of [evenIndices(size, count), randomIndices(size, count, random)]) {
        assert.equal(indices.length, Math.min(size, count));
        assert.equal(new Set(indices).size, indices.length);
        assert.ok(indices.every((index) => index >= 0 && index < size));
      }
    }));
  });
});
