// A metric that is a user's program: it gets every sample as a JSON line and answers with a number.

import { EngineError } from '../../error';
import type { MetricScripts, NdArray } from '../../ports';
import type { Batch } from '../dataset';
import { numberAt } from '../preprocess/cast';
import type { Metric, Outputs } from './metric';

/** As a data description writes it: a module beside the data, or a command. */
export type MetricScript = string | { readonly command: readonly string[] };

export function scriptName(script: MetricScript): string {
  return typeof script === 'string' ? script : script.command.join(' ');
}

/**
 * Lines are `{"index": 0, "label": 3, "prediction": {"logits": [...]}}`. Programs run only where the user trusts the
 * workspace: otherwise `untrustedScript`. Higher is better by definition.
 */
export function scriptMetric(script: MetricScript, base: string, scripts: MetricScripts, trusted: boolean): Metric {
  const name = scriptName(script);
  if (!trusted) throw new EngineError('untrustedScript', { file: name });
  const lines: string[] = [];
  let answer: Promise<number> | undefined;
  return {
    name,
    higherIsBetter: true,
    scale: 'number',
    get samples() {
      return lines.length;
    },
    add(outputs, batch) {
      for (let sample = 0; sample < batch.size; sample += 1) lines.push(lineOf(outputs, batch, sample));
    },
    value: () => (answer ??= scripts.run(script, base, each(lines))),
    perSample: () => undefined,
  };
}

function lineOf(outputs: Outputs, batch: Batch, sample: number): string {
  const prediction = Object.fromEntries(Object.entries(outputs).map(([name, array]) => [name, valuesOf(array, batch.size, sample)]));
  const label = batch.labels?.[sample] ?? null;
  return JSON.stringify({
    index: batch.indices[sample],
    label: typeof label === 'object' && label !== null && 'data' in label ? valuesOf(label, 1, 0) : label,
    prediction,
  });
}

/** A sample's values, nested as its shape. */
function valuesOf(array: NdArray, samples: number, sample: number): unknown {
  const dims = samples === 1 && array.dims[0] !== 1 ? array.dims : array.dims.slice(1);
  const size = array.data.length / samples;
  const at = array.type === 'string' ? (index: number) => array.data[index] : numberAt(array);
  const nest = (depth: number, start: number, span: number): unknown => {
    const count = dims[depth];
    if (count === undefined) return at(start);
    return Array.from({ length: count }, (_, index) => nest(depth + 1, start + (index * span) / count, span / count));
  };
  return nest(0, sample * size, size);
}

// eslint-disable-next-line @typescript-eslint/require-await -- the port takes an asynchronous source
async function* each(lines: readonly string[]): AsyncGenerator<string> {
  yield* lines;
}
