// `decant evaluate`: the metric of a model on a split, with the paired difference to a baseline where one is named.

import { EngineError } from '../engine/error';
import { createRuntime } from '../runtime/sessions';
import { evaluateModels } from './evaluation';
import { requireDims } from './dims';
import type { JobRunner } from './job';
import { withModels } from './openModel';
import { Phases } from './phases';
import { requireData, withData } from './samples';

export const evaluate: JobRunner<'evaluate'> = (request, context) =>
  withModels(request.baseline === undefined ? [request.model] : [request.baseline, request.model], async (opened) => {
    const [first] = opened;
    if (first === undefined) throw new EngineError('internal', { activity: 'progress.evaluating', reason: 'no model' });
    requireDims(first.model, request.dims);
    const phases = new Phases(context, [1, 20]);
    phases.begin('progress.loadingData');
    return withData(request, first.model, async (data) => {
      const phase = phases.begin('progress.evaluating');
      const began = performance.now();
      const { metric, higherIsBetter, split, samples, values, delta, agreement } = await evaluateModels(
        createRuntime(), opened.map(({ model }) => model), requireData(data, 'evaluate'), request, context.signal, (fraction) => phase.report(fraction));
      const [baseline = NaN] = values;
      return {
        version: 1,
        metric: { name: metric, value: values.at(-1) ?? NaN, higherIsBetter },
        split,
        samples,
        seconds: (performance.now() - began) / 1000,
        ...(delta && { baseline: { value: baseline }, delta }),
        ...(agreement !== undefined && Number.isFinite(agreement) && { agreement }),
        findings: [],
      };
    });
  });
