// Mocha reporter of every layer: prints like `spec`, and leaves the counts as JSON in `output` for scripts/test.mjs.
// CommonJS because mocha wants a reporter as `module.exports`.
const { mkdirSync, writeFileSync } = require('node:fs');
const path = require('node:path');
const { reporters } = require('mocha');

class LayerReporter extends reporters.Spec {
  done(failures, callback) {
    const output = this.options.reporterOptions?.output ?? this.options.reporterOption?.output;
    if (output !== undefined) {
      const { passes, failures: failed, pending } = this.stats;
      mkdirSync(path.dirname(output), { recursive: true });
      writeFileSync(output, JSON.stringify({ passed: passes, failed, skipped: pending }));
    }
    callback(failures);
  }
}

module.exports = LayerReporter;
