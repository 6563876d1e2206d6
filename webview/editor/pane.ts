// The pane beside the table. It shows one thing at a time, with a title and a way to close it (Escape as well).

import { button } from '../controls/index';
import { element, fill } from '../dom/element';
import { icon } from '../dom/icons';
import { t } from '../dom/language';

export type PaneContent = 'details' | 'compress';

export interface Pane {
  readonly root: HTMLElement;
  show(content: PaneContent, title: string, children: readonly HTMLElement[]): void;
  shows(content: PaneContent): boolean;
  hide(): void;
}

export function createPane(onClose: () => void): Pane {
  const heading = element('h2', {});
  const body = element('div', { class: 'pane-body', tabindex: 0 });
  const close = (): void => {
    hide();
    onClose();
  };
  const root = element('aside', { class: 'pane', hidden: true }, element('div', { class: 'pane-head' }, heading, button(t('view.close'), 'icon', close, icon('close')).root), body);
  let shown: PaneContent | null = null;

  root.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') close();
  });

  function hide(): void {
    shown = null;
    root.hidden = true;
  }

  return {
    root,
    hide,
    shows: (content) => shown === content,
    show(content, title, children) {
      const scroll = shown === content ? body.scrollTop : 0;
      shown = content;
      root.hidden = false;
      root.className = `pane pane-${content}`;
      root.setAttribute('aria-label', title);
      fill(heading, title);
      fill(body, ...children);
      body.scrollTop = scroll;
    },
  };
}
