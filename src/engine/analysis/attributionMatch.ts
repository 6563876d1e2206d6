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
    const inputs = inputsOf(node).filter((input) => input !== fusedSum(node));
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

/** onnxruntime appends this to a name that is taken. */
const TOKEN = /_token_\d+$/;
const NCHWC = /_nchwc$/;
/** Conv, BatchNormalization and activation: the name in `<output>_nchwc` is that of one of their outputs. */
const CHAIN_LENGTH = 4;

/** What onnxruntime leaves of an original node: its name, a weight under its name, or its output as `<output>_nchwc`. */
function hints(node: Node, candidate: Node, flow: Flow): boolean {
  const weights = flow.weights(candidate);
  if (node.inputs.some((input) => weights.has(input))) return true;
  const name = node.name.replace(TOKEN, '');
  if (!NCHWC.test(name)) return candidate.name !== '' && (candidate.name === node.name || candidate.name === name);
  const output = name.replace(NCHWC, '');
  let at: Node | undefined = candidate;
  for (let steps = 0; at !== undefined && steps < CHAIN_LENGTH; steps++) {
    if (at.outputs.includes(output)) return true;
    at = flow.only(at);
    if (at !== undefined && familyOf(at.opType) === familyOf(candidate.opType)) return false;
  }
  return false;
}

/** What a fused convolution adds to its result: the input `Z` of the Conv of the domains nchwc and com.microsoft. */
function fusedSum(node: Node): string | undefined {
  const fused = node.domain === 'com.microsoft.nchwc' || node.opType === 'FusedConv' || node.opType === 'NhwcFusedConv';
  return fused && node.inputs[3] !== '' ? node.inputs[3] : undefined;
}

/** Follows the chain behind a matched node as far as the kernel's own form says that it goes. */
function absorbedBy(node: Node, original: Node, claimed: ReadonlySet<Node>, flow: Flow): Node[] {
  const hasActivation = stringAttribute(node, 'activation', '') !== '';
  const wanted = [
    { is: (at: Node) => at.opType === 'BatchNormalization' },
    ...(fusedSum(node) !== undefined ? [{ is: (at: Node) => familyOf(at.opType) === 'Add' }] : []),
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
