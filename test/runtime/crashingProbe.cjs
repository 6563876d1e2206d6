// A stand-in for the probe child (see providers.test.ts): what it does follows from the provider it is started for.
'use strict';

const [provider, first] = process.argv.slice(2);
const say = (message) => new Promise((resolve) => process.send(message, resolve));

const acts = {
  // Dies at once, as a driver that aborts does.
  cuda: async () => { await say({ type: 'trying', format: first }); process.abort(); },
  // Never answers.
  webgpu: async () => { await say({ type: 'trying', format: first }); setInterval(() => undefined, 1000); },
  // float32 runs; float16 crashes the child; what comes after is tried in another child and runs.
  tensorrt: async () => {
    for (const format of process.argv.slice(3)) {
      await say({ type: 'trying', format });
      if (format === 'float16') process.kill(process.pid, 'SIGSEGV');
      await say({ type: 'ran', format });
    }
    await say({ type: 'done' });
  },
  // Loads, but the model runs elsewhere.
  coreml: async () => { await say({ type: 'trying', format: first }); await say({ type: 'elsewhere', format: first, used: 'cpu' }); },
};

void acts[provider]();
