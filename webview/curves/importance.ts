// The importance of the units of a group: small for a row of a table, large with its caption, and as numbers.

import type { ImportanceCurve } from '../../src/protocol/report';
import { isTextCode } from '../../src/protocol/text/index';
import { element } from '../dom/element';
import { t } from '../dom/language';
import { significant } from '../logic/format';
import { curveShape, curveUnits, type Kept } from '../logic/importance';
import { cutParts, inside, LARGE, largeDrawing, legend, type Size, SMALL, smallDrawing } from './cutDrawing';
import { numbersFold } from './numbers';

export function smallCurve(curve: ImportanceCurve): SVGSVGElement {
  return smallDrawing(...parts(curve, SMALL));
}

/** The curve with what its lines mean below, and what they cannot show. */
export function largeCurve(curve: ImportanceCurve): HTMLElement {
  const label = t('view.importance.curve', { total: curve.total, kind: `form.units.${curve.kind}`, removed: curve.total - curve.kept });
  return element(
    'figure',
    { class: 'curve' },
    largeDrawing(LARGE, label, ...parts(curve, LARGE)),
    legend(['removed', t('view.importance.removed', { count: curve.total - curve.kept })], ['kept', t('view.importance.kept', { count: curve.kept })], ['across', t('view.importance.mean')]),
    curve.steps === undefined ? null : element('p', { class: 'quiet' }, t('view.importance.steps', { steps: curve.steps })),
  );
}

/** `960 of 1,440 channels`. */
export function keptWords({ kind, kept, total }: Kept): string {
  return t('form.pruned', { kept: kept.toLocaleString('en'), total: total.toLocaleString('en'), kind: `form.units.${kind}` });
}

export function importanceNumbers(curve: ImportanceCurve): HTMLElement {
  // Which ones went is known by rank only where they were ranked once.
  const tellsWhich = curve.steps === undefined;
  return numbersFold(
    t('view.curve.numbers'),
    t('view.importance.criterion', { criterion: criterionName(curve) }),
    [t('view.curve.rank'), t('view.importance.column'), ...(tellsWhich ? [t('view.column.form')] : [])],
    curveUnits(curve).map(({ rank, value, stayed }) => [String(rank), significant(value), ...(tellsWhich ? [t(stayed ? 'view.curve.stayed' : 'form.removed')] : [])]),
  );
}

function parts(curve: ImportanceCurve, size: Size): readonly SVGElement[] {
  const { width, height } = inside(size);
  const shape = curveShape(curve, width, height);
  return cutParts(shape, size, { across: [shape.mean] });
}

function criterionName({ criterion }: ImportanceCurve): string {
  const code = `value.criterion.${criterion}`;
  return isTextCode(code) ? t(code) : criterion;
}
