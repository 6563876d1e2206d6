// The one door to onnxruntime-node. Loading it maps 45 MB of native code, so it is loaded in the forked child only
// (design.md, "The house").
//
// It blocks: `create()` and `run()` return promises, but the work happens synchronously inside one `setImmediate`.
// Measured on 2 cores with onnxruntime 1.30 and a 2 ms interval as the witness: creating fashion-resnet18 (11 MB) held
// the event loop for 28 ms, one run of batch 128 for 316 ms, and no timer fired meanwhile. Between two runs the loop
// turns once, so a cancel is seen between runs and never inside one.

// First: what it sets is read while onnxruntime is loaded.
import './noTelemetry';
import * as ort from 'onnxruntime-node';

// onnxruntime prints warnings (fallbacks, unused initializers) on standard error; errors come back as exceptions.
ort.env.logLevel = 'fatal';

export const { InferenceSession, Tensor, listSupportedBackends } = ort;
export type OrtSession = ort.InferenceSession;
export type OrtSessionOptions = ort.InferenceSession.SessionOptions;
export type OrtTensor = ort.Tensor;

export const runtimeVersion = `onnxruntime ${ort.env.versions.node ?? ort.env.versions.common}`;
