// Infers a case twice and compares with what its data shows: knowing the shapes of its inputs only, and knowing the
// elements of its small inputs too. What the file states about its outputs and inner values is taken away first.

import { cloneModel } from '../../../src/engine/ir/clone';
import { readModel } from '../../../src/engine/ir/codec';
import type { Model } from '../../../src/engine/ir/model';
import { inferShapes, type TensorShape } from '../../../src/engine/ir/shapes/index';
import type { OperatorCase, Shown } from './case';
import { memorySource } from './memorySource';

/** `open`: what is inferred holds, and leaves a type, a rank or a dimension unknown. */
export type Verdict = 'exact' | 'open' | 'wrong';

export interface Judgement {
  readonly name: string;
  /** Operators of the model's own nodes. */
  readonly operators: readonly string[];
  /** Worst of the outputs, with shapes of inputs alone. */
  readonly byShapes: Verdict;
  /** Worst of the outputs, with the elements of small inputs. */
  readonly byValues: Verdict;
  /** The outputs that are not exact, as text. */
  readonly details: readonly string[];
}

export async function judge(subject: OperatorCase): Promise<Judgement> {
  const model = bare(await readModel(memorySource(subject.bytes, subject.name)));
  const byShapes = await judgeRun(model, subject, 'shapes');
  const constant = bare(model);
  for (const [name, tensor] of subject.constants) constant.graph.initializers.set(name, { ...tensor, name });
  const byValues = await judgeRun(constant, subject, 'values');
  return {
    name: subject.name,
    operators: [...new Set(model.graph.nodes.map((node) => (node.domain === '' ? node.opType : `${node.domain}.${node.opType}`)))],
    byShapes: byShapes.verdict,
    byValues: byValues.verdict,
    details: [...byShapes.details, ...byValues.details],
  };
}

function bare(model: Model): Model {
  const clone = cloneModel(model);
  clone.graph.outputs = clone.graph.outputs.map(({ name }) => ({ name }));
  clone.graph.valueInfo.clear();
  return clone;
}

async function judgeRun(model: Model, { shapes, outputs }: OperatorCase, knowing: string): Promise<{ readonly verdict: Verdict; readonly details: readonly string[] }> {
  const { tensors } = await inferShapes(model, { inputShapes: shapes });
  const details: string[] = [];
  let worst: Verdict = 'exact';
  for (const [name, expected] of outputs) {
    const inferred = tensors.get(name) ?? { type: 'undefined', shape: null };
    const verdict = compare(inferred, expected);
    if (verdict === 'exact') continue;
    details.push(`${knowing} ${verdict}: ${name} is ${text(expected)}, inferred ${(inferred.containers ?? []).join(' ')} ${inferred.type} ${shapeText(inferred.shape)}`);
    worst = worst === 'wrong' ? worst : verdict;
  }
  return { verdict: worst, details };
}

export function compare(inferred: TensorShape, expected: Shown): Verdict {
  const { containers, common } = commonOf(expected);
  if (inferred.type === 'undefined' && inferred.shape === null && inferred.containers === undefined) return 'open';
  if ((inferred.containers ?? []).join() !== containers.join()) return 'wrong';
  if (inferred.type !== 'undefined' && inferred.type !== common.type) return 'wrong';
  const known = inferred.type !== 'undefined';
  // An empty sequence shows no shape.
  if (common.shape === undefined) return known ? 'exact' : 'open';
  if (inferred.shape === null) return known && common.shape === null ? 'exact' : 'open';
  if (common.shape === null) return 'wrong';
  const wanted = common.shape;
  if (inferred.shape.length !== wanted.length) return 'wrong';
  const dims = inferred.shape.map((dim, axis): Verdict => (dim === wanted[axis] ? 'exact' : typeof dim === 'number' ? 'wrong' : 'open'));
  return dims.includes('wrong') ? 'wrong' : dims.includes('open') || !known ? 'open' : 'exact';
}

interface Common {
  readonly type: string;
  /** null dimensions differ among the elements; null: the ranks differ; undefined: there are no elements. */
  readonly shape: readonly (number | null)[] | null | undefined;
}

function commonOf(expected: Shown): { readonly containers: readonly string[]; readonly common: Common } {
  switch (expected.kind) {
    case 'tensor': return { containers: [], common: expected };
    case 'optional': {
      const { containers, common } = commonOf(expected.element);
      return { containers: ['optional', ...containers], common };
    }
    case 'sequence': {
      const [first, ...rest] = expected.elements.map(commonOf);
      if (first === undefined) return { containers: ['sequence'], common: { type: expected.type, shape: undefined } };
      const shape = rest.reduce<Common['shape']>((shared, { common }) => shared === null || shared === undefined || common.shape?.length !== shared.length
        ? null : shared.map((dim, axis) => (dim === common.shape?.[axis] ? dim : null)), first.common.shape);
      return { containers: ['sequence', ...first.containers], common: { type: expected.type, shape } };
    }
  }
}

function text(expected: Shown): string {
  switch (expected.kind) {
    case 'tensor': return `${expected.type} ${shapeText(expected.shape)}`;
    case 'optional': return `optional ${text(expected.element)}`;
    case 'sequence': return `sequence of ${expected.elements.map(text).join(', ') || expected.type}`;
  }
}

const shapeText = (shape: TensorShape['shape']): string => (shape === null ? '?' : `[${shape.map((dim) => dim ?? '?').join(', ')}]`);
