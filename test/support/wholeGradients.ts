// Loss and gradients of a whole model as the training engine computes them, beside those of an oracle.

import assert from 'node:assert/strict';
import { makeValue } from '../../src/engine/ir/build';
import type { Model } from '../../src/engine/ir/model';
import { GraphBuilder } from '../../src/engine/train/graphBuilder';
import { differentiate } from '../../src/engine/train/gradient/differentiate';
import { prepareTraining } from '../../src/engine/train/prepare';
import { testRuntime } from './passContext';
import { distance, type LabelledBatch, openCase, type OracleCase, type OracleFixture, readCase, type StoredTensor } from './oracleCases';

/** Issue 4. */
export const NORM_WISE = 1e-4;
/**
 * Values that are zero in exact arithmetic (the gradient of a bias before BatchNormalization, the mean of a convolution
 * of normalised values) are rounding noise: they are measured against this part of the norm of all gradients or averages.
 */
const NEGLIGIBLE = 1e-2;

export interface WholeGradients {
  readonly loss: number;
  /** By name of the parameter; missing where the loss does not depend on it. */
  readonly gradients: ReadonlyMap<string, Float32Array>;
  /** Running averages of BatchNormalization after the batch, by name. */
  readonly statistics: ReadonlyMap<string, Float32Array>;
  readonly parameters: readonly string[];
}

/** Mean cross entropy of the first output's logits. */
export async function wholeGradients(original: Model, { inputs, labels }: LabelledBatch, batchNorm: 'train' | 'frozen'): Promise<WholeGradients> {
  const { model, parameters, statistics, outputs } = await prepareTraining(original, { batch: labels.length, dims: {}, isFrozen: () => false, batchNorm });
  const build = new GraphBuilder(model.graph);
  model.graph.inputs.push(makeValue('labels', 'int64', [labels.length]));
  const loss = build.node('SoftmaxCrossEntropyLoss', [outputs[0]?.logits ?? '', 'labels']);
  const { model: whole, gradients } = await differentiate(model, loss, parameters.map(({ name }) => name));
  whole.graph.outputs = [...new Set([loss, ...gradients.values(), ...statistics.map(({ update }) => update)])].map((name) => makeValue(name, 'float32', null));
  const session = await testRuntime.createSession(whole, { threads: 2 });
  try {
    const results = await session.run({ ...inputs, labels: { type: 'int64', dims: [labels.length], data: BigInt64Array.from(labels, BigInt) } });
    const values = (name: string): Float32Array => results[name]?.data as Float32Array;
    return {
      loss: values(loss)[0] as number,
      gradients: new Map([...gradients].map(([parameter, gradient]) => [parameter, values(gradient)])),
      statistics: new Map(statistics.map(({ running, update }) => [running, values(update)])),
      parameters: parameters.map(({ name }) => name),
    };
  } finally {
    await session.release();
  }
}

export interface OracleComparison {
  readonly loss: number;
  /** Relative, of gradients and running averages. */
  readonly largest: { readonly tensor: string; readonly error: number };
  readonly gradients: number;
  readonly statistics: number;
}

/** Runs the case; every parameter must be in the fixture and every gradient of the fixture be that of a parameter. */
export async function compareWithOracle(oracle: OracleCase, fixture: OracleFixture): Promise<OracleComparison> {
  const model = await openCase(oracle);
  const found = await wholeGradients(model, await readCase(oracle, model), oracle.batchNorm);
  const wanted = Object.keys(fixture.gradients);
  assert.deepEqual([...found.parameters].sort(), wanted.sort(), `${oracle.name}: parameters`);
  const errors = [...relative(fixture.gradients, found.gradients), ...relative(fixture.statistics ?? {}, found.statistics)];
  const largest = errors.reduce((most, each) => (each.error > most.error ? each : most));
  return { loss: found.loss, largest, gradients: wanted.length, statistics: found.statistics.size };
}

function relative(wanted: Readonly<Record<string, StoredTensor>>, found: ReadonlyMap<string, Float32Array>): { tensor: string; error: number }[] {
  const least = NEGLIGIBLE * Math.sqrt(Object.values(wanted).reduce((sum, { norm }) => sum + norm ** 2, 0));
  return Object.entries(wanted).map(([tensor, stored]) => {
    const values = found.get(tensor);
    const error = values === undefined ? Infinity : distance(values, stored) / Math.max(stored.norm, least);
    return { tensor, error: Number.isNaN(error) ? Infinity : error };
  });
}
