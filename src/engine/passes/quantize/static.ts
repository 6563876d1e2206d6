// The pass `quantize.static`: 8-bit weights and activations as QuantizeLinear/DequantizeLinear pairs or as integer operators,
// ranges measured on calibration samples. The steps are in the files it calls: plan (what), calibrate and ranges (scales),
// rewrite (pairs), qoperator (integer operators in place of pairs).

import { type FormCode, said } from '../../../protocol/text/index';
import type { Finding } from '../../../protocol/report';
import { type Dataset, type Split, requireSplit } from '../../data/dataset';
import { EngineError, throwIfAborted } from '../../error';
import { cloneModel } from '../../ir/clone';
import { indexGraph } from '../../ir/graphIndex';
import { type Model, type Node, nodeLabel, opsetOf } from '../../ir/model';
import { inferShapes } from '../../ir/shapes/index';
import type { Origins, Pass, PassContext, PassOutcome } from '../pass';
import type { Affine } from './affine';
import { calibrate } from './calibrate';
import { ignoredLayers, layersOf } from './ignore';
import { joinMatMulBias } from './matmulBias';
import { type Observers, observed } from './observers';
import { type StaticSettings, settingsOf, staticOptions, staticPassId } from './options';
import { parameterWriter } from './parameters';
import { type Plan, planQuantization } from './plan';
import { writeIntegerOperators } from './qoperator/integerOperators';
import { refuseQuantized } from './quantized';
import { affineFor, affineOf } from './ranges';
import { writePlan } from './rewrite';
import { graphScope } from './scope';

/** QuantizeLinear and DequantizeLinear have `axis` from opset 13 (ONNX 1.8, IR version 7). */
const neededOpset = 13;
const neededIrVersion = 7;

export const quantizeStatic: Pass<typeof staticOptions> = {
  id: staticPassId,
  data: 'required',
  suffix: 'int8',
  refuses: ['finding.quantized'],
  options: staticOptions,
  async run(model, options, context) {
    const settings = settingsOf(options, context.target);
    refuseQuantized(model);
    const split = calibrationSplit(context.data);
    const ignored = ignoredLayers(model.graph, context.origins, settings.ignore);
    const cleaned = await prepare(model, context);

    const output = cloneModel(cleaned.model);
    const index = indexGraph(output.graph);
    const plan = await planQuantization(output, index, {
      isIgnored: (node) => layersOf(node, cleaned.origins).some((layer) => ignored.has(layer)),
      foldClamps: !settings.activations.symmetric,
    });
    if (plan.layers.size === 0) throw new EngineError('nothingToQuantize');

    const observers = await calibrate({
      model: cleaned.model,
      tensors: observedTensors(plan),
      split,
      samples: settings.samples,
      histograms: settings.method.kind !== 'minmax',
    }, context);
    refuseUnseen(observers, index.producer, cleaned.origins);

    // Before the rewrite, which renames outputs: origins are found by them.
    const forms = new Map([...cleaned.forms, ...formsOf(plan, settings, cleaned.origins)]);
    const findings = [...cleaned.findings, ...findingsOf(plan, observers, split, settings, cleaned.origins)];
    const scope = graphScope(index);
    const named = new Set([...index.inputs, ...index.producer.keys()]);
    const pairs = await writePlan({
      index, scope, plan,
      maps: chooseMaps(plan, observers, settings),
      parameters: parameterWriter(scope, { range: settings.weights, perChannel: settings.perChannel }),
      origins: cleaned.origins,
      onLayer(layer, done) {
        throwIfAborted(context.signal);
        context.progress({ activity: 'progress.quantizing', fraction: done / plan.layers.size, layer: layersOf(layer.node, cleaned.origins)[0] ?? '' });
      },
    });
    const origins = settings.format === 'qoperator' ? await writeIntegerOperators({ model: output, scope, origins: pairs, named }) : pairs;
    output.irVersion = Math.max(output.irVersion, neededIrVersion);
    return {
      model: output,
      origins,
      forms,
      findings,
    };
  },
};

