// The import directions of ARCHITECTURE.md, as lint errors.
const engineRooms = ['ir', 'linalg', 'analysis', 'data', 'train', 'passes', 'advise', 'report'];

/** Rooms an engine room must not import: everything later in the order (analysis and data stand side by side). */
const later = {
  ir: ['linalg', 'analysis', 'data', 'train', 'passes', 'advise', 'report'],
  linalg: ['analysis', 'data', 'train', 'passes', 'advise', 'report'],
  analysis: ['data', 'train', 'passes', 'advise', 'report'],
  data: ['analysis', 'train', 'passes', 'advise', 'report'],
  train: ['passes', 'advise', 'report'],
  passes: ['advise', 'report'],
  advise: ['report'],
  report: [],
};

const forbid = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to });

module.exports = {
  forbidden: [
    forbid('no-circular', 'A cycle has no order to read it in.', {}, { circular: true }),
    forbid('protocol-imports-nothing', 'protocol is types, constants and texts.', { path: '^src/protocol' }, { pathNot: '^src/protocol' }),
    forbid('engine-is-pure', 'The engine reaches the outside through its ports only.',
      { path: '^src/engine' },
      { path: ['^src/(?!engine|protocol)', '^webview', '^node_modules/onnxruntime', '^node_modules/@?vscode'] }),
    forbid('engine-no-node', 'No node:* in the engine.', { path: '^src/engine' }, { dependencyTypes: ['core'] }),
    ...engineRooms.map((room) => forbid(`engine-order-${room}`, 'ir < linalg < analysis, data < train < passes < advise < report.',
      { path: `^src/engine/${room}/` },
      { path: later[room].length ? `^src/engine/(${later[room].join('|')})/` : '^$' })),
    forbid('runtime-imports', 'runtime implements the ports.', { path: '^src/runtime' }, { path: ['^src/(jobs|worker|cli|host)', '^src/extension', '^webview'] }),
    forbid('jobs-imports', 'jobs are use cases over engine and runtime.', { path: '^src/jobs' }, { path: ['^src/(worker|cli|host)', '^src/extension', '^webview'] }),
    forbid('worker-imports', 'The worker knows jobs and protocol (and its own client half).', { path: '^src/worker' }, { path: ['^src/(cli|host|runtime)', '^src/extension', '^webview'] }),
    forbid('parent-stays-light', 'cli and host start the worker; of the engine they see types only.',
      { path: ['^src/(cli|host)/', '^src/extension'] },
      { path: ['^src/(engine|jobs(?!/(jobFolder|eventLog))|runtime)/', '^node_modules/onnxruntime'], dependencyTypesNot: ['type-only'] }),
    forbid('worker-client-is-the-parents', 'The client half runs in the parent: it never meets the use cases, nor the child half.',
      { path: '^src/worker/client(/|\\.ts)' },
      { path: ['^src/(engine|jobs(?!/(jobFolder|eventLog))|runtime)/', '^src/worker/(?!client)'] }),
    forbid('job-folder-is-plain-files', 'The parent reads job folders too.',
      { path: '^src/jobs/(jobFolder|eventLog)' },
      { path: '^src/', pathNot: ['^src/protocol/', '^src/jobs/(jobFolder|eventLog)'] }),
    forbid('only-runtime-loads-onnxruntime', 'onnxruntime-node lives in the forked child.', { pathNot: '^src/runtime' }, { path: '^node_modules/onnxruntime', dependencyTypesNot: ['type-only'] }),
    forbid('only-host-imports-vscode', 'vscode is the host\'s.', { path: '^src', pathNot: ['^src/host', '^src/extension'] }, { path: '^vscode$' }),
    forbid('webview-imports-protocol', 'The UI knows the protocol only.', { path: '^webview' }, { path: '^src/(?!protocol)' }),
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { extensions: ['.ts', '.js', '.mjs', '.json'] },
    externalModuleResolutionStrategy: 'node_modules',
  },
};
