// Reverse-mode differentiation: an ONNX graph with a scalar loss becomes the same graph with the gradient's nodes behind
// it. Rules are in table.ts; nothing is run here. (Griewank and Walther 2008, "Evaluating Derivatives", chapter 3.)

import { EngineError } from '../../error';
import { cloneModel } from '../../ir/clone';
import { topologicalOrder } from '../../ir/graphIndex';
import { inlineFunctions } from '../../ir/inlineFunctions';
import { elementCount, isDefaultDomain, type Model, type Node, nodeLabel, opsetOf } from '../../ir/model';
import { convertOpset } from '../../ir/opsetConversion';
import { inferShapes, type ShapeMap } from '../../ir/shapes/index';
import { GraphBuilder } from '../graphBuilder';
import { readConstants } from './constants';
import { gradientPath, type GradientPath } from './path';
import type { Facts, ForwardContext, RuleContext } from './rule';
import { sumOfProducts } from './sumOfProducts';
import { gradientOf } from './table';

/** Rules are written for the forms that operators have from this opset on; older models are converted first. */
export const TRAINING_OPSET = 21;

export interface Differentiated {
  /** The forward graph, then the nodes of the gradient; inputs and outputs are those of the given model. */
  readonly model: Model;
  /** The tensor that holds dL/dt, by t; tensors on which the loss does not depend are missing. */
  readonly gradients: ReadonlyMap<string, string>;
}

/**
 * Appends the gradient of `loss` (one element) with respect to the tensors `by`: initializers, inputs or inner values.
 * Every shape on the way must be concrete: fix open dimensions of the inputs first.
 *
 * @throws EngineError `noGradient` naming the first operator on the way without a rule, `gradientFormUnsupported`,
 * `gradientShapeUnknown`, `lossNotScalar`, `parametersDetached` when the loss depends on none of `by`.
 */
export async function differentiate(model: Model, loss: string, by: readonly string[]): Promise<Differentiated> {
  const converted = await convertOpset(inlineFunctions(model), TRAINING_OPSET);
  const output = cloneModel(converted.model);
  output.graph.nodes = topologicalOrder(output.graph);
  const builder = new GraphBuilder(output.graph);
  const { forward, path } = await rewriteForward(output, loss, by, builder);
  if (!by.some((tensor) => path.tensors.has(tensor))) throw new EngineError('parametersDetached', { output: loss });
  const lossShape = forward.facts(loss).shape;
  if (elementCount(lossShape) !== 1) throw new EngineError('lossNotScalar', { tensor: loss, shape: lossShape.join(', ') });

  const gradients = new Gradients(builder);
  gradients.add(loss, builder.filled(lossShape, 1, forward.facts(loss).type));
  for (const node of [...path.nodes].reverse()) backward(node, gradients, forward, path);
  const found = by.flatMap((tensor): [string, string][] => {
    const gradient = gradients.of(tensor);
    return gradient === undefined ? [] : [[tensor, gradient]];
  });
  return { model: output, gradients: new Map(found) };
}

/** Gradients collected so far, one or more contributions a tensor. */
class Gradients {
  private readonly parts = new Map<string, [string, ...string[]]>();

  constructor(private readonly builder: GraphBuilder) {}

  add(tensor: string, gradient: string): void {
    const parts = this.parts.get(tensor);
    if (parts === undefined) this.parts.set(tensor, [gradient]);
    else parts.push(gradient);
  }

  /** The sum of what came together; ask only when every user of the tensor is done. */
  of(tensor: string): string | undefined {
    const parts = this.parts.get(tensor);
    if (parts === undefined) return undefined;
    const total = sumOfProducts(this.builder, parts) ?? this.builder.sum(parts);
    this.parts.set(tensor, [total]);
    return total;
  }
}

/** What rules ask about forward tensors. */
export class Forward {
  constructor(
    private readonly model: Model,
    private readonly shapes: ShapeMap,
    private readonly constants: ReadonlyMap<string, readonly number[]>,
    private readonly builder: GraphBuilder,
  ) {}

