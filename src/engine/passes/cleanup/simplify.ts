// Rounds of clean-up rules over every graph of a model, from the main graph inwards, until a round changes nothing. Each
// round infers shapes anew; within it, what a rule learnt of a value stays true.

import { type FormCode, type Said, said } from '../../../protocol/text/index';
import { throwIfAborted } from '../../error';
import { subgraphs } from '../../ir/attributes';
import { cloneModel } from '../../ir/clone';
import { indexGraph } from '../../ir/graphIndex';
import { type FunctionDefinition, type Graph, type Model, opsetOf } from '../../ir/model';
import { inferShapes, type ShapeMap } from '../../ir/shapes/index';
import { makeGraph } from '../../ir/build';
import type { Origins, PassContext, PassOutcome } from '../pass';
import { GraphEditor, type GraphPlace } from './graphEditor';
import type { CleanupRule, RuleContext } from './rule';

/** Rounds after which the pass stops even if rules still find something; real models settle in three to six. */
const MOST_ROUNDS = 30;

export interface Simplified extends PassOutcome {
  /** Edits by the id of the rule that made them. */
  readonly applied: ReadonlyMap<string, number>;
}

export async function simplify(start: Model, rules: readonly CleanupRule[], context: PassContext): Promise<Simplified> {
  const model = cloneModel(start);
  const forms = new Map<string, Said<FormCode>>();
  const run = new Rounds(model, rules, context);
  let origins: Origins = context.origins;
  for (let round = 0, edits = 1; edits > 0 && round < MOST_ROUNDS; round++) {
    context.progress({ activity: 'progress.cleaning', fraction: null });
    const before = run.edits;
    const main = await run.round(origins);
    origins = main.origins;
    for (const [layer, form] of main.forms) forms.set(layer, form);
    edits = run.edits - before;
  }
  const left = new Set([...origins.values()].flat());
  // Layers that no node comes from any more are removed; those that joined another are merged.
  for (const layer of new Set([...context.origins.values()].flat())) if (!left.has(layer)) forms.set(layer, said('form.removed'));
  return { model, origins, forms, findings: [], applied: run.applied };
}

/** How far from the main graph a rule goes. */
const reach = { main: 0, bodies: 1, functions: 2 };

class Rounds {
  readonly applied = new Map<string, number>();

  constructor(private readonly model: Model, private readonly rules: readonly CleanupRule[], private readonly context: PassContext) {}

  get edits(): number {
    return [...this.applied.values()].reduce((sum, count) => sum + count, 0);
  }

  /** One round over all graphs; gives the editor of the main graph, written back. */
  async round(origins: Origins): Promise<GraphEditor> {
    const { model } = this;
    // From the inputs alone: inner shapes that a file states may be left over from an export with other sizes.
    const shapes = await inferShapes(model, { inputShapes: {} });
    const index = indexGraph(model.graph);
    const freeName = (wanted: string): string => index.uniqueName(wanted);
    const typeOf: RuleContext['typeOf'] = (value) => shapes.tensors.get(value);
    const main = await this.graph({ model, graph: model.graph, origins, freeName }, typeOf, 'main');
    await this.bodies(main, shapes, typeOf);
    for (const definition of model.functions) await this.functionBody(definition);
    return main;
  }

  private async graph(place: GraphPlace, typeOf: RuleContext['typeOf'], where: keyof typeof reach, opset = opsetOf(this.model) ?? 0): Promise<GraphEditor> {
    const { runtime, signal } = this.context;
    const editor = new GraphEditor(place);
    for (const rule of this.rules) {
      if (reach[rule.where ?? 'bodies'] < reach[where]) continue;
      throwIfAborted(signal);
      const edits = await rule.apply(editor, { runtime, signal, typeOf, opset });
      if (edits > 0) this.applied.set(rule.id, (this.applied.get(rule.id) ?? 0) + edits);
    }
    editor.commit();
    return editor;
  }

  private async bodies(outer: GraphEditor, shapes: ShapeMap, typeOfOuter: RuleContext['typeOf']): Promise<void> {
    const { model, freeName } = outer;
    for (const graph of outer.graph.nodes.flatMap(subgraphs).map((found) => found.graph)) {
      const own = shapes.bodies.get(graph);
      const typeOf: RuleContext['typeOf'] = (value) => own?.get(value) ?? typeOfOuter(value);
      const editor = await this.graph({ model, graph, origins: new Map(), freeName, outer }, typeOf, 'bodies');
      await this.bodies(editor, shapes, typeOf);
    }
  }

  /** A function has no initializers and its attributes may come from the caller: only rules about structure apply. */
  private async functionBody(definition: FunctionDefinition): Promise<void> {
    const named = (name: string): { readonly name: string } => ({ name });
    const graph: Graph = makeGraph({ nodes: definition.nodes, inputs: definition.inputs.map(named), outputs: definition.outputs.map(named) });
    const index = indexGraph(graph);
    const place = { model: this.model, graph, origins: new Map(), freeName: (wanted: string): string => index.uniqueName(wanted) };
    await this.graph(place, () => undefined, 'functions', opsetOf(definition) ?? 0);
    definition.nodes = graph.nodes;
  }
}
