// Files derived from the sources, written by every build. To add one, add a row.

import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { passDocs } from '../src/engine/passes/passDocs';
import { recipeSchema } from '../src/engine/passes/recipeSchema';
import { texts } from '../src/protocol/text/index';

/** Path in the repository -> what makes its JSON, or its text where that is a string. */
const generated: Readonly<Record<string, () => unknown>> = {
  'l10n/bundle.l10n.zh-cn.json': chineseBundle,
  'media/recipe.schema.json': recipeSchema,
  'docs/passes.md': passDocs,
};

/** VS Code looks a translation up by its English text. */
function chineseBundle(): Record<string, string> {
  return Object.fromEntries(Object.values(texts).map(({ en, zh }) => [en, zh]));
}

export function generate(root: string): void {
  for (const [name, make] of Object.entries(generated)) {
    const file = path.join(root, name);
    mkdirSync(path.dirname(file), { recursive: true });
    const content = make();
    writeFileSync(file, typeof content === 'string' ? content : `${JSON.stringify(content, undefined, 2)}\n`);
  }
}