  facts(tensor: string, node?: Node): Facts {
    const known = this.shapes.tensors.get(tensor);
    const shape = known?.shape;
    if (known === undefined || shape === null || shape === undefined || known.type === 'undefined' || !shape.every((dim) => typeof dim === 'number')) {
      throw new EngineError('gradientShapeUnknown', { tensor, node: node === undefined ? '' : nodeLabel(node), op: node?.opType ?? '' });
    }
    return { type: known.type, shape };
  }

  context(node: Node): ForwardContext {
    return {
      node,
      opset: opsetOf(this.model, isDefaultDomain(node.domain) ? '' : node.domain) ?? 1,
      build: this.builder,
      facts: (tensor) => this.facts(tensor, node),
      input: (position) => node.inputs[position] || undefined,
      elements: (tensor) => (tensor === undefined ? undefined : this.elements(tensor)),
      refuse: (form) => {
        throw new EngineError('gradientFormUnsupported', { node: nodeLabel(node), op: node.opType, form }, { node: nodeLabel(node) });
      },
    };
  }

  private elements(tensor: string): readonly number[] | undefined {
    const constant = this.constants.get(tensor);
    if (constant !== undefined) return constant;
    const value = this.shapes.tensors.get(tensor)?.value;
    return value?.every((dim) => typeof dim === 'number') === true ? value : undefined;
  }
}

/** Replaces operators that are differentiated by decomposition until none is left; refuses those without a rule. */
async function rewriteForward(model: Model, loss: string, by: readonly string[], builder: GraphBuilder): Promise<{ readonly forward: Forward; readonly path: GradientPath }> {
  for (;;) {
    const shapes = await inferShapes(model);
    const path = gradientPath(model.graph.nodes, loss, by, shapes);
    for (const node of path.nodes) if (gradientOf(node).kind === 'refused') throw noGradient(node, model);
    const forward = new Forward(model, shapes, await readConstants(model.graph, new Set(by)), builder);
    if (![...path.nodes].some((node) => gradientOf(node).kind === 'rewrite')) return { forward, path };
    const nodes: Node[] = [];
    for (const node of model.graph.nodes) {
      const entry = gradientOf(node);
      if (entry.kind === 'rewrite' && path.nodes.has(node)) nodes.push(...rewritten(node, builder, () => entry.rewrite(forward.context(node))));
      else nodes.push(node);
    }
    // In place: the builder appends to this array.
    model.graph.nodes.splice(0, Infinity, ...nodes);
  }
}

/** The nodes that `write` makes, with the results under the names of the replaced node's outputs. */
export function rewritten(node: Node, builder: GraphBuilder, write: () => readonly string[]): Node[] {
  const made: Node[] = [];
  const results = builder.collect(made, write);
  const renamed = new Map<string, string>();
  const produced = new Set(made.flatMap((inner) => inner.outputs));
  node.outputs.forEach((output, position) => {
    const result = results[position];
    if (output === '' || result === undefined) return;
    if (produced.has(result) && !renamed.has(result)) renamed.set(result, output);
    else builder.collect(made, () => builder.named('Identity', [renamed.get(result) ?? result], [output]));
  });
  for (const inner of made) {
    inner.inputs = inner.inputs.map((name) => renamed.get(name) ?? name);
    inner.outputs = inner.outputs.map((name) => renamed.get(name) ?? name);
  }
  return made;
}

function backward(node: Node, gradients: Gradients, forward: Forward, path: GradientPath): void {
  const entry = gradientOf(node);
  const ofOutputs = node.outputs.map((output) => (output === '' ? undefined : gradients.of(output)));
  const gradient = ofOutputs.find((name) => name !== undefined);
  if (entry.kind !== 'rule' || gradient === undefined) return;
  const context: RuleContext = {
    ...forward.context(node),
    gradients: ofOutputs,
    gradient,
    needs: (position) => path.tensors.has(node.inputs[position] ?? ''),
  };
  const results = entry.rule(context);
  node.inputs.forEach((input, position) => {
    const result = results[position];
    if (result !== undefined && path.tensors.has(input)) gradients.add(input, result);
  });
}

function noGradient(node: Node, model: Model): EngineError {
  const domain = isDefaultDomain(node.domain) ? '' : node.domain;
  return new EngineError('noGradient', {
    node: nodeLabel(node), op: domain === '' ? node.opType : `${domain}.${node.opType}`, opset: opsetOf(model, domain) ?? 0,
  }, { node: nodeLabel(node) });
}
