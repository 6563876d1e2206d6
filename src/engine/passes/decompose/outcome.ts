// What is told of a decomposition: what became of each layer, what is left of the model, what stayed whole and why.

import type { FactorMode, Finding, LayerFactors } from '../../../protocol/report';
import { type FormCode, said, type Said, type TextParams } from '../../../protocol/text/index';
import type { Model } from '../../ir/model';
import { type Costs, leftParams } from '../costs';
import type { Origins, PassOutcome } from '../pass';
import { layersOf } from '../quantize/ignore';
import { factorRefitFindings } from '../refit/findings';
import type { RefitOutcome } from '../refit/refit';
import type { Left } from './choose';
import { methods } from './factors';
import type { LayerFactoring } from './measure/layerTask';
import { methodTable } from './methods/index';
import { drawnValues, type Plan, type PlannedLayer } from './plan';
import type { Decomposable, DecomposableLayer } from './surgery/layers';

/** A layer whose place factors took. */
export interface Factored extends Omit<LayerFactoring, 'factors'> {
  readonly layer: DecomposableLayer;
  readonly plan: PlannedLayer;
  /** How many there are. */
  readonly factors: number;
}

export interface Decomposition {
  readonly plan: Plan;
  readonly found: Decomposable;
  readonly factored: readonly Factored[];
  readonly refit: RefitOutcome | undefined;
  readonly recovery: PassOutcome | undefined;
  readonly model: Model;
  readonly origins: Origins;
  readonly before: Costs;
  readonly after: Costs;
}

/** @param origins of the model before. */
export function outcomeOf({ plan, found, factored, refit, recovery, model, origins: after, ...rest }: Decomposition, origins: Origins): PassOutcome {
  const missed = new Map(refit?.layers.map(({ id, missedAfter }) => [id, missedAfter]));
  const forms = factored.flatMap(({ layer, plan: own }) => layer.nodes.flatMap((node) => layersOf(node, origins)).map((id): [string, Said<FormCode>] => [id, formOf(layer, own)]));
  return {
    model, origins: after,
    forms: new Map([...(recovery?.forms ?? []), ...forms]),
    findings: [
      decomposedFinding(factored, found.layers.length, rest),
      ...plan.findings,
      ...(refit === undefined ? [] : factorRefitFindings(refit)),
      ...leftFindings(plan.left, found, origins),
      ...(recovery?.findings ?? []),
    ],
    factors: factored.map((one): LayerFactors => ({
      layer: nameOf(one.layer.nodes[0], origins), method: one.plan.method, modes: modesOf(one),
      parameters: [one.plan.before.parameters, one.plan.after.parameters],
      macs: one.plan.before.macs === null || one.plan.after.macs === null ? null : [one.plan.before.macs, one.plan.after.macs],
      latency: one.plan.times, weightError: one.weightError, activationError: ratioOfNorms(missed.get(one.layer.id) ?? one.missed),
    })),
    ...(recovery?.training !== undefined && { training: recovery.training }),
  };
}

/** As the error of weights is, of a share of squares. */
function ratioOfNorms(missed: number | undefined): number | null {
  return missed === undefined ? null : Math.sqrt(missed);
}

function nameOf(node: DecomposableLayer['nodes'][number], origins: Origins): string {
  return layersOf(node, origins)[0] ?? '';
}

function modesOf({ layer: { shape }, plan: { method, ranks, spectra }, components }: Factored): readonly FactorMode[] {
  const record = methodTable[method];
  const full = record.fullRanks(shape);
  return record.modes.map((name, mode) => ({
    name, kept: ranks[mode] ?? 0, full: full[mode] ?? 0, values: components === undefined ? spectra[mode] ?? [] : drawnValues(components),
  }));
}

/** `tucker, rank 24 x 32 of 64 x 64`. */
function formOf({ shape }: DecomposableLayer, { method, ranks }: PlannedLayer): Said<FormCode> {
  return said('form.decomposed', { method: `form.method.${method}`, ranks: ranks.join(' x '), full: methodTable[method].fullRanks(shape).join(' x ') });
}

function decomposedFinding(factored: readonly Factored[], total: number, { before, after }: Pick<Decomposition, 'before' | 'after'>): Finding {
  if (factored.length === 0) return { severity: 'warning', ...said('finding.nothingDecomposed', { total }) };
  const counts = methods.map((method) => ({ method, count: factored.filter(({ plan }) => plan.method === method).length })).filter(({ count }) => count > 0);
  // Codes, so that each language has its own words.
  const named = Object.fromEntries(counts.flatMap(({ method, count }, index): [string, string | number][] => [[`method${index + 1}`, `form.method.${method}`], [`count${index + 1}`, count]]));
  return info('finding.decomposed', { layers: factored.length, total, methods: `form.methods.${counts.length}`, ...named, ...leftParams(before, after) });
}

/** Layers that are named where many stay for the same reason. */
const NAMED = 3;

function leftFindings(left: readonly Left[], { refused }: Decomposable, origins: Origins): Finding[] {
  const byOutput = new Map<string, string>([...origins].map(([output, layers]) => [output, layers[0] ?? output]));
  const all: Left[] = [...refused.map(({ node, why }): Left => ({ id: node.outputs[0] ?? '', why, params: {} })), ...left];
  const reasons = [...new Set(all.map(({ why }) => why))];
  return reasons.flatMap((why): Finding[] => {
    const own = all.filter((one) => one.why === why);
    const names = [...new Set(own.map(({ id }) => byOutput.get(id) ?? id))];
    const [first] = own;
    if (names.length === 1 && first !== undefined) return [info('finding.layerNotDecomposed', { ...first.params, layer: names[0] ?? '', why })];
    // What was measured stands behind each name.
    const shown = names.slice(0, NAMED).map((name) => {
      const { before, after } = own.find(({ id }) => (byOutput.get(id) ?? id) === name)?.params ?? {};
      return before === undefined ? name : `${name} (${before} → ${after ?? ''})`;
    });
    return [info('finding.layersNotDecomposed', { count: names.length, layers: `${shown.join(', ')}${names.length > NAMED ? ', …' : ''}`, why: why === 'why.factorsSlower' ? 'why.factorsSlowerAll' : why })];
  });
}

function info(code: Finding['code'], params: TextParams): Finding {
  return { severity: 'info', ...said(code, params) };
}
