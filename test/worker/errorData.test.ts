// What is thrown, as data.

import assert from 'node:assert/strict';
import { EngineError } from '../../src/engine/error';
import { JobError } from '../../src/protocol/jobs';
import { toErrorData } from '../../src/worker/errorData';

describe('toErrorData', () => {
  it('keeps what the engine says, with its node', () => {
    const { detail, ...data } = toErrorData(new EngineError('unsupportedType', { tensor: 't' }, { node: 'n', cause: new Error('why') }), undefined);
    assert.deepEqual(data, { code: 'unsupportedType', params: { tensor: 't' }, node: 'n' });
    assert.match(detail ?? '', /why/);
  });

  it('keeps a JobError', () => {
    assert.deepEqual(toErrorData(new JobError({ code: 'notResumable', params: { file: 'f' } }, 'm'), undefined), { code: 'notResumable', params: { file: 'f' } });
  });

  it('takes an aborted signal for a cancellation', () => {
    const controller = new AbortController();
    controller.abort();
    assert.equal(toErrorData(controller.signal.reason, undefined).code, 'cancelled');
  });

  it('recognises a full disk and a lack of memory', () => {
    assert.deepEqual(toErrorData(Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC', path: 'a' }), undefined).params, { file: 'a' });
    assert.equal(toErrorData(new RangeError('Array buffer allocation failed'), undefined).code, 'outOfMemory');
  });

  it('survives values that are no errors', () => {
    for (const value of [undefined, null, 'text', 3, {}]) assert.equal(toErrorData(value, undefined).code, 'internal');
  });
});
