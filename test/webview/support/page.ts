// Opens a webview bundle in Chromium as VS Code would: theme variables, the same content security policy, and a stub of
// the host that answers calls and can tell things. For tests and for looking at screenshots.

import { build } from 'esbuild';
import type { Browser, Page } from 'playwright-core';
import type { Answer } from '../../../src/protocol/webviewMessages';
import { launchBrowser } from '../../support/workbench';
import { type ThemeName, themes } from './themes';

export type PageName = 'editor' | 'review';

const bundles = new Map<PageName, Promise<{ script: string; style: string }>>();

export { launchBrowser };

export interface OpenedPage {
  readonly page: Page;
  /** Errors and policy violations that the page reported. */
  readonly problems: readonly string[];
  readonly tell: (message: unknown) => Promise<void>;
  /** Calls made so far, in order. */
  readonly calls: () => Promise<readonly { name: string; request: unknown }[]>;
}

export interface OpenOptions {
  readonly theme: ThemeName;
  readonly width: number;
  readonly height: number;
  readonly language?: string;
  /** Results of calls by name; a call not named is answered with null. */
  readonly answers?: Readonly<Record<string, unknown>>;
  readonly state?: unknown;
}

export async function openPage(browser: Browser, name: PageName, options: OpenOptions): Promise<OpenedPage> {
  const { script, style } = await bundle(name);
  const page = await browser.newPage({ viewport: { width: options.width, height: options.height } });
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') problems.push(message.text());
  });
  const { bodyClass, variables } = themes[options.theme];
  const css = Object.entries(variables).map(([key, value]) => `--vscode-${key}: ${value};`).join(' ');
  const files: Readonly<Record<string, { body: string; contentType: string }>> = {
    '/': {
      contentType: 'text/html',
      body: `<!DOCTYPE html><html lang="${options.language ?? 'en'}"><head><meta charset="utf-8"><title>Decant</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src http://decant.test 'nonce-test'; script-src 'nonce-test'"><meta property="csp-nonce" content="test">
<link rel="stylesheet" href="/theme.css"><link rel="stylesheet" href="/page.css"></head><body class="${bodyClass}" data-vscode-theme-kind="${bodyClass}"><script nonce="test" src="/host.js"></script><script nonce="test" src="/page.js"></script></body></html>`,
    },
    '/theme.css': { contentType: 'text/css', body: `:root { ${css} }` },
    '/page.css': { contentType: 'text/css', body: style },
    '/page.js': { contentType: 'text/javascript', body: script },
    '/host.js': { contentType: 'text/javascript', body: hostStub(options) },
  };
  await page.route('http://decant.test/**', async (route) => {
    const file = files[new URL(route.request().url()).pathname];
    await (file === undefined ? route.fulfill({ status: 404, body: '' }) : route.fulfill({ ...file, headers: { 'Access-Control-Allow-Origin': '*' } }));
  });
  await page.goto('http://decant.test/');
  return {
    page,
    problems,
    tell: (message) => page.evaluate(`window.postMessage(${JSON.stringify(message)}, '*')`).then(() => page.waitForTimeout(60)),
    calls: () => page.evaluate<{ name: string; request: unknown }[]>('window.calls'),
  };
}

function hostStub({ answers = {}, state = null }: OpenOptions): string {
  const answer: Omit<Extract<Answer, { ok: true }>, 'id' | 'result'> = { type: 'answer', ok: true };
  return `window.calls = [];
let state = ${JSON.stringify(state)};
const answers = ${JSON.stringify(answers)};
window.acquireVsCodeApi = () => ({
  getState: () => state,
  setState: (next) => { state = next; },
  postMessage: (message) => {
    if (message.type !== 'call') return;
    window.calls.push({ name: message.name, request: message.request });
    window.postMessage({ ...${JSON.stringify(answer)}, id: message.id, result: answers[message.name] ?? null }, '*');
  },
});`;
}

function bundle(name: PageName): Promise<{ script: string; style: string }> {
  let built = bundles.get(name);
  if (built === undefined) {
    built = build({ entryPoints: [`webview/${name}.ts`], bundle: true, format: 'iife', target: 'es2022', outdir: 'out', write: false, minify: true }).then(({ outputFiles }) => ({
      script: outputFiles.find(({ path }) => path.endsWith('.js'))?.text ?? '',
      style: outputFiles.find(({ path }) => path.endsWith('.css'))?.text ?? '',
    }));
    bundles.set(name, built);
  }
  return built;
}
