// `--pass ID:key=value,key=value` as an entry of a recipe. Which passes and keys there are, the job knows.

import type { RecipePass } from '../protocol/recipe';
import { UsageProblem } from './usage';

/**
 * Values are JSON scalars (`0.5`, `true`, `null`, `"text"`) or else text, or several of them in brackets (`[svd,tucker]`).
 * Dotted keys nest: `bits.weights=4` is `{ bits: { weights: 4 } }`. Throws UsageProblem.
 */
export function parsePass(value: string): RecipePass {
  const [, pass, rest] = /^([^:=,]+)(?::(.*))?$/s.exec(value) ?? [];
  if (pass === undefined) throw new UsageProblem('usage.pass', { value });
  const options: Record<string, unknown> = {};
  for (const part of rest === undefined || rest === '' ? [] : parts(rest)) {
    const place = part.indexOf('=');
    const keys = part.slice(0, place).split('.');
    if (place < 1 || isOpen(part) || keys.includes('') || keys[0] === 'pass') throw new UsageProblem('usage.pass', { value });
    put(options, keys, valueOf(part.slice(place + 1)), value);
  }
  return { pass, ...options };
}

function put(target: Record<string, unknown>, keys: readonly string[], value: unknown, whole: string): void {
  const [key = '', ...rest] = keys;
  const there = Object.hasOwn(target, key) ? target[key] : undefined;
  const isBranch = typeof there === 'object' && there !== null;
  if (there !== undefined && !(isBranch && rest.length > 0)) throw new UsageProblem('usage.passKeyTwice', { key: keys.join('.'), value: whole });
  if (rest.length === 0) {
    define(target, key, value);
    return;
  }
  const branch = isBranch ? (there as Record<string, unknown>) : {};
  if (!isBranch) define(target, key, branch);
  put(branch, rest, value, whole);
}

/** Assignment that treats `__proto__` as a key like any other. */
function define(target: object, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
}

/** What stands between commas; those within a list are part of it. */
function parts(text: string): readonly string[] {
  return text.split(',').reduce<readonly string[]>((before, piece) => {
    const last = before.at(-1);
    return last !== undefined && isOpen(last) ? [...before.slice(0, -1), `${last},${piece}`] : [...before, piece];
  }, []);
}

/** A list whose bracket is not closed. */
function isOpen(part: string): boolean {
  return /=\[[^\]]*$/.test(part);
}

function valueOf(text: string): unknown {
  const [, items] = /^\[(.*)\]$/s.exec(text) ?? [];
  if (items === undefined) return scalar(text);
  return items === '' ? [] : items.split(',').map((item) => scalar(item.trim()));
}

function scalar(text: string): unknown {
  if (!/^(-?\d|"|true$|false$|null$)/.test(text)) return text;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // `3.5ms` begins like a number and is none.
    return text;
  }
}
