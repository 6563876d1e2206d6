// The pass `quantize.dynamic`: 8-bit weights, activations quantized while the model runs, so that no data are needed. In
// standard operators; what is taken is in dynamicPlan.ts, how it is written in dynamicRewrite.ts.

import { Type } from '@sinclair/typebox';
import type { Finding } from '../../../protocol/report';
import { type FormCode, type Said, said } from '../../../protocol/text/index';
import { EngineError, throwIfAborted } from '../../error';
import { cloneModel } from '../../ir/clone';
import { type Model, nodeLabel, opsetOf } from '../../ir/model';
import { choice, flag, layerPatterns } from '../optionTypes';
import type { Origins, Pass, PassContext, PassOutcome } from '../pass';
import { type DynamicPlan, planDynamic } from './dynamicPlan';
import { type DynamicSettings, rewriteDynamic } from './dynamicRewrite';
import { ignoredLayers, layersOf } from './ignore';
import { refuseQuantized } from './quantized';

const options = Type.Object({
  weights: choice(['auto', 's8', 'u8'], { advanced: true }),
  perChannel: flag(true, { advanced: true }),
  ignore: layerPatterns(),
});

/** DynamicQuantizeLinear came with opset 11; from 13 on all passes speak the same forms of Squeeze, ReduceSum and so on. */
const NEEDED_OPSET = 13;

export const quantizeDynamic: Pass<typeof options> = {
  id: 'quantize.dynamic',
  data: 'none',
  suffix: 'int8',
  refuses: ['finding.quantized'],
  options,
  async run(model, { weights, perChannel, ignore }, context) {
    refuseQuantized(model);
    const ignored = ignoredLayers(model.graph, context.origins, ignore);
    const cleaned = await prepare(model, context);
    const output = cloneModel(cleaned.model);
    const plan = planDynamic(output, {
      isIgnored: (node) => layersOf(node, cleaned.origins).some((layer) => ignored.has(layer)),
      signedConv: weights === 's8',
    });
    if (plan.layers.length === 0) throw new EngineError('nothingToQuantize');
    // u8 by u8 products are summed in 32 bits everywhere; only u8 by s8 saturates without VNNI.
    const settings: DynamicSettings = {
      matMulWeights: weights === 'u8' ? 'uint8' : 'int8',
      perChannel,
      reduced: !context.target.wideAccumulation,
    };
    const forms = new Map([...cleaned.forms, ...formsOf(plan, settings, cleaned.origins)]);
    const origins = await rewriteDynamic(output, plan.layers, settings, cleaned.origins, ({ node }, done) => {
      throwIfAborted(context.signal);
      context.progress({ activity: 'progress.quantizing', fraction: done / plan.layers.length, layer: layersOf(node, cleaned.origins)[0] ?? '' });
    });
    return { model: output, origins, forms, findings: [...cleaned.findings, ...findingsOf(plan, cleaned.origins)] };
  },
};

/**
 * Folded BatchNormalization, constants as initializers, and an opset that has the integer operators. Attention in one
 * piece would hide its MatMuls; what quantization costs is measured at the end, so that nothing is verified here.
 */
function prepare(model: Model, context: PassContext): Promise<PassOutcome> {
  return context.apply('cleanup', model, { rules: ['fuseAttention'], verify: false, ...((opsetOf(model) ?? 0) < NEEDED_OPSET ? { opset: NEEDED_OPSET } : {}) });
}

function formsOf({ layers, kept }: DynamicPlan, { perChannel }: DynamicSettings, origins: Origins): [string, Said<FormCode>][] {
  const quantized = layers.flatMap(({ node, kind }) => {
    const code = kind !== 'table' ? 'form.int8Dynamic' : perChannel ? 'form.int8Rows' : 'form.int8PerTensor';
    return layersOf(node, origins).map((layer): [string, Said<FormCode>] => [layer, said(code)]);
  });
  const float = kept.flatMap(({ node }) => layersOf(node, origins).map((layer): [string, Said<FormCode>] => [layer, said('form.float')]));
  return [...float, ...quantized];
}

function findingsOf({ kept }: DynamicPlan, origins: Origins): Finding[] {
  return kept.map(({ node, why }) => ({
    severity: 'info',
    node: nodeLabel(node),
    ...said('finding.layerKeptFloat', { layer: layersOf(node, origins)[0] ?? nodeLabel(node), why }),
  }));
}
