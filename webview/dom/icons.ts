// Icons drawn for Decant on a 16 px grid, one stroke width, in the colour of the text around them.

const NAMESPACE = 'http://www.w3.org/2000/svg';

const paths = {
  close: 'M3.5 3.5l9 9m0-9l-9 9',
  info: 'M8 1.75a6.25 6.25 0 1 1 0 12.5 6.25 6.25 0 0 1 0-12.5zM8 7v4.25M8 4.75v.5',
  warning: 'M8 2L14.5 13.5h-13zM8 6.25v3.5M8 11.25v.5',
  error: 'M8 1.75a6.25 6.25 0 1 1 0 12.5 6.25 6.25 0 0 1 0-12.5zM5.75 5.75l4.5 4.5m0-4.5l-4.5 4.5',
  ascending: 'M8 12.5v-9M4.5 7L8 3.5 11.5 7',
  descending: 'M8 3.5v9M4.5 9L8 12.5 11.5 9',
  arrow: 'M2.5 8h11M9.5 4l4 4-4 4',
  turn: 'M6 3.5L10.5 8 6 12.5',
  search: 'M7 2.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9zM10.5 10.5l3.5 3.5',
} as const;

export type IconName = keyof typeof paths;

export function icon(name: IconName): SVGSVGElement {
  const svg = document.createElementNS(NAMESPACE, 'svg');
  svg.setAttribute('viewBox', '0 0 16 16');
  svg.setAttribute('class', `icon icon-${name}`);
  svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS(NAMESPACE, 'path');
  path.setAttribute('d', paths[name]);
  svg.append(path);
  return svg;
}
