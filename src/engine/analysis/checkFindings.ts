// The checker's problems as findings of `inspect`: one a rule, at the first place, with the number of the others.

import type { Finding } from '../../protocol/report';
import { said } from '../../protocol/text/index';
import { checkModel } from '../ir/check/check';
import type { Problem } from '../ir/check/problem';
import type { Model } from '../ir/model';
import type { ShapeMap } from '../ir/shapes/index';

/** Problems that another tool may stumble over; what onnxruntime accepts is a warning. Shapes have findings of their own. */
export async function checkFindings(model: Model, shapes: ShapeMap): Promise<Finding[]> {
  const byRule = new Map<string, Problem[]>();
  for (const problem of await checkModel(model, { mode: 'lenient', shapes })) {
    if (problem.severity === 'info' || problem.rule === 'check.contradictsStored') continue;
    const same = byRule.get(problem.rule);
    if (same === undefined) byRule.set(problem.rule, [problem]);
    else same.push(problem);
  }
  return [...byRule.values()].flatMap(([first, ...others]) => (first === undefined ? [] : [finding(first, others.length)]));
}

function finding({ rule, severity, params, node }: Problem, others: number): Finding {
  if (node === undefined) return { severity, ...said('finding.invalidModel', { ...params, rule }) };
  return { severity, ...said(others === 0 ? 'finding.invalidNodeOnce' : 'finding.invalidNode', { ...params, rule, others }), node };
}
