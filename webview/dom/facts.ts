// Names and values, one pair a line.

import { element } from './element';

export function facts(entries: readonly (readonly [string, string])[]): HTMLElement {
  return element('dl', { class: 'facts' }, ...entries.flatMap(([name, text]) => [element('dt', { class: 'quiet' }, name), element('dd', {}, text)]));
}
