// The pass `cleanup`: rounds of the rules in rules.ts until nothing changes, after an opset conversion where one is asked
// for. Outputs stay equal, and without a conversion the file never grows.

import { Type } from '@sinclair/typebox';
import { said } from '../../../protocol/text/index';
import { throwIfAborted } from '../../error';
import { encodedLength } from '../../ir/codec';
import type { Model } from '../../ir/model';
import { convertOpset, NEWEST_OPSET, OLDEST_OPSET } from '../../ir/opsetConversion';
import { inferShapes } from '../../ir/shapes/index';
import type { Origins, Pass, PassContext, PassOutcome } from '../pass';
import { GraphEditor } from './graphEditor';
import type { CleanupRule } from './rule';
import { cleanupRules, ruleIds } from './rules';
import { foldConstants, foldConstantsStrictly } from './rules/foldConstants';

const options = Type.Object({
  rules: Type.Unsafe<readonly string[]>({ type: 'array', items: { type: 'string', enum: ruleIds }, default: [], uniqueItems: true }),
  opset: Type.Optional(Type.Integer({ minimum: OLDEST_OPSET, maximum: NEWEST_OPSET })),
});

/** Rounds after which the pass stops even if rules still find something; real models settle in three to six. */
const MOST_ROUNDS = 20;

export const cleanup: Pass<typeof options> = {
  id: 'cleanup',
  data: 'none',
  suffix: 'clean',
  options,
  async run(model, { rules: leftOut, opset }, context) {
    const rules = cleanupRules.filter((rule) => !leftOut.includes(rule.id));
    const start = await atOpset(model, opset, context.origins);
    const outcome = await simplify(start.model, rules, { ...context, origins: start.origins });
    if (encodedLength(outcome.model) <= encodedLength(start.model)) return outcome;
    const strict = rules.map((rule) => (rule === foldConstants ? foldConstantsStrictly : rule));
    return simplify(start.model, strict, { ...context, origins: start.origins });
  },
};

async function atOpset(model: Model, opset: number | undefined, origins: Origins): Promise<{ readonly model: Model; readonly origins: Origins }> {
  if (opset === undefined) return { model, origins };
  const conversion = await convertOpset(model, opset);
  const added = [...conversion.added].map(([node, cause]) => [node, origins.get(cause) ?? []] as const);
  return { model: conversion.model, origins: new Map([...origins, ...added]) };
}

async function simplify(model: Model, rules: readonly CleanupRule[], context: PassContext): Promise<PassOutcome> {
  const editor = new GraphEditor(model, context.origins);
  for (let round = 0, edits = 1; edits > 0 && round < MOST_ROUNDS; round++) {
    context.progress({ activity: 'progress.cleaning', fraction: null });
    // From the inputs alone: inner shapes that a file states may be left over from an export with other sizes.
    const { tensors } = await inferShapes(editor.commit(), { inputShapes: {} });
    const typeOf = (value: string): ReturnType<typeof tensors.get> => tensors.get(value);
    edits = 0;
    for (const rule of rules) {
      throwIfAborted(context.signal);
      edits += await rule.apply(editor, { runtime: context.runtime, signal: context.signal, typeOf });
    }
  }
  return { model: editor.commit(), origins: editor.origins, forms: formsOf(editor, context), findings: [] };
}

/** Layers that no node comes from any more are removed; those that joined another are merged. */
function formsOf(editor: GraphEditor, context: PassContext): PassOutcome['forms'] {
  const forms = new Map(editor.forms);
  const left = new Set([...editor.origins.values()].flat());
  for (const layer of new Set([...context.origins.values()].flat())) {
    if (!left.has(layer)) forms.set(layer, said('form.removed'));
  }
  return forms;
}
