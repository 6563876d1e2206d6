// Addresses of models as text: the path shows the file's name with another extension, the query holds the model's path.

import * as vscode from 'vscode';

export const TEXT_SCHEME = 'decant-text';
export const TEXT_LANGUAGE = 'onnx-text';
const EXTENSION = '.onnxtxt';

export function textUri(model: string): vscode.Uri {
  const { path } = vscode.Uri.file(model);
  return vscode.Uri.from({ scheme: TEXT_SCHEME, path: `${path.replace(/\.onnx$/i, '')}${EXTENSION}`, query: model });
}

/** Path of the model; undefined where the address is none of ours. */
export function modelOfText(uri: vscode.Uri): string | undefined {
  return uri.scheme === TEXT_SCHEME && uri.query !== '' ? uri.query : undefined;
}
