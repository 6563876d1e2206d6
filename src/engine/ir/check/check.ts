// The checker: tells where a model breaks the rules of ONNX, in the sense of onnx.checker.check_model(full_check=True).
// It changes nothing, reads no weights, and knows no sessions: a valid model may still be one that no provider runs.

import type { CheckCode } from '../../../protocol/text/index';
import { EngineError } from '../../error';
import { elementCount, type Model, type Node, nodeLabel, type SparseTensor } from '../model';
import { inferShapes, type ShapeMap } from '../shapes/index';
import { readTensor } from '../tensors';
import { type ModelParts, partsOf } from './parts';
import type { Problem } from './problem';
import type { Breach, Rule, SiteKind, Sites } from './rule';
import { domainName } from './rules/model';
import { rulesOn } from './rules';
import { isWhole } from './rules/tensors';
import type { NodeSite } from './site';
import { typedSites } from './typedSite';
import { walk, walkNode, walkNodes } from './walk';

export interface CheckOptions {
  /**
   * `strict` (default): as onnx.checker. `lenient`: breaches that onnxruntime accepts are warnings, for files as the world
   * writes them: nodes out of order, outputs without shape, operators that only onnxruntime has.
   */
  readonly mode?: 'strict' | 'lenient';
  /** Types and shapes where they are inferred already; else they are inferred here. */
  readonly shapes?: ShapeMap;
}

/** Problems told of one rule at most. */
const MOST_PROBLEMS = 1000;

/**
 * Problems of a model, in the order of the file. Types are checked only where the structure has no errors.
 *
 * @throws EngineError when the indices of a sparse tensor or a small tensor cannot be read from disk.
 */
export async function checkModel(model: Model, options: CheckOptions = {}): Promise<Problem[]> {
  const problems: Problem[] = [];
  const told = new Map<CheckCode, number>();
  const run = <Kind extends SiteKind>(kind: Kind, site: Sites[Kind], at: NodeSite | undefined): void => {
    for (const one of rulesOn(kind)) {
      for (const found of one.check(site)) {
        const count = told.get(one.id) ?? 0;
        told.set(one.id, count + 1);
        if (count < MOST_PROBLEMS) problems.push(problem(one, found, kind, site, at, options));
      }
    }
  };
  const parts = partsOf(model);
  walk(model, parts, await sparseIndices(parts), run);
  if (problems.some(({ severity }) => severity === 'error')) return problems;

  const shapes = options.shapes ?? await inferShapes(model);
  const typed = typedSites(shapes);
  walkNodes(model, (kind, _site, at) => {
    if (kind !== 'node' || at === undefined || at.body.graph === undefined) return;
    run('typedNode', typed(at), at);
  });
  return problems;
}

/** Errors that a node (with its subgraphs) would have at the end of the main graph; types and tensors are not looked at. */
export function checkNode(model: Model, node: Node): Problem[] {
  const problems: Problem[] = [];
  walkNode(model, node, (kind, site, at) => {
    for (const one of rulesOn(kind)) for (const found of one.check(site)) problems.push(problem(one, found, kind, site, at, {}));
  });
  return problems.filter(({ severity }) => severity === 'error');
}

/**
 * Refuses a model that others would refuse (mode `lenient`), for what is not wrong with the model it was made from.
 *
 * @throws EngineError `invalidResult`; `pass` says which pass made the model.
 */
export async function requireValid(model: Model, pass: string, from: Model): Promise<void> {
  const isError = ({ severity }: Problem): boolean => severity === 'error';
  const errors = (await checkModel(model, { mode: 'lenient' })).filter(isError);
  if (errors.length === 0) return;
  const before = new Set((await checkModel(from, { mode: 'lenient' })).filter(isError).map(({ rule }) => rule));
  const first = errors.find(({ rule }) => !before.has(rule));
  if (first === undefined) return;
  const { node = '', op = '', opset = '', ...params } = first.params;
  throw new EngineError('invalidResult', { ...params, pass, node, op, opset, rule: first.rule }, first.node === undefined ? {} : { node: first.node });
}

/** Indices beyond this many are not read: real sparse weights are far smaller. */
const MAX_INDICES = 1 << 22;

async function sparseIndices({ sparseTensors }: ModelParts): Promise<ReadonlyMap<SparseTensor, ArrayLike<bigint>>> {
  const read = new Map<SparseTensor, ArrayLike<bigint>>();
  for (const sparse of sparseTensors) {
    const { indices } = sparse;
    if (indices.type !== 'int64' || elementCount(indices.dims) > MAX_INDICES || !isWhole(indices)) continue;
    const { data } = await readTensor(indices);
    if (data instanceof BigInt64Array) read.set(sparse, data);
  }
  return read;
}

function problem(one: Rule, found: Breach, kind: SiteKind, site: Sites[SiteKind], at: NodeSite | undefined, { mode = 'strict' }: CheckOptions): Problem {
  const doubtful = one.accepted === true || (one.bySchema === true && at?.schema?.definedBy === 'onnxruntime');
  const severity = one.severity === 'error' && mode === 'lenient' && doubtful ? 'warning' : one.severity;
  const node = found.at ?? at?.node;
  const place = node === undefined ? {} : { node: nodeLabel(node), op: node.opType, domain: domainName(node.domain), opset: at?.opset ?? '?' };
  const functionName = kind === 'function' ? { function: (site as Sites['function']).definition.name } : {};
  return { rule: one.id, severity, params: { ...place, ...functionName, ...found.params }, ...(node !== undefined && { node: nodeLabel(node) }) };
}
