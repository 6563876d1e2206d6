// The list of findings or warnings, worst first.

import type { Finding } from '../../src/protocol/report';
import { element } from './element';
import { icon } from './icons';
import { phrase, t } from './language';

const order = { error: 0, warning: 1, info: 2 } as const;

export function findingsList(findings: readonly Finding[], label: string): HTMLElement | null {
  if (findings.length === 0) return null;
  const sorted = [...findings].sort((a, b) => order[a.severity] - order[b.severity]);
  return element(
    'ul',
    { class: 'findings', 'aria-label': label },
    ...sorted.map((finding) =>
      element('li', {}, icon(finding.severity), element('span', { class: 'seen-only-by-readers' }, t(`view.severity.${finding.severity}`)), element('span', {}, phrase(finding))),
    ),
  );
}
