// Finds, for the nodes of one piece of an optimised graph, the original node that each one stands for: of the same
// family, after what feeds it and before what it makes. Where several would do, the node that keeps its name, weights or
// output decides, then the nearest; nodes that stand side by side with nothing to tell them apart stay unmatched.

import { stringAttribute } from '../ir/attributes';
import type { Node } from '../ir/model';
import { type Flow, inputsOf } from './attributionFlow';
import { familyOf, isActivation, isReorder } from './attributionOps';

export interface Match {
  readonly original: Node;
  /** The original nodes that went into the kernel with it: BatchNormalization, the sum of a residual, the activation. */
  readonly absorbed: readonly Node[];
}

export interface Piece {
  /** Nodes of the optimised graph, in execution order. */
  readonly nodes: readonly Node[];
  /** Nodes of the original graph between the piece's known tensors, in execution order. */
  readonly cone: readonly Node[];
}

export function matchPiece(piece: Piece, known: ReadonlySet<string>, flow: Flow): Map<Node, Match> {
  const matches = new Map<Node, Match>();
  const claimed = new Set<Node>();
  /** The original node after which an unknown tensor of the optimised graph lies. */
  const after = new Map<string, Node>();

  for (const node of piece.nodes) {
    const inputs = inputsOf(node);
    const feeding = inputs.map((input) => after.get(input)).filter((from) => from !== undefined);
    const behind = isReorder(node) ? undefined : find(node, feeding, inputs.filter((input) => known.has(input)));
    if (behind !== undefined) {
      const absorbed = absorbedBy(node, behind, claimed, flow);
      matches.set(node, { original: behind, absorbed });
      for (const each of [behind, ...absorbed]) claimed.add(each);
    }
    const position = behind ?? feeding.at(-1);
    if (position !== undefined) for (const output of node.outputs) after.set(output, position);
  }
  return matches;

  function find(node: Node, feeding: readonly Node[], knownInputs: readonly string[]): Node | undefined {
    const family = familyOf(node.opType);
    const outputs = node.outputs.filter((output) => known.has(output));
    const candidates = piece.cone.filter((candidate) => !claimed.has(candidate)
      && familyOf(candidate.opType) === family
      && feeding.every((from) => flow.reaches(from, candidate))
      && knownInputs.every((input) => flow.uses(input, candidate))
      && outputs.every((output) => candidate.outputs.includes(output) || piece.cone.some((end) => end.outputs.includes(output) && flow.reaches(candidate, end))));
    const [nearest, ...others] = candidates;
    if (nearest === undefined || others.length === 0) return nearest;
    const hinted = candidates.filter((candidate) => hints(node, candidate, flow));
    if (hinted.length === 1) return hinted[0];
    return others.every((other) => flow.reaches(nearest, other)) ? nearest : undefined;
  }
}

/** What onnxruntime leaves of an original node: its name, a weight under its name, or its output as `<output>_nchwc`. */
function hints(node: Node, candidate: Node, flow: Flow): boolean {
  if (candidate.name !== '' && candidate.name === node.name) return true;
  if (candidate.inputs.slice(1).some((input) => input !== '' && node.inputs.slice(1).includes(input))) return true;
  const output = /^(.*)_nchwc(?:_token_\d+)?$/.exec(node.name)?.[1];
  if (output === undefined) return false;
  // The name is that of the output before sums were fused, after BatchNormalization was folded.
  for (let at: Node | undefined = candidate, steps = 0; at !== undefined && steps < 4; at = flow.only(at), steps++) {
    if (at.outputs.includes(output)) return true;
    if (at !== candidate && familyOf(at.opType) === familyOf(candidate.opType)) return false;
  }
  return false;
}

/** Follows the chain behind a matched node as far as the kernel's own form says that it goes. */
function absorbedBy(node: Node, original: Node, claimed: ReadonlySet<Node>, flow: Flow): Node[] {
  // Conv of the domains nchwc and com.microsoft: (X, W, B, Sum) and an attribute `activation`.
  const hasSum = familyOf(node.opType) === 'Conv' && node.opType !== 'QLinearConv' && (node.inputs[3] ?? '') !== '';
  const hasActivation = stringAttribute(node, 'activation', '') !== '';
  const wanted = [
    { is: (at: Node) => at.opType === 'BatchNormalization' },
    ...(hasSum ? [{ is: (at: Node) => familyOf(at.opType) === 'Add' }] : []),
    ...(hasActivation ? [{ is: isActivation }] : []),
  ];
  const absorbed: Node[] = [];
  let next = flow.only(original);
  for (const { is } of wanted) {
    if (next === undefined || claimed.has(next) || !is(next)) continue;
    absorbed.push(next);
    next = flow.only(next);
  }
  return absorbed;
}
