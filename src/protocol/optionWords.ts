// The words of a pass's option by its dotted name. An option inside another that has no words of its own has those of the
// option it is called like: `recover.epochs` means what `epochs` means. Where passes mean different things, each has its own.

import { isTextCode, type TextCode } from './text/index';

/** Text code of the option's title; undefined where there are no words. */
export function optionTitle(name: string): TextCode | undefined {
  return endings(name).map((ending) => `option.${ending}`).find(isTextCode);
}

/** Text code of what the option means: words for this pass (`option.prune.heads.scope.about`) before those for all. */
export function optionAbout(name: string, pass: string): TextCode | undefined {
  return [`${pass}.${name}`, ...endings(name)].map((ending) => `option.${ending}.about`).find(isTextCode);
}

export function lastPart(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1);
}

/** `a.b.c`, `b.c`, `c`. */
function endings(name: string): readonly string[] {
  const parts = name.split('.');
  return parts.map((_, from) => parts.slice(from).join('.'));
}
