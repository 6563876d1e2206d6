// Drives the workbench of a real VS Code in Debian's Chromium: opens it, right-clicks, runs commands, finds webviews,
// switches themes, takes screenshots. It knows VS Code's page, not Decant.
import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { chromium, type Browser, type Frame, type Locator, type Page } from 'playwright-core';
import { layOutExtension } from '../../scripts/extensionFiles';
import { repositoryRoot } from './assets';
import { startVsCodeServer, type Settings, type VsCodeServer, type VsCodeServerOptions } from './vscodeServer';

/** Where Debian and its relatives put Chromium; CHROMIUM names another one. */
const chromiumCandidates = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
/** Generous for two busy cores; a workbench is ready in about three seconds. */
const pageTimeoutMs = 30_000;
/** Title of Decant's container in the activity bar, which appears when VS Code knows the extension; that of its only view. */
const activityBarTitle = 'Compression Review';
/** VS Code's menus wait 100 ms (base/browser/ui/menu); the rest is for a busy machine. */
const menuDeadTimeMs = 400;
const screenshotFolder = path.join(repositoryRoot, 'out', 'screenshots');

/** Names of the built-in themes; the strings are VS Code's own setting values. */
export const themes = {
  light: 'Default Light Modern',
  dark: 'Default Dark Modern',
  'high-contrast': 'Default High Contrast',
} as const;
export type ThemeName = keyof typeof themes;

export interface Workbench {
  readonly page: Page;
  readonly server: VsCodeServer;
  readonly close: () => Promise<void>;
}

export function findChromium(): string {
  const found = [process.env['CHROMIUM'] ?? '', ...chromiumCandidates].find((candidate) => candidate !== '' && existsSync(candidate));
  if (found === undefined) throw new Error('Chromium is not installed: "apt-get install chromium", or name its program in CHROMIUM.');
  return found;
}

/** Launches Chromium without a window. It must not reach anything but this machine. */
export function launchBrowser(): Promise<Browser> {
  // As root Chromium refuses to start with its sandbox; the pages are our own.
  const args = ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update'];
  return chromium.launch({ executablePath: findChromium(), args });
}

/** Opens a page that can talk to this machine only: VS Code would ask its gallery otherwise. */
export async function openPage(browser: Browser, url: string): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  page.setDefaultTimeout(pageTimeoutMs);
  await page.route((address) => address.hostname !== '127.0.0.1', (route) => route.abort());
  await page.goto(url);
  return page;
}

export interface WorkbenchOptions {
  readonly folder: string;
  readonly settings?: Settings;
  readonly server?: Partial<VsCodeServerOptions>;
}

/** Starts a server with Decant as its allow-list ships it and opens its workbench on a folder. */
export async function openWorkbench({ folder, settings, server: serverOptions }: WorkbenchOptions): Promise<Workbench> {
  const server = await startVsCodeServer({ installExtensions: layOutExtension, ...(settings && { settings }), ...serverOptions });
  const browser = await launchBrowser();
  const close = async (): Promise<void> => {
    await browser.close();
    await server.stop();
  };
  try {
    const page = await openPage(browser, server.urlOf(folder));
    await explorerRow(page).first().waitFor();
    // The scan of extensions ends seconds after the explorer is there; files opened before it open as text.
    await page.locator('.activitybar').getByRole('tab', { name: activityBarTitle }).waitFor();
    return { page, server, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** A row of the explorer tree, by file name where one is given. */
export function explorerRow(page: Page, name?: string): Locator {
  const rows = page.locator('.explorer-folders-view .monaco-list-row');
  return name === undefined ? rows : rows.filter({ has: page.getByText(name, { exact: true }) });
}

/** Brings the explorer to the front of the side bar. */
export async function showExplorer(page: Page): Promise<void> {
  if (await explorerRow(page).first().isVisible()) return;
  await page.locator('.activitybar').getByRole('tab', { name: /^Explorer/ }).click();
  await explorerRow(page).first().waitFor();
}

/** Waits until a row has not moved for half a second: the explorer takes in new files bit by bit. */
async function waitUntilStill(row: Locator): Promise<void> {
  let last = -1;
  for (let still = 0; still < 5; ) {
    const { y = -1 } = (await row.boundingBox()) ?? {};
    still = y === last && y >= 0 ? still + 1 : 0;
    last = y;
    await row.page().waitForTimeout(100);
  }
}

/** Right-clicks a file in the explorer and chooses an entry of its context menu. */
export async function chooseInExplorer(page: Page, file: string, entry: string | RegExp): Promise<void> {
  await showExplorer(page);
  await waitUntilStill(explorerRow(page, file));
  await explorerRow(page, file).click({ button: 'right' });
  const item = page.locator('.monaco-menu').getByRole('menuitem', { name: entry });
  await item.hover();
  // A fresh menu takes no click for a moment, so that the release of the button that opened it chooses nothing.
  await page.waitForTimeout(menuDeadTimeMs);
  await item.click();
  await page.locator('.monaco-menu').waitFor({ state: 'detached' });
}

/** Runs a command by its title through the command palette. */
export async function runCommand(page: Page, title: string): Promise<void> {
  await page.keyboard.press('F1');
  await page.locator('.quick-input-widget input').first().fill(`>${title}`);
  await quickPickRow(page, title).first().click();
}

/** A row of the quick pick that is open. */
export function quickPickRow(page: Page, text: string | RegExp): Locator {
  return page.locator('.quick-input-list .monaco-list-row').filter({ hasText: text });
}

/** The notification toast that says `text`. */
export function notification(page: Page, text: string | RegExp): Locator {
  return page.locator('.notification-toast').filter({ hasText: text });
}

/**
 * The innermost frame of the webview that holds `selector`: VS Code nests its content in two frames, and a page can
 * hold several webviews. Frames come and go while views are laid out, so that every look starts anew.
 */
export async function webviewWith(page: Page, selector: string, timeoutMs = pageTimeoutMs): Promise<Frame> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    for (const frame of page.frames()) {
      if (frame.isDetached() || !frame.url().includes('fake.html')) continue;
      if ((await countIn(frame, selector)) > 0) return frame;
    }
    if (Date.now() > deadline) throw new Error(`No webview holds "${selector}" after ${timeoutMs} ms. Frames: ${page.frames().map((frame) => frame.url()).join(', ')}`);
    await page.waitForTimeout(100);
  }
}

/** A frame that goes away while it is asked counts as empty: the caller looks again. */
function countIn(frame: Frame, selector: string): Promise<number> {
  return frame.locator(selector).filter({ visible: true }).count().catch((error: unknown) => {
    if (frame.isDetached() || /detached|context was destroyed|closed/i.test(String(error))) return 0;
    throw error;
  });
}

/** Switches the colour theme through the settings file and waits until the workbench shows it. */
export async function setTheme({ page, server }: Workbench, theme: ThemeName): Promise<void> {
  server.setSettings({ 'workbench.colorTheme': themes[theme] });
  const themeClass = { light: 'vs', dark: 'vs-dark', 'high-contrast': 'hc-black' }[theme];
  await page.locator(`.monaco-workbench.${themeClass}`).waitFor();
  // Webviews are told after the workbench, and repaint by themselves.
  await page.waitForTimeout(500);
}

/** Saves what the page shows as out/screenshots/NAME.png and gives the path. */
export async function screenshot(page: Page, name: string): Promise<string> {
  mkdirSync(screenshotFolder, { recursive: true });
  const file = path.join(screenshotFolder, `${name}.png`);
  await page.screenshot({ path: file });
  return file;
}
