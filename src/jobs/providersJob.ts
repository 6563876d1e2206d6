// `decant providers`: what runs here, what does not, and why.

import { probeProviders } from '../runtime/providers';
import type { JobRunner } from './job';

export const providers: JobRunner<'providers'> = (_request, context) => {
  context.emit({ type: 'progress', progress: { activity: 'progress.probing', fraction: null } });
  return probeProviders({ signal: context.signal });
};
