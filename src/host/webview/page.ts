// The HTML of a webview: nothing is allowed but our own bundle, by nonce, and our own style sheet.

import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';

export type PageName = 'editor' | 'review';

/** Lets the page load the bundle and nothing else, and gives it its HTML. */
export function fillWebview(webview: vscode.Webview, extension: vscode.Uri, name: PageName, title: string): void {
  const bundles = vscode.Uri.joinPath(extension, 'dist', 'webview');
  webview.options = { enableScripts: true, localResourceRoots: [bundles, vscode.Uri.joinPath(extension, 'media')] };
  const nonce = randomBytes(16).toString('base64');
  const script = webview.asWebviewUri(vscode.Uri.joinPath(bundles, `${name}.js`)).toString();
  const style = webview.asWebviewUri(vscode.Uri.joinPath(bundles, `${name}.css`)).toString();
  // The toolkit asks what CSS the browser can do by an empty style element, which it gives the nonce of `csp-nonce`.
  const policy = `default-src 'none'; style-src ${webview.cspSource} 'nonce-${nonce}'; script-src 'nonce-${nonce}'`;
  webview.html = `<!DOCTYPE html>
<html lang="${escape(vscode.env.language)}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${escape(policy)}">
<meta property="csp-nonce" content="${nonce}">
<meta name="viewport" content="width=device-width">
<title>${escape(title)}</title>
<link rel="stylesheet" href="${escape(style)}">
</head>
<body><script nonce="${nonce}" src="${escape(script)}"></script></body>
</html>`;
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
