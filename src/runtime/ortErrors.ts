// Messages of onnxruntime turned into errors of the house. onnxruntime-node throws plain `Error`s without codes, so
// the words of the message are all there is to go by (onnxruntime 1.30).

import { EngineError, errorMessage } from '../engine/error';

const MEMORY = /bad_alloc|failed to allocate memory|out of memory|array buffer allocation failed|BFCArena::AllocateRawInternal/i;
/** onnxruntime refuses the model itself: what it says then, whatever the provider. */
const REJECTED = /protobuf parsing failed|invalid model|is not a registered function|No Op registered|Could not find an implementation|Unsupported model IR version|opset|Type Error|ShapeInferenceError|TypeInferenceError|Unsupported data type|external data|not output of any previous nodes|Load model/i;
const FAILED_NODE = /while running (\S+) node\. Name:'([^']*)' Status Message: (.*)/s;
const NODE_NAMES = [/node with name '([^']*)'/, /In Node, \("([^"]*)"/, /Node \(([^)]*)\)/];

/** An error of `InferenceSession.create` for `file` on `provider`. */
export function createError(error: unknown, file: string, provider: string): EngineError {
  const message = errorMessage(error);
  if (MEMORY.test(message)) return new EngineError('outOfMemory', { activity: 'progress.reading' }, { cause: error });
  const node = NODE_NAMES.map((pattern) => pattern.exec(message)?.[1]).find((name) => name !== undefined && name !== '');
  const options = { cause: error, ...(node === undefined ? {} : { node }) };
  return provider === 'cpu' || REJECTED.test(message)
    ? new EngineError('modelRejected', { file, reason: plain(message) }, options)
    : new EngineError('sessionFailed', { provider, reason: plain(message) }, options);
}

/** An error of `InferenceSession.run`; `place` names the node where onnxruntime says which. */
export function runError(error: unknown, model: string): EngineError {
  const message = errorMessage(error);
  const [, op, name, status] = FAILED_NODE.exec(message) ?? [];
  if (MEMORY.test(message)) {
    return new EngineError('outOfMemory', { activity: 'progress.inference' }, { cause: error, ...(name ? { node: name } : {}) });
  }
  if (op === undefined || status === undefined) return new EngineError('runFailed', { place: model, reason: plain(message) }, { cause: error });
  return new EngineError('runFailed', { place: name ? `${name} (${op})` : op, reason: plain(status) }, { cause: error, ...(name ? { node: name } : {}) });
}

/** The message without source files, C++ signatures, the repeated path and a last full stop: it goes into a sentence. */
function plain(message: string): string {
  return message
    .replace(/^Load model from .*? failed:/, '')
    .replace(/\/\S+\.(cc|h|cpp):\d+\s+.*?\)(?:::<lambda\(\)>)?\s+(?=\S)/g, '')
    .replace(/\s+/g, ' ')
    .replace(/[\s.]+$/, '')
    .trim();
}
