// A context for passes under test: real onnxruntime, no data, everything else plain.

import { seededRandom } from '../../src/engine/random';
import type { PassContext } from '../../src/engine/passes/pass';
import { createRuntime } from '../../src/runtime/sessions';
import { checkPasses } from './checkedPasses';

checkPasses();

export const testRuntime = createRuntime();

export function passContext(overrides: Partial<PassContext> = {}): PassContext {
  return {
    runtime: testRuntime,
    provider: 'cpu',
    threads: 2,
    dims: {},
    target: { provider: 'cpu', wideAccumulation: true },
    origins: new Map(),
    random: seededRandom(1),
    checkpoint: { load: () => Promise.resolve(undefined), save: () => Promise.resolve() },
    progress: () => undefined,
    apply: (id) => Promise.reject(new Error(`no pass ${id} in this test`)),
    ...overrides,
  };
}
