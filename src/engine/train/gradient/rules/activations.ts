// Activation functions, softmax included.

import { type GradientTable, refused } from '../rule';

export const activationsGradients = {
  Celu: refused,
  Elu: refused,
  Gelu: refused,
  HardSigmoid: refused,
  HardSwish: refused,
  LeakyRelu: refused,
  LogSoftmax: refused,
  Mish: refused,
  PRelu: refused,
  Relu: refused,
  Selu: refused,
  Shrink: refused,
  Sigmoid: refused,
  Softmax: refused,
  Softplus: refused,
  Softsign: refused,
  SwiGLU: refused,
  Swish: refused,
  Tanh: refused,
  ThresholdedRelu: refused,
} satisfies GradientTable<string>;
