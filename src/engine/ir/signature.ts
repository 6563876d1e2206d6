// What a model wants and gives: its real inputs (those that are not initializers) and outputs, as sessions list them.

import type { SessionValue } from '../ports';
import type { Model, ValueInfo } from './model';

/** Inputs that a caller must feed. Before IR 4 initializers are listed among the inputs as well. */
export function modelInputs(model: Model): SessionValue[] {
  return model.graph.inputs.filter((value) => !model.graph.initializers.has(value.name)).map(sessionValue);
}

export function modelOutputs(model: Model): SessionValue[] {
  return model.graph.outputs.map(sessionValue);
}

function sessionValue(value: ValueInfo): SessionValue {
  if (value.type?.kind !== 'tensor') return { name: value.name, type: 'undefined', shape: null };
  // A dimension without a name is open all the same; onnxruntime shows it as an empty name.
  return { name: value.name, type: value.type.type, shape: value.type.shape?.map((dim) => dim ?? '') ?? null };
}

/** The batch size that the model's inputs fix, or undefined when it is open. */
export function fixedBatch(model: Model): number | undefined {
  for (const input of modelInputs(model)) {
    const batch = input.shape?.[0];
    if (typeof batch === 'number') return batch;
  }
  return undefined;
}

/** How an open dimension without a name is called: `input[2]`. */
export function dimLabel(value: string, dim: string | null, axis: number): string {
  return dim === null || dim === '' ? `${value}[${axis}]` : dim;
}
