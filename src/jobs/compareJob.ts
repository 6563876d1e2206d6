// `decant compare A B`: any two models with the same inputs and outputs, as a report without recipe and steps.

import { savedOrigins } from '../engine/passes/origins';
import { createRuntime } from '../runtime/sessions';
import { sha256OfFiles } from './hashes';
import { requireDims } from './dims';
import type { JobRunner } from './job';
import { measurePair, measureWeights } from './measure';
import { withModels } from './openModel';
import { Phases } from './phases';
import { withData } from './samples';

export const compare: JobRunner<'compare'> = (request, context) =>
  withModels([request.before, request.after], async ([before, after]) => {
    if (before === undefined || after === undefined) throw new Error('compare wants two models');
    requireDims(before.model, request.dims);
    const phases = new Phases(context, [1, ...measureWeights]);
    phases.begin('progress.loadingData');
    return withData(request, before.model, async (data) => {
      const inputs = await sha256OfFiles([request.before, request.after, ...(data?.files ?? [])], context.signal);
      const saved = savedOrigins(after.model);
      return measurePair({
        before, after, inputs,
        // A model that Decant made of this very file says where its nodes came from; others are matched by layer id.
        origins: saved !== undefined && saved.source === inputs[request.before] ? saved.origins : new Map(),
        forms: new Map(),
        touched: new Map(),
        findings: [],
      }, createRuntime(), data, request, context, phases);
    });
  });
