// The training graph: forward pass, losses, gradient and optimiser as one inference model whose weights go in and come
// out. For accumulation it is cut in two: one graph adds up gradients, the other takes the step (updateGraph.ts).
//
// Inputs: those of the model; `train/labels`, `train/oneHot` and `train/teacher/<tensor>` where losses want them;
// `state/<vector>` as listed in `state`; scalars of rank 0 (`scalars`). Outputs: `next/<vector>`, and `train/report`:
// [total loss, each term's loss without its weight, the penalty likewise, norm of the gradient].

import { EngineError } from '../error';
import { makeValue } from '../ir/build';
import { cloneModel } from '../ir/clone';
import type { Model } from '../ir/model';
import { elementCount } from '../ir/model';
import { fixed, inferShapes, type ShapeMap } from '../ir/shapes/index';
import type { NdArray } from '../ports';
import { flatLayout, type FlatLayout, type FlatVector, pack, unpack } from './flat';
import { type Differentiated, differentiate } from './gradient/differentiate';
import type { Facts } from './gradient/rule';
import { GraphBuilder } from './graphBuilder';
import { addOutput } from './graphOutput';
import type { LabelForm, LossContext, LossTerm } from './losses/loss';
import { penaltyValue } from './penalty/penaltyGraph';
import { bindTerm, readLabels } from './losses/table';
import type { TrainableModel } from './trainable';
import type { Teacher } from './training';
import { gradientInput, LABELS, nextOutput, ONE_HOT, REPORT, stateInput, teacherInput, weightInput } from './trainingNames';
import { type UpdateOptions, writeUpdate } from './updateGraph';

export interface TrainingGraphRequest extends UpdateOptions {
  readonly trainable: TrainableModel;
  readonly terms: readonly LossTerm[];
  readonly labelForm: LabelForm | undefined;
  readonly teacher: Pick<Teacher, 'outputs' | 'facts'> | undefined;
  /** `whole` takes the step; `gradients` adds this batch's gradients to those it is given. */
  readonly kind: 'whole' | 'gradients';
}

export interface TrainingGraph {
  readonly model: Model;
  readonly layout: FlatLayout;
  /** Start values of weights that only a loss has, by name; they are part of the layout and are dropped afterwards. */
  readonly extra: ReadonlyMap<string, Float32Array>;
  /** Inputs with labels, by the form they are wanted in. */
  readonly labels: { readonly soft: boolean; readonly hard: boolean };
  /** Tensors of the teacher that are fed. */
  readonly teacherTensors: readonly string[];
  /** Names of the terms in the order of the report, and which of them are fed their weight. */
  readonly terms: readonly { readonly id: string; readonly weightInput: string | undefined }[];
}

/** Id of the penalty among the terms, behind the losses (methods.md). */
export const PENALTY_TERM = 'cost';

/**
 * @throws EngineError what `differentiate` throws (`noGradient`, `parametersDetached`, ...) and what losses throw
 * (`lossUnfit`, `teacherShape`, ...).
 */
export async function buildTrainingGraph(request: TrainingGraphRequest): Promise<TrainingGraph> {
  const { trainable } = request;
  const copy = cloneModel(trainable.model);
  const shapes = await inferShapes(copy);
  const build = new GraphBuilder(copy.graph);
  const used = new LossInputs(request, build, shapes);
  const { total, parts } = weightedSum(request.terms, used, build);

  const layout = flatLayout(trainable, used.extra);
  for (const vector of vectorsOf(layout)) feedVector(build, vector);
  const names = layout.groups.flatMap(({ entries }) => entries.map(({ name }) => name));
  const { model, gradients } = await gradientsOf(copy, total, names, trainable);

  const { graph } = model;
  const after = new GraphBuilder(graph);
  graph.outputs = [];
  const report = reportOf(after, request, total, parts);
  const flatGradients = new Map(layout.groups.map((group) => [group.name, gradientOf(after, group, gradients)]));
  const next = (vector: string, tensor: string, length: number): string => addOutput(after, nextOutput(vector), tensor, length);
  if (layout.statistics !== undefined) {
    const byName = new Map(trainable.statistics.map(({ running, update }) => [running, update]));
    next('statistics', pack(after, layout.statistics.entries.map(({ name }) => byName.get(name) ?? name)), layout.statistics.length);
  }
  if (request.kind === 'whole') {
    report.push(writeUpdate(after, layout, flatGradients, request).gradientNorm);
  } else {
    for (const { name, length } of layout.groups) {
      graph.inputs.push(makeValue(gradientInput(name), 'float32', [length]));
      next(`gradient/${name}`, after.add(gradientInput(name), flatGradients.get(name) ?? ''), length);
    }
  }
  addOutput(after, REPORT, pack(after, report), report.length);
  return {
    model, layout, extra: new Map(used.extra.map(({ name, values }) => [name, values])),
    labels: used.labelInputs, teacherTensors: used.teacherTensors,
    terms: [...parts.map(({ id, weightInput: input }) => ({ id, weightInput: input })), ...(request.penalty === undefined ? [] : [{ id: PENALTY_TERM, weightInput: weightInput(parts.length) }])],
  };
}

