// How small or fast a model has to become: a measure and an amount of it, as passes that make models smaller take them.

import { invalidOption } from './invalidOption';

export const measures = ['macs', 'parameters', 'bytes'] as const;
export type Measure = (typeof measures)[number];

/** Latency is measured, not counted. */
export const targetMeasures = [...measures, 'latency'] as const;
export type TargetMeasure = (typeof targetMeasures)[number];

export interface SizeTarget<Of extends TargetMeasure = TargetMeasure> {
  readonly measure: Of;
  /** A number of MACs, parameters, bytes or milliseconds; or the fraction of the model before. */
  readonly amount: number;
  readonly absolute: boolean;
}

/**
 * The target that options of a pass name, of the measures it offers; undefined where none is given.
 *
 * @throws EngineError `invalidOption` for sizes and times that are none.
 */
export function targetFrom<Of extends TargetMeasure>(options: Readonly<Partial<Record<Of, number | string>>>, offered: readonly Of[], pass: string): SizeTarget<Of> | undefined {
  const measure = offered.find((one) => options[one] !== undefined);
  const given = measure === undefined ? undefined : options[measure];
  if (measure === undefined || given === undefined) return undefined;
  if (typeof given === 'number') return { measure, amount: given, absolute: given >= 1 };
  return { measure, amount: measure === 'bytes' ? bytesOf(given, pass) : msOf(given, pass), absolute: true };
}

const units = { b: 1, kb: 1e3, mb: 1e6, gb: 1e9, kib: 2 ** 10, mib: 2 ** 20, gib: 2 ** 30 } as const;

/** `400kB`, `1.5 MiB`. */
function bytesOf(given: string, pass: string): number {
  const [, digits, unit = 'b'] = /^\s*(\d+(?:\.\d+)?)\s*([kmg]?i?b)?\s*$/i.exec(given) ?? [];
  const factor = Object.entries(units).find(([name]) => name === unit.toLowerCase())?.[1];
  const size = Number(digits) * (factor ?? NaN);
  if (!(size >= 1)) throw invalidOption(pass, 'bytes', 'problem.byteSize', 'allowed.byteSize', { found: JSON.stringify(given) });
  return size;
}

const durations = { us: 1e-3, ms: 1, s: 1e3 } as const;

/** `3.5ms`, `800 us`, in milliseconds. */
function msOf(given: string, pass: string): number {
  const [, digits, unit = ''] = /^\s*(\d+(?:\.\d+)?)\s*(us|ms|s)\s*$/i.exec(given) ?? [];
  const factor = Object.entries(durations).find(([name]) => name === unit.toLowerCase())?.[1];
  const time = Number(digits) * (factor ?? NaN);
  if (!(time > 0)) throw invalidOption(pass, 'latency', 'problem.duration', 'allowed.duration', { found: JSON.stringify(given) });
  return time;
}
