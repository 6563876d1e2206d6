// Where results go: beside the model, named after what was done, never over anything that is there.

import { basename, dirname, extname, join } from 'node:path';
import { sideFilePath } from '../runtime/saveModel';
import { freeName } from '../runtime/writing';

/** Suffixes that say nothing once a real compression follows. */
const WEAK_SUFFIXES: ReadonlySet<string> = new Set(['clean']);

/** `resnet20.onnx` after a pass with suffix `int8`: `resnet20.int8.onnx`. */
export function outputPath(model: string, suffixes: readonly string[]): string {
  const strong = [...new Set(suffixes)].filter((suffix) => !WEAK_SUFFIXES.has(suffix));
  const words = strong.length > 0 ? strong : [...new Set(suffixes)];
  return join(dirname(model), `${basename(model, extname(model))}.${words.join('.')}.onnx`);
}

/** `resnet20.int8.report.json` beside `resnet20.int8.onnx`. */
export function reportPath(output: string): string {
  return join(dirname(output), `${basename(output, extname(output))}.report.json`);
}

/**
 * A model path that is free, as are those of its side file and its report: one number for all, so that they stay together.
 * A path that the user named is taken as it is (writing refuses to replace a file).
 */
export function freeOutput(model: string): Promise<string> {
  return freeName(model, extname(model), (candidate) => [candidate, sideFilePath(candidate), reportPath(candidate)]);
}
