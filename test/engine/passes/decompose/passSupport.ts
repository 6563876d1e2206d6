// What tests of the passes that decompose share: small models, and running a pass with a clock that counts.

import { isOp, type Model } from '../../../../src/engine/ir/model';
import type { Clock } from '../../../../src/engine/passes/clock';
import type { PassContext, PassOutcome } from '../../../../src/engine/passes/pass';
import type { Dataset } from '../../../../src/engine/data/dataset';
import { testRuntime } from '../../../support/passContext';
import { Net } from '../../../support/pruning';
import { fakeClock, layerMacs } from '../prune/latency/fakeClock';
import { contextFor } from '../quantize/staticSupport';
import { runPass } from '../train/trainSupport';

/** Two convolutions of 16 and 32 channels and a classifier of 10, on images [3, 8, 8]. */
export async function smallNet(): Promise<Model> {
  const net = new Net();
  const x = net.input([1, 3, 8, 8]);
  const first = net.node('Relu', [net.conv(x, 3, 16, { kernel: 3 })]);
  const second = net.node('Relu', [net.conv(first, 16, 32, { kernel: 3, stride: 2 })]);
  net.output(net.node('Gemm', [net.node('Flatten', [net.node('GlobalAveragePool', [second])]), net.weight(32, 10), net.weight(10)]));
  return withInputX(await net.model());
}

/** The input gets the name that the samples of these tests have. */
export function withInputX(model: Model): Model {
  const [{ name = '' } = {}] = model.graph.inputs;
  model.graph.inputs = model.graph.inputs.map((input) => (input.name === name ? { ...input, name: 'x' } : input));
  for (const node of model.graph.nodes) node.inputs = node.inputs.map((input) => (input === name ? 'x' : input));
  return model;
}

export interface Run {
  readonly data?: Dataset;
  /** Default: a layer takes as long as it has MACs. */
  readonly clock?: Clock;
  readonly context?: Partial<PassContext>;
}

export function decompose(pass: string, model: Model, options: Readonly<Record<string, unknown>>, { data, clock = fakeClock(layerMacs), context = {} }: Run = {}): Promise<PassOutcome> {
  return runPass(pass, model, options, contextFor(model, data, { runtime: { ...testRuntime, latencies: clock }, ...context }));
}

export function texts({ findings }: PassOutcome): string {
  return findings.map(({ code, text }) => `${code}: ${text}`).join('\n');
}

export function convolutions({ graph }: Model): number {
  return graph.nodes.filter((node) => isOp(node, 'Conv')).length;
}
