// The numbers of an importance curve as a table behind a fold: what the drawing shows, for those who do not see it.

import type { ImportanceCurve } from '../../src/protocol/report';
import { isTextCode } from '../../src/protocol/text/index';
import { element } from '../dom/element';
import { t } from '../dom/language';
import { significant } from '../logic/format';
import { curveUnits } from '../logic/importance';

export function numbersBehind(curve: ImportanceCurve): HTMLElement {
  // Which ones went is known by rank only where they were ranked once.
  const tellsWhich = curve.steps === undefined;
  const columns = [t('view.importance.rank'), t('view.importance.column'), ...(tellsWhich ? [t('view.column.form')] : [])];
  return element(
    'details',
    { class: 'numbers' },
    element('summary', {}, t('view.importance.numbers')),
    element('p', { class: 'quiet' }, t('view.importance.criterion', { criterion: criterionName(curve) })),
    element(
      'table',
      {},
      element('thead', {}, element('tr', {}, ...columns.map((name) => element('th', { scope: 'col' }, name)))),
      element('tbody', {}, ...curveUnits(curve).map(({ rank, value, stayed }) => element(
        'tr',
        {},
        element('th', { scope: 'row' }, String(rank)),
        element('td', {}, significant(value)),
        tellsWhich ? element('td', {}, t(stayed ? 'view.importance.stayed' : 'form.removed')) : null,
      ))),
    ),
  );
}

function criterionName({ criterion }: ImportanceCurve): string {
  const code = `value.criterion.${criterion}`;
  return isTextCode(code) ? t(code) : criterion;
}
