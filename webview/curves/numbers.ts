// The numbers of a curve as a table behind a fold: what the drawing shows, for those who do not see it.

import { element } from '../dom/element';

/** `title` is in sight, `note` says what the numbers are; the first cell of a row names it. */
export function numbersFold(title: string, note: string, columns: readonly string[], rows: readonly (readonly string[])[]): HTMLElement {
  return element(
    'details',
    { class: 'numbers' },
    element('summary', {}, title),
    element('p', { class: 'quiet' }, note),
    element(
      'table',
      {},
      element('thead', {}, element('tr', {}, ...columns.map((name) => element('th', { scope: 'col' }, name)))),
      element('tbody', {}, ...rows.map((cells) => element('tr', {}, ...cells.map((text, place) => (place === 0 ? element('th', { scope: 'row' }, text) : element('td', {}, text)))))),
    ),
  );
}
