// The use cases by kind, as the worker runs them. (Stand-ins until each is written.)

import { EngineError } from '../engine/error';
import type { JobRunners } from './job';

function notReady(what: string): () => Promise<never> {
  return () => Promise.reject(new EngineError('notReady', { what }));
}

export const runners: JobRunners = {
  inspect: notReady('inspect'),
  profile: notReady('profile'),
  evaluate: notReady('evaluate'),
  compress: notReady('compress'),
  compare: notReady('compare'),
  providers: notReady('providers'),
  passes: notReady('passes'),
};
