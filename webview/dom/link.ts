// A text that does something, as a button that looks like a link.

import { element } from './element';

export function link(label: string, onClick: () => void): HTMLButtonElement {
  const made = element('button', { type: 'button', class: 'link' }, label);
  made.addEventListener('click', onClick);
  return made;
}
