// The hover of a layer's line: its deltas with what they mean, and the way to the layer in the model editor. The only
// command it trusts is that one; names come from files and are never read as Markdown.

import * as vscode from 'vscode';
import type { TextLayer } from '../../protocol/modelText';
import type { LayerReport } from '../../protocol/report';
import { words } from '../language';
import { deltaTable } from './layerDelta';

export const SELECT_LAYER = 'decant.selectLayer';

/** Tables in hovers have no space between their columns. */
const GAP = '&nbsp;&nbsp;&nbsp;';

export interface LayerDeltas {
  /** Name of the report file. */
  readonly source: string;
  readonly report: LayerReport;
}

export function layerHover(model: string, layer: TextLayer, deltas: LayerDeltas | undefined): vscode.MarkdownString {
  const hover = new vscode.MarkdownString();
  hover.isTrusted = { enabledCommands: [SELECT_LAYER] };
  hover.appendMarkdown('**').appendText(layer.name).appendMarkdown('** · ').appendText(words('text.hover.layer', { op: layer.op }));
  if (deltas !== undefined) hover.appendMarkdown(' · ').appendText(words('text.hover.became', { form: deltaTable(deltas.report).form }));
  // First, where it is seen without scrolling.
  hover.appendMarkdown(` · [${words('text.showLayer')}](command:${SELECT_LAYER}?${encodeURIComponent(JSON.stringify([vscode.Uri.file(model), layer.id]))})`);
  if (deltas !== undefined) appendDeltas(hover, deltas);
  return hover;
}

function appendDeltas(hover: vscode.MarkdownString, { source, report }: LayerDeltas): void {
  const { rows, explanations } = deltaTable(report);
  if (rows.length > 0) {
    const line = (cells: readonly string[]): string => `| ${cells.join(` |${GAP}`)} |\n`;
    hover.appendMarkdown(`\n\n${line(['', words('view.review.before'), words('view.review.after'), words('view.review.change')])}|:--|--:|--:|--:|\n`);
    hover.appendMarkdown(rows.map(line).join(''));
  }
  // Sentences of our own with numbers; appendText would forbid them to wrap at spaces.
  for (const explanation of explanations) hover.appendMarkdown(`\n\n${explanation}`);
  hover.appendMarkdown('\n\n').appendText(words('text.hover.source', { name: source }));
}
