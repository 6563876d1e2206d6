// `decant inspect`: structure, layers and cost from the graph alone; no session is made.

import { inspectModel } from '../engine/analysis/inspect';
import { requireDims } from './dims';
import type { JobRunner } from './job';
import { withModel } from './openModel';

export const inspect: JobRunner<'inspect'> = ({ model: path, dims = {} }, context) =>
  withModel(path, ({ model, bytes }) => {
    requireDims(model, dims);
    context.emit({ type: 'progress', progress: { activity: 'progress.inspecting', fraction: null } });
    return inspectModel(model, { path, bytes, dims });
  });
