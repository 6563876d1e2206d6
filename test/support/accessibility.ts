// Checks a page with axe-core: names, roles, keyboard reach and colour contrast by WCAG 2.1 A and AA.
import { readFileSync } from 'node:fs';
import type { Frame } from 'playwright-core';

interface AxeRun {
  readonly violations: readonly { readonly id: string; readonly help: string; readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[] }[];
}

const source = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const options = { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'], resultTypes: ['violations'] };

/** What axe finds wrong, a sentence each; empty where nothing is. */
export async function accessibilityProblems(frame: Frame): Promise<readonly string[]> {
  // Evaluated by the debugger, which the page's content security policy does not bind.
  await frame.evaluate(source);
  const { violations } = await frame.evaluate<AxeRun>(`axe.run(document, ${JSON.stringify(options)})`);
  return violations.flatMap(({ id, help, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${help}\n  ${html.slice(0, 200)}\n  ${failureSummary ?? ''}`));
}
