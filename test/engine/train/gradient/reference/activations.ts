// Activation functions in float64, as the ONNX specification has them.

import { clamp, erf, sigmoid, softplus } from './functions';

type Scalar = (x: number) => number;

export interface ActivationCase {
  readonly op: string;
  readonly attributes: Readonly<Record<string, number | string>>;
  readonly map: Scalar;
  readonly opset?: number;
}

const elu = (alpha: number): Scalar => (x) => (x > 0 ? x : alpha * Math.expm1(x));
const celu = (alpha: number): Scalar => (x) => Math.max(0, x) + Math.min(0, alpha * Math.expm1(x / alpha));
const selu = (alpha: number, gamma: number): Scalar => (x) => gamma * elu(alpha)(x);
const hardSigmoid = (alpha: number, beta: number): Scalar => (x) => clamp(alpha * x + beta, 0, 1);
const leaky = (alpha: number): Scalar => (x) => (x >= 0 ? x : alpha * x);
const shrink = (lambd: number, bias: number): Scalar => (x) => (x < -lambd ? x + bias : x > lambd ? x - bias : 0);
const swish = (alpha: number): Scalar => (x) => x * sigmoid(alpha * x);

export const activationCases: readonly ActivationCase[] = [
  { op: 'Celu', attributes: {}, map: celu(1) },
  { op: 'Celu', attributes: { alpha: 0.6 }, map: celu(0.6) },
  { op: 'Elu', attributes: {}, map: elu(1) },
  { op: 'Elu', attributes: { alpha: 0.4 }, map: elu(0.4) },
  { op: 'Gelu', attributes: {}, map: (x) => 0.5 * x * (1 + erf(x * Math.SQRT1_2)) },
  { op: 'Gelu', attributes: { approximate: 'tanh' }, map: (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))) },
  { op: 'HardSigmoid', attributes: {}, map: hardSigmoid(0.2, 0.5) },
  { op: 'HardSigmoid', attributes: { alpha: 0.31, beta: 0.2 }, map: hardSigmoid(0.31, 0.2) },
  { op: 'HardSigmoid', attributes: { alpha: -0.31, beta: 0.6 }, map: hardSigmoid(-0.31, 0.6) },
  { op: 'HardSwish', attributes: {}, map: (x) => x * hardSigmoid(1 / 6, 0.5)(x) },
  { op: 'LeakyRelu', attributes: {}, map: leaky(0.01) },
  { op: 'LeakyRelu', attributes: { alpha: 0.3 }, map: leaky(0.3) },
  { op: 'LeakyRelu', attributes: { alpha: -0.5 }, map: leaky(-0.5) },
  { op: 'LeakyRelu', attributes: { alpha: 1.5 }, map: leaky(1.5) },
  { op: 'Mish', attributes: {}, map: (x) => x * Math.tanh(softplus(x)) },
  { op: 'Relu', attributes: {}, map: (x) => Math.max(0, x) },
  { op: 'Selu', attributes: {}, map: selu(1.67326319217681884765625, 1.05070102214813232421875) },
  { op: 'Selu', attributes: { alpha: 1.2, gamma: 0.8 }, map: selu(1.2, 0.8) },
  { op: 'Shrink', attributes: {}, map: shrink(0.5, 0) },
  { op: 'Shrink', attributes: { lambd: 1.1, bias: 0.7 }, map: shrink(1.1, 0.7) },
  { op: 'Sigmoid', attributes: {}, map: sigmoid },
  { op: 'Softplus', attributes: {}, map: softplus },
  { op: 'Softsign', attributes: {}, map: (x) => x / (1 + Math.abs(x)) },
  { op: 'Swish', attributes: {}, map: swish(1), opset: 24 },
  { op: 'Swish', attributes: { alpha: 1.7 }, map: swish(1.7), opset: 24 },
  { op: 'Tanh', attributes: {}, map: Math.tanh },
  { op: 'ThresholdedRelu', attributes: {}, map: (x) => (x > 1 ? x : 0) },
  { op: 'ThresholdedRelu', attributes: { alpha: 0.33 }, map: (x) => (x > 0.33 ? x : 0) },
];

export function softmax(values: readonly number[]): number[] {
  const top = Math.max(...values);
  const powers = values.map((value) => Math.exp(value - top));
  const total = powers.reduce((sum, value) => sum + value, 0);
  return powers.map((value) => value / total);
}
