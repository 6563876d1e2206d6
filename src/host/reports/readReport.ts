// Reads a report file. Reports come from anywhere, so what the views rely on is checked before they see it.

import { readFile, stat } from 'node:fs/promises';
import type { CompareReport } from '../../protocol/report';

/** A report of 5,000 layers takes about 5 MB; far larger files are something else. */
const LARGEST = 64_000_000;

export interface ReadReport {
  readonly report: CompareReport;
  /** Last change of the file. */
  readonly time: Date;
}

/** The report in `file`, or `undefined` where the file holds none. */
export async function readReport(file: string): Promise<ReadReport | undefined> {
  const { size, mtime } = await stat(file);
  if (size > LARGEST) return undefined;
  const parsed = parse(await readFile(file, 'utf8'));
  return isReport(parsed) ? { report: parsed, time: mtime } : undefined;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

export function isReport(value: unknown): value is CompareReport {
  return (
    isRecord(value) &&
    value['version'] === 1 &&
    isRecord(value['inputs']) &&
    isRecord(value['environment']) &&
    isFigures(value['before']) &&
    isFigures(value['after']) &&
    isRecord(value['delta']) &&
    Array.isArray(value['warnings']) &&
    Array.isArray(value['layers']) &&
    value['layers'].every(isLayer) &&
    (value['steps'] === undefined || (Array.isArray(value['steps']) && value['steps'].every(isStep)))
  );
}

function isStep(value: unknown): boolean {
  return (
    isRecord(value) &&
    typeof value['pass'] === 'string' &&
    (value['training'] === undefined || (isRecord(value['training']) && Array.isArray(value['training']['epochs']) && value['training']['epochs'].every(isRecord))) &&
    (value['importance'] === undefined || (Array.isArray(value['importance']) && value['importance'].every(isCurve))) &&
    (value['factors'] === undefined || (Array.isArray(value['factors']) && value['factors'].every(isFactors)))
  );
}

function isFactors(value: unknown): boolean {
  return (
    isRecord(value) &&
    typeof value['layer'] === 'string' &&
    isOneOf(['svd', 'spatial', 'tucker', 'cp'], value['method']) &&
    Array.isArray(value['modes']) &&
    value['modes'].every(isMode) &&
    isPair(value['parameters']) &&
    (value['macs'] === null || isPair(value['macs'])) &&
    (value['latency'] === null || isPair(value['latency'])) &&
    typeof value['weightError'] === 'number' &&
    (value['activationError'] === null || typeof value['activationError'] === 'number')
  );
}

function isMode(value: unknown): boolean {
  return isRecord(value) && isOneOf(['rank', 'inputs', 'outputs'], value['name']) && typeof value['kept'] === 'number' && typeof value['full'] === 'number' && isNumbers(value['values']);
}

function isPair(value: unknown): boolean {
  return isNumbers(value) && value.length === 2;
}

function isNumbers(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((entry) => typeof entry === 'number');
}

function isOneOf(words: readonly string[], value: unknown): boolean {
  return typeof value === 'string' && words.includes(value);
}

function isCurve(value: unknown): boolean {
  return (
    isRecord(value) &&
    typeof value['layer'] === 'string' &&
    typeof value['kind'] === 'string' &&
    typeof value['criterion'] === 'string' &&
    typeof value['total'] === 'number' &&
    typeof value['kept'] === 'number' &&
    isNumbers(value['values']) &&
    (value['layers'] === undefined || (Array.isArray(value['layers']) && value['layers'].every((entry) => typeof entry === 'string')))
  );
}

function isLayer(value: unknown): boolean {
  return (
    isRecord(value) &&
    typeof value['id'] === 'string' &&
    typeof value['op'] === 'string' &&
    isLayerFigures(value['before']) &&
    isLayerFigures(value['after']) &&
    isRecord(value['after']['form']) &&
    typeof value['after']['form']['code'] === 'string'
  );
}

function isFigures(value: unknown): boolean {
  return isLayerFigures(value) && typeof value['bytes'] === 'number';
}

function isLayerFigures(value: unknown): value is Record<string, unknown> {
  return isRecord(value) && typeof value['weightBytes'] === 'number' && typeof value['parameters'] === 'number';
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
