// The data description is refused strictly, naming the place and what may stand there.

import assert from 'node:assert/strict';
import { EngineError } from '../../../src/engine/error';
import { errorText } from '../../../src/protocol/errors';
import { parseDescription } from '../../../src/engine/data/description';

function refusal(document: unknown): EngineError {
  try {
    parseDescription(typeof document === 'string' ? document : JSON.stringify(document), 'data.json');
  } catch (error) {
    if (error instanceof EngineError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

const valid = { version: 1, format: 'npz', path: 'x.npz' };

describe('data description', () => {
  it('reads what interfaces.md shows', () => {
    const description = parseDescription(JSON.stringify({
      version: 1, format: 'npz', path: 'fashion-mnist-subset.npz',
      splits: { train: { inputs: 'x_train', labels: 'y_train' }, test: { inputs: 'x_test', labels: 'y_test', take: [0, 5000] } },
      shape: [28, 28, 1], layout: 'HWC', input: { layout: 'CHW', scale: 0.00392156862745098, mean: [0.286], std: [0.353] },
      classes: ['T-shirt'], metric: 'top1', licence: 'MIT',
    }), 'data.json');
    assert.deepEqual(description.splits?.['test']?.take, [0, 5000]);
  });

  const cases: readonly [title: string, document: unknown, path: string, says: RegExp][] = [
    ['text that is no JSON', '{', '(root)', /not JSON/],
    ['a list', [], '(root)', /an object/],
    ['an unknown key', { ...valid, pth: 'x' }, 'pth', /there is no "pth".*version, format, path/],
    ['a missing format', { version: 1 }, 'format', /"format" is missing.*raw, idx, npz/],
    ['an unknown format', { ...valid, format: 'tar' }, 'format', /"tar" is not one of the values.*npz.*wavFolder/],
    ['another version', { ...valid, version: 2 }, 'version', /2 is not one of the values.*Allowed: 1/],
    ['a wrong type deep inside', { ...valid, splits: { test: { take: [0, 'all'] } } }, 'splits.test.take[1]', /"all" is not a whole number/],
    ['an unknown key deep inside', { ...valid, input: { resize: { sise: 3 } } }, 'input.resize.sise', /there is no "sise".*size, interpolation, antialias/],
    ['an empty range', { ...valid, splits: { test: { take: [5, 5] } } }, 'splits.test.take', /\[5,5\] is out of range/],
    ['a size of zero', { ...valid, shape: [0, 2] }, 'shape[0]', /0 is out of range.*1 or more/],
    ['a deviation of zero', { ...valid, input: { std: 0 } }, 'input.std', /0/],
    ['a key of another format', { ...valid, header: true }, 'header', /"header" does not go with the format npz.*csv, tsv/],
    ['an unknown metric', { ...valid, metric: 'accuracy' }, 'metric', /"accuracy".*top1/],
  ];
  for (const [title, document, path, says] of cases) {
    it(`refuses ${title}`, () => {
      const error = refusal(document);
      assert.equal(error.code, 'dataDescription');
      assert.equal(error.params['path'], path);
      assert.match(error.message, says);
      // The same in Chinese: no text code is left over.
      assert.doesNotMatch(errorText(error, 'zh-cn'), /problem\.|allowed\.|kind\./);
    });
  }

  it('takes a script or a command as metric', () => {
    assert.equal(parseDescription(JSON.stringify({ ...valid, metric: './metric.mjs' }), 'd').metric, './metric.mjs');
    assert.deepEqual(parseDescription(JSON.stringify({ ...valid, metric: { command: ['python3', 'm.py'] } }), 'd').metric, { command: ['python3', 'm.py'] });
  });
});
