// The use cases by kind, as the worker runs them. Each is loaded when it is first asked for: `inspect` answers before
// onnxruntime, decoders or passes are in memory.

import type { JobKind } from '../protocol/jobs';
import type { JobRunner, JobRunners } from './job';

function lazily<K extends JobKind>(load: () => Promise<JobRunner<K>>): JobRunner<K> {
  return async (request, context) => (await load())(request, context);
}

export const runners: JobRunners = {
  inspect: lazily(async () => (await import('./inspectJob')).inspect),
  profile: lazily(async () => (await import('./profileJob')).profile),
  evaluate: lazily(async () => (await import('./evaluateJob')).evaluate),
  compress: lazily(async () => (await import('./compressJob')).compress),
  compare: lazily(async () => (await import('./compareJob')).compare),
  providers: lazily(async () => (await import('./providersJob')).providers),
  text: lazily(async () => (await import('./textJob')).text),
  passes: lazily(async () => (await import('./passesJob')).passes),
};
