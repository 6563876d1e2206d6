// The models that the fuzz run damages: all small ones of the shared assets and of Debian's libonnx-testdata.

import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const TESTDATA = '/usr/share/libonnx-testdata/data';
/** Larger ones take longer to damage than to read. */
const MAX_BYTES = 1 << 17;

/** Paths, in one order everywhere. */
export function seedModels(assets: string): string[] {
  const found: string[] = [];
  const visit = (folder: string): void => {
    for (const entry of readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) visit(path);
      else if (entry.name.endsWith('.onnx') && statSync(path).size <= MAX_BYTES) found.push(path);
    }
  };
  for (const folder of [join(assets, 'models'), join(assets, 'topologies'), TESTDATA]) if (existsSync(folder)) visit(folder);
  if (found.length === 0) throw new Error('No seed models: install libonnx-testdata, or set DECANT_ASSETS.');
  return found;
}
