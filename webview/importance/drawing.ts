// An importance curve as a drawing: what went dashed and empty, what stayed drawn through and filled, so that it needs no
// colour to be told apart. Small for a row of a table, large with its caption.

import type { ImportanceCurve } from '../../src/protocol/report';
import { element } from '../dom/element';
import { t } from '../dom/language';
import { drawn, pointList, rounded } from '../dom/svg';
import { curveShape, type Kept, type Place } from '../logic/importance';

interface Size {
  readonly width: number;
  readonly height: number;
}

/** The drawings' own units, about a pixel each where they are shown. */
const LARGE: Size = { width: 300, height: 90 };
const SMALL: Size = { width: 200, height: 20 };
/** Room for half of a line at the edges. */
const INSET = 1;

/** The curve of a row, as wide as that is; hidden from readers, who have the numbers beside it. */
export function smallCurve(curve: ImportanceCurve): SVGSVGElement {
  return drawing(curve, SMALL, { class: 'importance-curve small', preserveAspectRatio: 'none', 'aria-hidden': 'true' });
}

/** The curve with what its lines mean below, and what they cannot show. */
export function largeCurve(curve: ImportanceCurve): HTMLElement {
  const svg = drawing(curve, LARGE, { class: 'importance-curve', role: 'img', 'aria-label': t('view.importance.curve', { total: curve.total, kind: `form.units.${curve.kind}`, removed: curve.total - curve.kept }) });
  return element(
    'figure',
    { class: 'importance' },
    svg,
    element('figcaption', { class: 'quiet' }, sample('removed', t('view.importance.removed', { count: curve.total - curve.kept })), sample('kept', t('view.importance.kept', { count: curve.kept })), sample('mean', t('view.importance.mean'))),
    curve.steps === undefined ? null : element('p', { class: 'quiet' }, t('view.importance.steps', { steps: curve.steps })),
  );
}

/** `960 of 1,440 channels`. */
export function keptWords({ kind, kept, total }: Kept): string {
  return t('form.pruned', { kept: kept.toLocaleString('en'), total: total.toLocaleString('en'), kind: `form.units.${kind}` });
}

function drawing(curve: ImportanceCurve, { width, height }: Size, attributes: Parameters<typeof drawn>[1]): SVGSVGElement {
  const shape = curveShape(curve, width - 2 * INSET, height - 2 * INSET);
  const inside = (places: readonly Place[]): readonly Place[] => places.map(([x, y]) => [x + INSET, y + INSET]);
  const [removed, kept] = [inside(shape.removed), inside(shape.kept)];
  const cut = shape.cut === null ? null : rounded(shape.cut + INSET);
  const mean = rounded(shape.mean + INSET);
  return drawn(
    'svg',
    { viewBox: `0 0 ${width} ${height}`, ...attributes },
    kept.length === 0 ? null : drawn('polygon', { class: 'curve-area', points: pointList(downToGround(kept, height)) }),
    drawn('line', { class: 'curve-mean', x1: 0, x2: width, y1: mean, y2: mean }),
    removed.length === 0 ? null : drawn('polyline', { class: 'curve-removed', points: pointList(removed) }),
    kept.length === 0 ? null : drawn('polyline', { class: 'curve-kept', points: pointList(kept) }),
    cut === null ? null : drawn('line', { class: 'curve-cut', x1: cut, x2: cut, y1: 0, y2: height }),
  );
}

function downToGround(places: readonly Place[], ground: number): readonly Place[] {
  const [first, last] = [places[0], places.at(-1)];
  return first === undefined || last === undefined ? [] : [[first[0], ground], ...places, [last[0], ground]];
}

function sample(name: 'removed' | 'kept' | 'mean', words: string): HTMLElement {
  const svg = drawn('svg', { viewBox: '0 0 18 6', class: 'sample', 'aria-hidden': 'true' }, drawn('line', { class: `curve-${name}`, x1: 0, x2: 18, y1: 3, y2: 3 }));
  return element('span', {}, svg, words);
}
