// The pages of Decant as a person sees them: the model editor and the side view "Compression Review".
// What is looked up is what is shown or read out (roles and names), not how it is built.
import type { Frame, Locator, Page } from 'playwright-core';
import { webviewWith } from '../support/workbench';

/** The page of the model editor once it shows its layers. */
export function modelEditor(page: Page): Promise<Frame> {
  return webviewWith(page, '[role=treegrid][aria-label^="Layers of"] [role=row][data-index]');
}

/** The page of the review once it shows a report; with `timeoutMs`, once a compression has ended and opened it. */
export function review(page: Page, timeoutMs?: number): Promise<Frame> {
  return webviewWith(page, '[role=treegrid][aria-label*="before and after"] [role=row][data-index]', timeoutMs);
}

/** The review has a second table: of what groups of layers kept. */
const layerTable = '[role=treegrid]:is([aria-label^="Layers of"], [aria-label*="before and after"])';

/** Rows of the layer table without its header; only those in view exist. */
export function layerRows(frame: Frame): Locator {
  return frame.locator(`${layerTable} [role=row][data-index]`);
}

/** Lines of the tooltip of a row's name: in the review its layer id first; in the editor its node name and its id. */
export async function layerNames(row: Locator): Promise<readonly string[]> {
  const tooltip = await row.getByRole('rowheader').getAttribute('title');
  return tooltip?.split('\n') ?? [];
}

/** Whether an element lies within another from top to bottom, give or take a pixel. */
export async function isInside(inner: Locator, outer: Locator): Promise<boolean> {
  const [part, whole] = await Promise.all([inner.boundingBox(), outer.boundingBox()]);
  if (part === null || whole === null) return false;
  return part.y >= whole.y - 1 && part.y + part.height <= whole.y + whole.height + 1;
}

/** How many layers a table says it has. */
export async function layerCount(frame: Frame): Promise<number> {
  const count = await frame.locator(layerTable).getAttribute('aria-rowcount');
  // The header is a row too.
  return Number(count) - 1;
}

/** Texts of a row of the totals of a review: before, after, change. */
export async function totalsRow(frame: Frame, figure: string): Promise<readonly string[]> {
  const row = frame.getByRole('row').filter({ has: frame.getByRole('rowheader', { name: figure, exact: true }) });
  return row.getByRole('cell').allInnerTexts();
}
