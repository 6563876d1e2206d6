// The pass `cleanup`: an opset conversion where one is asked for, then rounds of the rules in rules.ts (simplify.ts) until
// nothing changes, then the check that the outputs are equal (verify.ts). Without a conversion the file never grows.

import { Type } from '@sinclair/typebox';
import type { Finding } from '../../../protocol/report';
import { said } from '../../../protocol/text/index';
import { encodedLength } from '../../ir/codec';
import type { Model } from '../../ir/model';
import { convertOpset, NEWEST_OPSET, OLDEST_OPSET } from '../../ir/opsetConversion';
import { flag } from '../optionTypes';
import type { Origins, Pass, PassContext, PassOutcome } from '../pass';
import type { CleanupRule } from './rule';
import { cleanupRules, ruleIds } from './rules';
import { foldConstants, foldConstantsStrictly } from './rules/foldConstants';
import { simplify, type Simplified } from './simplify';
import { type Reference, referenceOutputs } from './verify';

const options = Type.Object({
  rules: Type.Unsafe<readonly string[]>({ type: 'array', items: { type: 'string', enum: ruleIds }, default: [], uniqueItems: true }),
  opset: Type.Optional(Type.Integer({ minimum: OLDEST_OPSET, maximum: NEWEST_OPSET })),
  verify: flag(true, { advanced: true }),
});

export const cleanup: Pass<typeof options> = {
  id: 'cleanup',
  data: 'none',
  suffix: 'clean',
  options,
  async run(model, { rules: leftOut, opset, verify }, context) {
    const rules = cleanupRules.filter((rule) => !leftOut.includes(rule.id));
    const start = await atOpset(model, opset, context);
    const outcome = await simplifySmaller(start.model, rules, start.context);
    if (!verify) return outcome;
    const reference = await referenceOutputs(model, context);
    if ('finding' in reference) return withFindings(outcome, [reference.finding]);
    return verified(start, rules, outcome, reference);
  },
};

interface Start {
  readonly model: Model;
  readonly context: PassContext;
}

async function atOpset(model: Model, opset: number | undefined, context: PassContext): Promise<Start> {
  if (opset === undefined) return { model, context };
  const conversion = await convertOpset(model, opset);
  const added = [...conversion.added].map(([node, cause]) => [node, context.origins.get(cause) ?? []] as const);
  const origins: Origins = new Map([...context.origins, ...added]);
  return { model: conversion.model, context: { ...context, origins } };
}

/** Constants that rules write may be more than the nodes of a tiny model: then it stays as it is. */
async function simplifySmaller(model: Model, rules: readonly CleanupRule[], context: PassContext): Promise<Simplified> {
  const outcome = await simplify(model, rules, context);
  if (encodedLength(outcome.model) <= encodedLength(model)) return outcome;
  const strict = await simplify(model, rules.map((rule) => (rule === foldConstants ? foldConstantsStrictly : rule)), context);
  return encodedLength(strict.model) <= encodedLength(model) ? strict : simplify(model, [], context);
}

/** The outcome without the rules that change an output by more than rounding, each named in a warning. */
async function verified(start: Start, all: readonly CleanupRule[], first: Simplified, reference: Reference): Promise<PassOutcome> {
  const findings: Finding[] = [];
  let [rules, outcome] = [all, first];
  let difference = await reference.difference(outcome.model);
  while (difference.beyond && outcome.applied.size > 0) {
    const culprit = await offender(start, rules, outcome, reference);
    if (culprit === undefined) break;
    findings.push({ ...said('finding.ruleDropped', { rule: `value.rules.${culprit.id}`, id: culprit.id, difference: difference.text }), severity: 'warning' });
    rules = rules.filter((rule) => rule.id !== culprit.id);
    outcome = await simplifySmaller(start.model, rules, start.context);
    difference = await reference.difference(outcome.model);
  }
  const code = difference.beyond ? 'finding.outputsDiffer' : 'finding.outputsEqual';
  const last: Finding = { ...said(code, { difference: difference.text, inputs: `finding.inputs.${reference.inputs}` }), severity: difference.beyond ? 'warning' : 'info' };
  return withFindings(outcome, [...findings, last]);
}

/** The first rule of the table with which the outputs differ, found by halving; undefined when they differ without any. */
async function offender(start: Start, rules: readonly CleanupRule[], outcome: Simplified, reference: Reference): Promise<CleanupRule | undefined> {
  const suspects = rules.filter((rule) => outcome.applied.has(rule.id));
  const differsWith = async (count: number): Promise<boolean> =>
    (await reference.difference((await simplifySmaller(start.model, suspects.slice(0, count), start.context)).model)).beyond;
  if (await differsWith(0)) return undefined;
  let [equal, different] = [0, suspects.length];
  while (different - equal > 1) {
    const middle = (equal + different) >> 1;
    if (await differsWith(middle)) different = middle;
    else equal = middle;
  }
  return suspects[different - 1];
}

function withFindings(outcome: PassOutcome, findings: readonly Finding[]): PassOutcome {
  return { ...outcome, findings: [...outcome.findings, ...findings] };
}
