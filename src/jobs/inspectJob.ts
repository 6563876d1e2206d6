// `decant inspect`: structure, layers and cost from the graph alone; no session is made.

import { inspectModel } from '../engine/analysis/inspect';
import type { JobRunner } from './job';
import { withModel } from './openModel';

export const inspect: JobRunner<'inspect'> = ({ model: path, dims = {} }, context) =>
  withModel(path, ({ model, bytes }) => {
    context.emit({ type: 'progress', progress: { activity: 'progress.inspecting', fraction: null } });
    return inspectModel(model, { path, bytes, dims });
  });
