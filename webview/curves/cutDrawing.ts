// A cut curve as a drawing: what went dashed and empty, what stayed drawn through and filled, so that it needs no colour to be
// told apart. What the entries are, importance.ts and spectra.ts know.

import { type Child, type Attributes, element } from '../dom/element';
import { drawn, pointList, rounded } from '../dom/svg';
import type { CutShape, Place } from '../logic/cutCurve';

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** The drawings' own units, about a pixel each where they are shown. */
export const LARGE: Size = { width: 300, height: 90 };
export const SMALL: Size = { width: 200, height: 20 };
/** Room for half of a line at the edges. */
const INSET = 1;

/** What is drawn beside the curve itself. */
export interface CutMarks {
  /** Heights of lines across, from the top of the shape. */
  readonly across: readonly number[];
  /** Beside the cut. */
  readonly label?: string;
}

/** Of a curve in a drawing of `size`: a shape has to keep off the edges. */
export function inside({ width, height }: Size): Size {
  return { width: width - 2 * INSET, height: height - 2 * INSET };
}

/** The curve of a row, as wide as that is; hidden from readers, who have the numbers beside it. */
export function smallDrawing(...children: readonly Child[]): SVGSVGElement {
  return drawn('svg', { viewBox: `0 0 ${SMALL.width} ${SMALL.height}`, class: 'cut-curve small', preserveAspectRatio: 'none', 'aria-hidden': 'true' }, ...children);
}

export function largeDrawing({ width, height }: Size, label: string, ...children: readonly Child[]): SVGSVGElement {
  return drawn('svg', { viewBox: `0 0 ${width} ${height}`, class: 'cut-curve', role: 'img', 'aria-label': label }, ...children);
}

export function cutParts({ removed, kept, cut }: CutShape, { width, height }: Size, { across, label }: CutMarks): readonly SVGElement[] {
  const off = (places: readonly Place[]): readonly Place[] => places.map(([x, y]) => [x + INSET, y + INSET]);
  const [gone, stayed] = [off(removed), off(kept)];
  return [
    ...(stayed.length === 0 ? [] : [drawn('polygon', { class: 'curve-area', points: pointList(downToGround(stayed, height)) })]),
    ...across.map((y) => line('curve-across', [0, rounded(y + INSET)], [width, rounded(y + INSET)])),
    ...(gone.length === 0 ? [] : [drawn('polyline', { class: 'curve-removed', points: pointList(gone) })]),
    ...(stayed.length === 0 ? [] : [drawn('polyline', { class: 'curve-kept', points: pointList(stayed) })]),
    ...(cut === null ? [] : cutLine(rounded(cut + INSET), { width, height }, label)),
  ];
}

/** Distance of the label from the cut, and of its baseline from the top. */
const LABEL_GAP = 4;
const LABEL_BASELINE = 10;

function cutLine(x: number, { width, height }: Size, label: string | undefined): readonly SVGElement[] {
  const mark = line('curve-cut', [x, 0], [x, height]);
  if (label === undefined) return [mark];
  // On the side where there is more room.
  const isRight = x < width / 2;
  return [mark, drawn('text', { class: 'curve-label', x: isRight ? x + LABEL_GAP : x - LABEL_GAP, y: LABEL_BASELINE, 'text-anchor': isRight ? 'start' : 'end' }, label)];
}

function line(name: string, [x1, y1]: Place, [x2, y2]: Place): SVGElement {
  return drawn('line', { class: name, x1, x2, y1, y2 });
}

function downToGround(places: readonly Place[], ground: number): readonly Place[] {
  const [first, last] = [places[0], places.at(-1)];
  return first === undefined || last === undefined ? [] : [[first[0], ground], ...places, [last[0], ground]];
}

/** What the lines of a drawing mean, each with a piece of it. */
export function legend(...samples: readonly (readonly [name: 'removed' | 'kept' | 'across', words: string])[]): HTMLElement {
  const attributes: Attributes = { viewBox: '0 0 18 6', class: 'sample', 'aria-hidden': 'true' };
  return element('figcaption', { class: 'quiet' }, ...samples.map(([name, words]) => element('span', {}, drawn('svg', attributes, line(`curve-${name}`, [0, 3], [18, 3])), words)));
}
