// Elements of drawings (SVG), beside those of pages in element.ts.

import { type Attributes, type Child, setAttributes } from './element';

const NAMESPACE = 'http://www.w3.org/2000/svg';

export function drawn<Tag extends keyof SVGElementTagNameMap>(tag: Tag, attributes: Attributes, ...children: readonly Child[]): SVGElementTagNameMap[Tag] {
  const made = document.createElementNS(NAMESPACE, tag);
  setAttributes(made, attributes);
  for (const child of children) if (child !== null && child !== undefined) made.append(child);
  return made;
}

/** A tenth of a unit is finer than a screen shows. */
export function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}

/** The `points` of a polyline or polygon. */
export function pointList(places: readonly (readonly [number, number])[]): string {
  return places.map(([x, y]) => `${rounded(x)},${rounded(y)}`).join(' ');
}
