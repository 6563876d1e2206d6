// What VS Code shows in a model's text: deltas of the newest report behind each layer's operator, hovers, the outline and what
// can be folded.

import * as vscode from 'vscode';
import { deltasFit } from '../../protocol/changes';
import type { ModelText, TextLayer } from '../../protocol/modelText';
import type { ReportStore } from '../reports/reportStore';
import { layerHover, type LayerDeltas, SELECT_LAYER } from './hover';
import { deltaLine } from './layerDelta';
import type { ModelTexts } from './modelTexts';
import { modelOfText, TEXT_LANGUAGE, TEXT_SCHEME } from './textUri';
import { words } from '../language';

export const TEXT_SELECTOR: vscode.DocumentFilter = { scheme: TEXT_SCHEME, language: TEXT_LANGUAGE };

interface Parts {
  readonly texts: ModelTexts;
  readonly reports: ReportStore;
}

interface Shown {
  readonly model: string;
  readonly text: ModelText;
  deltasOf(layer: TextLayer): LayerDeltas | undefined;
}

export function registerLayerLines(parts: Parts): vscode.Disposable {
  const hints = layerHints(parts);
  return vscode.Disposable.from(
    hints,
    vscode.languages.registerInlayHintsProvider(TEXT_SELECTOR, hints.provider),
    vscode.languages.registerHoverProvider(TEXT_SELECTOR, { provideHover: (document, position) => hoverAt(parts, document, position) }),
    vscode.languages.registerDocumentSymbolProvider(TEXT_SELECTOR, { provideDocumentSymbols: (document) => symbols(parts, document) }),
    vscode.languages.registerFoldingRangeProvider(TEXT_SELECTOR, { provideFoldingRanges: (document) => folds(parts, document) }),
  );
}

async function shownIn({ texts, reports }: Parts, document: vscode.TextDocument): Promise<Shown | undefined> {
  const model = modelOfText(document.uri);
  if (model === undefined) return undefined;
  const text = await texts.of(model);
  const review = reports.reviewOf(model);
  const reported = new Map(review?.report.layers.map((layer) => [layer.id, layer]));
  const known = text.layers.filter(({ id }) => reported.has(id)).length;
  const fits = deltasFit(known, text.layers.length);
  return {
    model,
    text,
    deltasOf({ id }) {
      const report = fits ? reported.get(id) : undefined;
      return report === undefined || review === null ? undefined : { source: review.name, report };
    },
  };
}

function layerHints(parts: Parts): vscode.Disposable & { readonly provider: vscode.InlayHintsProvider } {
  const changed = new vscode.EventEmitter<void>();
  const listening = parts.reports.onDidChange(() => changed.fire());
  const provider: vscode.InlayHintsProvider = {
    onDidChangeInlayHints: changed.event,
    async provideInlayHints(document, range) {
      const shown = await shownIn(parts, document);
      if (shown === undefined) return [];
      return shown.text.layers
        .filter(({ line }) => line >= range.start.line && line <= range.end.line && line < document.lineCount)
        .flatMap((layer) => hint(shown, layer, new vscode.Position(layer.line, layer.column)));
    },
  };
  return {
    provider,
    dispose() {
      vscode.Disposable.from(changed, listening).dispose();
    },
  };
}

function hint(shown: Shown, layer: TextLayer, at: vscode.Position): readonly vscode.InlayHint[] {
  const deltas = shown.deltasOf(layer);
  const line = deltas === undefined ? '' : deltaLine(deltas.report);
  if (line === '') return [];
  const part = new vscode.InlayHintLabelPart(line);
  part.tooltip = layerHover(shown.model, layer, deltas);
  part.command = { title: words('text.showLayer'), command: SELECT_LAYER, arguments: [vscode.Uri.file(shown.model), layer.id] };
  const made = new vscode.InlayHint(at, [part]);
  made.paddingLeft = true;
  made.paddingRight = true;
  return [made];
}

async function hoverAt(parts: Parts, document: vscode.TextDocument, position: vscode.Position): Promise<vscode.Hover | undefined> {
  const shown = await shownIn(parts, document);
  const layer = shown?.text.layers.find(({ line }) => line === position.line);
  if (shown === undefined || layer === undefined) return undefined;
  const line = document.lineAt(position.line);
  return new vscode.Hover(layerHover(shown.model, layer, shown.deltasOf(layer)), new vscode.Range(line.lineNumber, line.firstNonWhitespaceCharacterIndex, line.lineNumber, line.text.length));
}

async function symbols(parts: Parts, document: vscode.TextDocument): Promise<vscode.DocumentSymbol[]> {
  const shown = await shownIn(parts, document);
  const layers = shown?.text.layers ?? [];
  return layers.filter(({ line }) => line < document.lineCount).map(({ name, op, line }) => {
    const { range } = document.lineAt(line);
    return new vscode.DocumentSymbol(name, op, vscode.SymbolKind.Function, range, range);
  });
}

async function folds(parts: Parts, document: vscode.TextDocument): Promise<vscode.FoldingRange[]> {
  const shown = await shownIn(parts, document);
  return (shown?.text.blocks ?? []).map(({ kind, first, last }) => new vscode.FoldingRange(first, last, kind === 'header' ? vscode.FoldingRangeKind.Imports : vscode.FoldingRangeKind.Region));
}
