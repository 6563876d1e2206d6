// Runs inside the extension host: the time from require() of the bundle to the end of activate(), and whether
// onnxruntime is mapped into the process. A measurement, not a test: it writes its figures beside the results.

import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as vscode from 'vscode';
import { harnessVariables } from '../../test/host/harness/results';

/** After this the built-in extensions of a fresh VS Code have started on two cores. */
const SETTLE_MS = 8000;

describe('activation', () => {
  it('is measured', async () => {
    const extension = vscode.extensions.getExtension('decant.decant');
    if (extension === undefined) throw new Error('Decant is not installed');
    // Decant starts when a person opens a model, not while VS Code itself starts: let the start-up settle first.
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    const wasActive = extension.isActive;
    const began = performance.now();
    await extension.activate();
    const activationMs = performance.now() - began;
    // Native libraries of a process on Linux; the benchmark machines are.
    const loadsRuntime = readFileSync('/proc/self/maps', 'utf8').includes('onnxruntime');
    const results = process.env[harnessVariables.results] ?? '';
    writeFileSync(join(dirname(results), 'activation.json'), JSON.stringify({ wasActive, activationMs, loadsRuntime }));
  });
});
