// The words of a pass's option by its dotted name. An option inside another that has no words of its own has those of the
// option it is called like: `recover.epochs` means what `epochs` means.

import { isTextCode, type TextCode } from './text/index';

/** Text code of the option's title; undefined where there are no words. */
export function optionTitle(name: string): TextCode | undefined {
  return endings(name).map((ending) => `option.${ending}`).find(isTextCode);
}

/** Text code of what the option means. */
export function optionAbout(name: string): TextCode | undefined {
  return endings(name).map((ending) => `option.${ending}.about`).find(isTextCode);
}

export function lastPart(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1);
}

/** `a.b.c`, `b.c`, `c`. */
function endings(name: string): readonly string[] {
  const parts = name.split('.');
  return parts.map((_, from) => parts.slice(from).join('.'));
}
