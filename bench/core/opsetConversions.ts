// Converts the operator models of Debian's libonnx-testdata (opsets up to 17, with inputs) to newer opsets and compares what
// onnxruntime computes before and after, without its own optimizations.

import { EngineError } from '../../src/engine/error';
import { readModel, releaseModel } from '../../src/engine/ir/codec';
import { type Model, opsetOf } from '../../src/engine/ir/model';
import { convertOpset, OLDEST_OPSET } from '../../src/engine/ir/opsetConversion';
import { readTensor } from '../../src/engine/ir/tensors';
import type { NdArray } from '../../src/engine/ports';
import { relativeDifference } from '../../src/engine/passes/cleanup/verify';
import { sampleInputs } from '../../src/engine/passes/sampleInputs';
import { createRuntime } from '../../src/runtime/sessions';
import type { OperatorCase } from './operators/case';
import { memorySource } from './operators/memorySource';

export interface ConversionResult {
  readonly name: string;
  readonly operators: readonly string[];
  readonly from: number;
  /**
   * `equal`, `differs`; `refused` by the conversion; `notRun` where onnxruntime does not run the original; `notRunAfter`
   * where it has no kernel for the newer operator.
   */
  readonly outcome: 'equal' | 'differs' | 'refused' | 'notRun' | 'notRunAfter';
  readonly detail: string;
}

/** Newer kernels may sum in another order. */
const TOLERANCE = 1e-5;

/** Draw other numbers each time they run. */
const random = /Random|Bernoulli|Multinomial|Dropout/;

const runtime = createRuntime();

/** Undefined for a model below the oldest opset that converts, at `opset` or above already, or whose outputs are random. */
export async function conversionOf(subject: OperatorCase, opset: number): Promise<ConversionResult | undefined> {
  const model = await readModel(memorySource(subject.bytes));
  try {
    const from = opsetOf(model) ?? opset;
    const operators = [...new Set(model.graph.nodes.map(({ opType }) => opType))];
    if (from < OLDEST_OPSET || from >= opset || operators.some((operator) => random.test(operator))) return undefined;
    return { name: subject.name, operators, from, ...await converted(model, subject, opset) };
  } finally {
    await releaseModel(model);
  }
}

async function converted(model: Model, subject: OperatorCase, opset: number): Promise<Pick<ConversionResult, 'outcome' | 'detail'>> {
  const feeds = Object.fromEntries(await Promise.all([...subject.constants].map(async ([name, tensor]) => [name, await readTensor(tensor)] as const)));
  let result: Model;
  try {
    result = (await convertOpset(model, opset)).model;
  } catch (error) {
    return { outcome: 'refused', detail: messageOf(error) };
  }
  const before = await attempt(model, feeds, subject);
  if (typeof before === 'string') return { outcome: 'notRun', detail: before };
  const after = await attempt(result, feeds, subject);
  if (typeof after === 'string') return { outcome: 'notRunAfter', detail: after };
  const difference = Math.max(0, ...Object.entries(before).map(([name, array]) => relativeDifference(array, after[name])));
  return { outcome: difference <= TOLERANCE ? 'equal' : 'differs', detail: String(difference) };
}

/** Inputs without values of their own are drawn at random, the same for the same model. */
async function attempt(model: Model, feeds: Readonly<Record<string, NdArray>>, { shapes }: OperatorCase): Promise<Record<string, NdArray> | string> {
  try {
    const session = await runtime.createSession(model, { optimization: 'disabled', threads: 1 });
    try {
      const missing = session.inputs.filter(({ name }) => feeds[name] === undefined).map((input) => ({ ...input, shape: shapes[input.name] ?? input.shape }));
      return await session.run({ ...sampleInputs(model, missing), ...feeds });
    } finally {
      await session.release();
    }
  } catch (error) {
    return messageOf(error);
  }
}

/** What onnxruntime refuses is an answer here; anything else is a mistake of ours. */
function messageOf(error: unknown): string {
  if (!(error instanceof EngineError)) throw error;
  return error.message;
}
