// Fused operators of onnxruntime's own domain, mostly by decomposition into standard ones.

import type { GradientTable } from '../rule';

export const microsoftGradients: GradientTable<string> = {};
