// Findings and warnings below a table.

import { say } from '../../protocol/text/index';
import type { Finding } from '../../protocol/report';
import { printable, type Look } from '../terminal';

export function renderFindings(findings: readonly Finding[], look: Look): string[] {
  if (findings.length === 0) return [];
  return ['', ...findings.map((finding) => {
    const label = look.say(`severity.${finding.severity}`);
    const style = finding.severity === 'error' ? 'red' : finding.severity === 'warning' ? 'yellow' : 'dim';
    return `${look.style(style, `${label}:`)} ${printable(say(finding.code, finding.params, look.language))}`;
  })];
}
