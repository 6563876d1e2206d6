// The activation functions that LSTM, GRU and RNN name in their attributes, as standard operators.

import { float, floatAttribute, floatsAttribute } from '../../../ir/attributes';
import type { GraphBuilder } from '../../graphBuilder';
import type { ForwardContext } from '../rule';

/** `clip` (the default) puts the clip of the attribute before the function. */
export type Activation = (x: string, options?: { readonly clip: boolean }) => string;

interface Form {
  /** How many of alpha and beta the function takes. */
  readonly takes: 0 | 1 | 2;
  /** Values of onnxruntime (rnn_helpers.cc) where the attribute lists none; undefined where it must. */
  readonly defaults?: readonly number[];
  write(build: GraphBuilder, x: string, alpha: number, beta: number): string;
}

const plain = (op: string): Form => ({ takes: 0, write: (build, x) => build.node(op, [x]) });
const withAlpha = (op: string, alpha: number): Form =>
  ({ takes: 1, defaults: [alpha], write: (build, x, a) => build.node(op, [x], { alpha: float(a) }) });

const forms: Readonly<Record<string, Form>> = {
  affine: { takes: 2, write: (build, x, alpha, beta) => build.add(build.mul(x, build.scalar(alpha)), build.scalar(beta)) },
  elu: withAlpha('Elu', 1),
  hardsigmoid: { takes: 2, defaults: [0.2, 0.5], write: (build, x, alpha, beta) => build.node('HardSigmoid', [x], { alpha: float(alpha), beta: float(beta) }) },
  leakyrelu: withAlpha('LeakyRelu', 0.01),
  relu: plain('Relu'),
  scaledtanh: { takes: 2, write: (build, x, alpha, beta) => build.mul(build.node('Tanh', [build.mul(x, build.scalar(beta))]), build.scalar(alpha)) },
  sigmoid: plain('Sigmoid'),
  softplus: plain('Softplus'),
  softsign: plain('Softsign'),
  tanh: plain('Tanh'),
  thresholdedrelu: withAlpha('ThresholdedRelu', 1),
};

/**
 * The functions of all directions in the order of the attribute `activations`.
 * The lists of alphas and betas have entries for those functions only that take them.
 *
 * @param defaults of one direction
 */
export function activationsOf(context: ForwardContext, defaults: readonly string[], directions: number): readonly Activation[] {
  const { build, node } = context;
  const given = node.attributes.get('activations');
  const names = given?.kind === 'strings' && given.value.length > 0
    ? given.value.map((name) => new TextDecoder().decode(name)) : Array.from({ length: directions }, () => defaults).flat();
  if (names.length !== defaults.length * directions) context.refuse(`activations=${names.join(',')}`);
  const alphas = [...floatsAttribute(node, 'activation_alpha') ?? []];
  const betas = [...floatsAttribute(node, 'activation_beta') ?? []];
  const clip = floatAttribute(node, 'clip');
  return names.map((name) => {
    const form = forms[name.toLowerCase()] ?? context.refuse(`activations=${name}`);
    const missing = (): never => context.refuse(`activations=${name} without activation_alpha or activation_beta`);
    const alpha = form.takes >= 1 ? (alphas.shift() ?? form.defaults?.[0] ?? missing()) : 0;
    const beta = form.takes === 2 ? (betas.shift() ?? form.defaults?.[1] ?? missing()) : 0;
    const clipped = (x: string): string => (clip === undefined ? x : build.node('Clip', [x, build.scalar(-clip), build.scalar(clip)]));
    return (x, options = { clip: true }) => form.write(build, options.clip ? clipped(x) : x, alpha, beta);
  });
}
