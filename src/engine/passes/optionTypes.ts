// Building blocks for the option schemas of passes: TypeBox records that also carry what forms and refusals need
// (`notReady`, `advanced`). Which options a pass has is written in the pass.

import { type TUnsafe, Type } from '@sinclair/typebox';

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

/** Layer ids, node names or glob patterns (quantize/ignore.ts). */
export function layerPatterns(extra: Common = {}): TUnsafe<readonly string[]> {
  return Type.Unsafe<readonly string[]>({ type: 'array', items: { type: 'string', minLength: 1 }, default: [], ...extra });
}
