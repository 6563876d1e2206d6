// Files derived from the sources, written by every build. To add one, add a row.

import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { recipeSchema } from '../src/engine/passes/recipeSchema';
import { texts } from '../src/protocol/text/index';

/** Path in the repository -> what makes its JSON. */
const generated: Readonly<Record<string, () => unknown>> = {
  'l10n/bundle.l10n.zh-cn.json': chineseBundle,
  'media/recipe.schema.json': recipeSchema,
};

/** VS Code looks a translation up by its English text. */
function chineseBundle(): Record<string, string> {
  return Object.fromEntries(Object.values(texts).map(({ en, zh }) => [en, zh]));
}

export function generate(root: string): void {
  for (const [name, make] of Object.entries(generated)) {
    const file = path.join(root, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, `${JSON.stringify(make(), undefined, 2)}\n`);
  }
}