/** Total, losses, penalty. The penalty has a part in the total but none in the gradient: its step stands in updateGraph.ts. */
function reportOf(build: GraphBuilder, { penalty }: TrainingGraphRequest, total: string, parts: readonly BuiltLoss[]): string[] {
  const losses = parts.map(({ loss }) => loss);
  if (penalty === undefined) return [total, ...losses];
  const value = penaltyValue(build, penalty, (name) => name);
  const weight = weightInput(parts.length);
  build.graph.inputs.push(makeValue(weight, 'float32', []));
  return [build.add(total, build.mul(value, weight)), ...losses, value];
}

/** As `differentiate`, naming the output of the model where no weight reaches the loss. */
async function gradientsOf(model: Model, loss: string, names: readonly string[], { outputs: [output] }: TrainableModel): Promise<Differentiated> {
  try {
    return await differentiate(model, loss, names);
  } catch (cause) {
    if (!(cause instanceof EngineError) || cause.code !== 'parametersDetached') throw cause;
    throw new EngineError('parametersDetached', { output: output?.name ?? loss }, { cause });
  }
}

function vectorsOf({ groups, statistics }: FlatLayout): readonly FlatVector[] {
  return statistics === undefined ? groups : [...groups, statistics];
}

/** The vector as an input in place of the initializers it holds. */
function feedVector(build: GraphBuilder, vector: FlatVector): void {
  const input = stateInput(vector.name);
  build.graph.inputs.push(makeValue(input, 'float32', [vector.length]));
  for (const { name } of vector.entries) build.graph.initializers.delete(name);
  unpack(build, vector, input);
}

/** Weights on which the loss does not depend have a gradient of zero. */
function gradientOf(build: GraphBuilder, { entries }: FlatVector, gradients: ReadonlyMap<string, string>): string {
  return pack(build, entries.map(({ name, dims }) => gradients.get(name) ?? build.filled([elementCount(dims)], 0)));
}

interface BuiltLoss {
  readonly id: string;
  readonly loss: string;
  readonly weightInput: string | undefined;
}

function weightedSum(terms: readonly LossTerm[], context: LossContext, build: GraphBuilder): { readonly total: string; readonly parts: readonly BuiltLoss[] } {
  const weighted: string[] = [];
  const parts = terms.map((term, index): BuiltLoss => {
    const bound = bindTerm(term);
    const loss = bound.build(context);
    const { weight = 1 } = term;
    const input = typeof weight === 'function' ? weightInput(index) : undefined;
    if (input !== undefined) build.graph.inputs.push(makeValue(input, 'float32', []));
    weighted.push(weight === 1 ? loss : build.mul(loss, input ?? build.scalar(weight as number)));
    return { id: bound.id, loss, weightInput: input };
  });
  const [first, ...rest] = weighted;
  if (first === undefined) throw new EngineError('unknownLoss', { loss: '', known: '' });
  return { total: build.sum([first, ...rest]), parts };
}

/** What losses ask for becomes an input of the graph, once each. */
class LossInputs implements LossContext {
  readonly batch: number;
  readonly outputs;
  readonly labelForm;
  readonly readsLabels;
  readonly teacherOutputs;
  readonly extra: { readonly name: string; readonly dims: readonly number[]; readonly decay: boolean; readonly values: Float32Array }[] = [];
  private readonly fed = new Map<string, NdArray['dims']>();
  private readonly teachers: string[] = [];

  constructor(private readonly request: TrainingGraphRequest, readonly build: GraphBuilder, private readonly shapes: ShapeMap) {
    this.batch = request.trainable.batch;
    this.outputs = request.trainable.outputs;
    this.labelForm = request.labelForm;
    this.readsLabels = readLabels(request.terms);
    this.teacherOutputs = request.teacher?.outputs ?? [];
  }

  facts(tensor: string): Facts {
    const known = this.shapes.tensors.get(tensor);
    const shape = fixed(known?.shape ?? undefined);
    if (known === undefined || shape === undefined || known.type === 'undefined') throw new EngineError('gradientShapeUnknown', { tensor, node: '', op: '' });
    return { type: known.type, shape };
  }

  labels(): string {
    return this.feed(LABELS, this.outputs[0]?.dims ?? []);
  }

  oneHot(): string {
    return this.feed(ONE_HOT, this.outputs[0]?.dims ?? []);
  }

  teacher(tensor: string): { readonly name: string } & Facts {
    const facts = this.request.teacher?.facts(tensor);
    if (facts === undefined) throw new EngineError('teacherTensorMissing', { tensor, known: this.teacherOutputs.map(({ name }) => name).join(', ') });
    const name = this.feed(teacherInput(tensor), facts.shape, facts.type);
    if (!this.teachers.includes(tensor)) this.teachers.push(tensor);
    return { name, ...facts };
  }

  parameter(base: string, dims: readonly number[], values: Float32Array, decay = true): string {
    const name = this.build.uniqueName(`train/${base}`);
    this.extra.push({ name, dims, decay, values });
    return name;
  }

  get labelInputs(): { readonly soft: boolean; readonly hard: boolean } {
    return { soft: this.fed.has(LABELS), hard: this.fed.has(ONE_HOT) };
  }

  get teacherTensors(): readonly string[] {
    return this.teachers;
  }

  private feed(name: string, dims: readonly number[], type: NdArray['type'] = 'float32'): string {
    if (!this.fed.has(name)) this.build.graph.inputs.push(makeValue(name, type, dims));
    this.fed.set(name, dims);
    return name;
  }
}
