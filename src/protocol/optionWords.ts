// The words of a pass's option by its dotted name. An option inside another that has no words of its own has those of the
// option it is called like: `recover.epochs` means what `epochs` means. Where passes mean different things, each has its own.

import { isTextCode, type TextCode } from './text/index';

/** Text code of the option's title in this pass; undefined where there are no words. */
export function optionTitle(name: string, pass: string): TextCode | undefined {
  return wordings(name, pass).map((wording) => `option.${wording}`).find(isTextCode);
}

/** Text code of what the option means: words for this pass (`option.prune.heads.scope.about`) before those for all. */
export function optionAbout(name: string, pass: string): TextCode | undefined {
  return wordings(name, pass).map((wording) => `option.${wording}.about`).find(isTextCode);
}

/** For the pass alone, for the passes it is one of (`decompose` for `decompose.svd`), for all. */
function wordings(name: string, pass: string): readonly string[] {
  const parts = pass.split('.');
  return [...parts.map((_, left) => `${parts.slice(0, parts.length - left).join('.')}.${name}`), ...endings(name)];
}

export function lastPart(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1);
}

/** `a.b.c`, `b.c`, `c`. */
function endings(name: string): readonly string[] {
  const parts = name.split('.');
  return parts.map((_, from) => parts.slice(from).join('.'));
}