/** Attention in one piece hides its MatMuls; what quantization costs is measured at the end, so that nothing is verified here. */
const unfused = { rules: ['fuseAttention'], verify: false };

/** Folded BatchNormalization, constants as initializers, biases in their layers, and an opset that can say `axis`. */
async function prepare(model: Model, context: PassContext): Promise<PassOutcome> {
  const opset = opsetOf(model) ?? 0;
  const cleaned = await context.apply('cleanup', model, { ...unfused, ...(opset < neededOpset ? { opset: neededOpset } : {}) });
  const joined = cloneModel(cleaned.model);
  const { tensors } = await inferShapes(joined);
  return { ...cleaned, model: joined, origins: joinMatMulBias(joined.graph, cleaned.origins, (tensor) => tensors.get(tensor)) };
}

function calibrationSplit(data: Dataset | undefined): Split {
  if (data === undefined) throw new EngineError('dataNeeded', { what: `pass.${staticPassId}` });
  return requireSplit(data, 'train');
}

function observedTensors(plan: Plan): string[] {
  const sources = [...plan.activations.values()].filter((group) => !group.unit).flatMap((group) => group.sources);
  return [...new Set(sources)];
}

/** A tensor without a single finite sample has no range. */
function refuseUnseen(observers: Observers, producer: ReadonlyMap<string, Node>, origins: Origins): void {
  const seen = [...observers.states.values()].some((state) => state.low <= state.high);
  if (seen || observers.tensors.length === 0) return;
  const tensor = observers.notFinite ?? observers.tensors[0] ?? '';
  const maker = producer.get(tensor);
  throw new EngineError('nonFiniteActivation', { tensor, layer: maker === undefined ? tensor : (layersOf(maker, origins)[0] ?? tensor) });
}

function chooseMaps(plan: Plan, observers: Observers, settings: StaticSettings): Map<string, Affine> {
  const maps = new Map<string, Affine>();
  for (const group of new Set(plan.activations.values())) {
    const { range } = settings.activations;
    const map = group.unit
      ? affineOf(0, (range.high - range.low) / (range.high - range.low + 1), settings.activations)
      : affineFor(observed(observers, group.sources), settings.method, settings.activations);
    for (const member of group.members) maps.set(member, map);
  }
  return maps;
}

function formsOf(plan: Plan, settings: StaticSettings, origins: Origins): PassOutcome['forms'] {
  const forms = new Map<string, ReturnType<typeof said<FormCode>>>();
  const set = (node: Node, code: FormCode): void => {
    for (const layer of layersOf(node, origins)) forms.set(layer, said(code));
  };
  for (const node of [...plan.roles.keys(), ...plan.folded.values()]) if (!plan.layers.has(node)) set(node, 'form.int8Activations');
  for (const { node } of plan.kept) set(node, 'form.float');
  const bits = settings.reduced ? 'int7' : 'int8';
  for (const { node } of plan.layers.values()) set(node, `form.${bits}${settings.perChannel ? 'PerChannel' : 'PerTensor'}`);
  return forms;
}

function findingsOf(plan: Plan, observers: Observers, split: Split, settings: StaticSettings, origins: Origins): Finding[] {
  const findings: Finding[] = plan.kept.map(({ node, why }) => ({
    severity: 'info',
    node: nodeLabel(node),
    ...said('finding.layerKeptFloat', { layer: layersOf(node, origins)[0] ?? nodeLabel(node), why }),
  }));
  if (observers.skipped > 0) findings.push({ severity: 'warning', ...said('finding.samplesSkipped', { count: observers.skipped }) });
  // Measured with VNNI: 28 times slower on fashion-resnet18, 6 times on fashion-mobilenetv2 (pairs of int8: 3 and 2 times).
  if (settings.format === 'qoperator' && settings.activations.range.type === 'int8') findings.push({ severity: 'warning', ...said('finding.signedIntegers') });
  if (split.size < settings.samples) {
    findings.push({ severity: 'warning', ...said('finding.fewSamples', { count: split.size, wanted: settings.samples }) });
  }
  return findings;
}
