// Building blocks for the option schemas of passes: TypeBox records that also carry what forms and refusals need
// (`notReady`, `advanced`). Which options a pass has is written in the pass.

import { type TOptional, type TUnsafe, Type } from '@sinclair/typebox';

interface Common {
  /** Shown only under "More options". */
  readonly advanced?: boolean;
}

/** One of `values`, the first being the default unless `default` says otherwise; `notReady` ones are refused by name. */
export function choice<const Value extends string | number>(
  values: readonly [Value, ...Value[]],
  extra: Common & { readonly default?: Value; readonly notReady?: readonly Value[] } = {},
): TUnsafe<Value> {
  return Type.Unsafe<Value>({
    type: typeof values[0] === 'number' ? 'integer' : 'string',
    enum: values,
    default: values[0],
    ...extra,
  });
}

export function flag(byDefault: boolean, extra: Common & { readonly notReady?: readonly boolean[] } = {}): TUnsafe<boolean> {
  return Type.Unsafe<boolean>({ type: 'boolean', default: byDefault, ...extra });
}

/** A whole number of at least `minimum`. */
export function count(byDefault: number, extra: Common & { readonly minimum?: number; readonly maximum?: number } = {}): TUnsafe<number> {
  return Type.Unsafe<number>({ type: 'integer', minimum: 1, default: byDefault, ...extra });
}

/** A whole number of at least 1, or left out: then the pass chooses. */
export function optionalCount(extra: Common = {}): TOptional<TUnsafe<number>> {
  return Type.Optional(Type.Unsafe<number>({ type: 'integer', minimum: 1, ...extra }));
}

/** One of `values`, or left out: then the pass chooses. */
export function optionalChoice<const Value extends string>(values: readonly [Value, ...Value[]], extra: Common = {}): TOptional<TUnsafe<Value>> {
  return Type.Optional(Type.Unsafe<Value>({ type: 'string', enum: values, ...extra }));
}

/** A number of at least `minimum` (default 0) and, where it is given, below `below`. */
export function amount(byDefault: number, extra: Common & { readonly minimum?: number; readonly below?: number } = {}): TUnsafe<number> {
  const { below, ...rest } = extra;
  return Type.Unsafe<number>({ type: 'number', minimum: 0, ...(below !== undefined && { exclusiveMaximum: below }), default: byDefault, ...rest });
}

/** An option that interfaces.md names and a later version brings: refused by name when it is given. */
export function planned(): TOptional<TUnsafe<unknown>> {
  return Type.Optional(Type.Unsafe<unknown>({ planned: true }));
}

/** Layer ids, node names or glob patterns (quantize/ignore.ts). */
export function layerPatterns(extra: Common = {}): TUnsafe<readonly string[]> {
  return Type.Unsafe<readonly string[]>({ type: 'array', items: { type: 'string', minLength: 1 }, default: [], ...extra });
}
