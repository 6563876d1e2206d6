// Starts the VS Code server of .cache/vscode-server (see scripts/lib/vscodeServer.mjs) on a profile of its own.
// It knows nothing of browsers: workbench.ts opens the page.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import path from 'node:path';

const repositoryRoot = path.resolve(__dirname, '..', '..');
const serverFolder = path.join(repositoryRoot, '.cache', 'vscode-server');
/** A cold start takes about two seconds on two cores. */
const startTimeoutMs = 60_000;

const endingSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export type Settings = Readonly<Record<string, unknown>>;

/** A quiet workbench: no welcome pages, no prompts, nothing that asks the network. */
const quietSettings: Settings = {
  'workbench.startupEditor': 'none',
  'workbench.tips.enabled': false,
  'workbench.enableExperiments': false,
  'workbench.colorTheme': 'Default Dark Modern',
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'window.menuBarVisibility': 'hidden',
  'telemetry.telemetryLevel': 'off',
  'extensions.autoCheckUpdates': false,
  'extensions.autoUpdate': false,
  'extensions.ignoreRecommendations': true,
  'chat.disableAIFeatures': true,
  'git.enabled': false,
  'update.mode': 'none',
};

export interface VsCodeServerOptions {
  /** Puts the extensions, unpacked, into the folder it is given. */
  readonly installExtensions: (extensionsFolder: string) => Promise<unknown>;
  readonly settings?: Settings;
  /** Variables for the server, and so for the extension host. */
  readonly env?: Readonly<Record<string, string>>;
  /** Folder for the profile; without it a temporary one that is removed on `stop`. */
  readonly profile?: string;
  /** True: the workspace is not trusted until someone says so. False (default): trust is off, everything is trusted. */
  readonly restricted?: boolean;
  /** 0 (default) picks a free port. */
  readonly port?: number;
}

export interface VsCodeServer {
  /** Address of the workbench on a folder or file of this machine. */
  readonly urlOf: (folder: string) => string;
  /** Replaces settings while the workbench runs; it takes them over by itself. */
  readonly setSettings: (changes: Settings) => void;
  /** What the server printed so far, for the message of a test that failed. */
  readonly log: () => string;
  readonly logsFolder: string;
  readonly stop: () => Promise<void>;
}

/** The two programs of the installed server, or an error that says how to get them. */
function serverPrograms(): { node: string; entry: string } {
  const description = path.join(serverFolder, 'server.json');
  if (!existsSync(description)) throw new Error('The VS Code server is not installed yet: run "npm test" or "npm run code" once, they install it.');
  const { node, entry } = JSON.parse(readFileSync(description, 'utf8')) as { node: string; entry: string };
  return { node: path.join(serverFolder, node), entry: path.join(serverFolder, entry) };
}

/** Starts a server and waits until it listens. */
export async function startVsCodeServer(options: VsCodeServerOptions): Promise<VsCodeServer> {
  const profile = options.profile ?? mkdtempSync(path.join(tmpdir(), 'decant-vscode-'));
  const extensionsFolder = path.join(profile, 'extensions');
  const settingsFile = path.join(profile, 'data', 'Machine', 'settings.json');
  mkdirSync(path.dirname(settingsFile), { recursive: true });
  mkdirSync(extensionsFolder, { recursive: true });
  const restricted = options.restricted ?? false;
  const trustSettings = { 'security.workspace.trust.enabled': restricted, 'security.workspace.trust.startupPrompt': 'never' };
  let settings = { ...quietSettings, ...trustSettings, ...options.settings };
  const writeSettings = (): void => writeFileSync(settingsFile, JSON.stringify(settings, null, 2));
  writeSettings();
  await options.installExtensions(extensionsFolder);

  const { node, entry } = serverPrograms();
  const args = [
    entry, '--without-connection-token', '--accept-server-license-terms', '--host', '127.0.0.1', '--port', String(options.port ?? 0),
    '--server-data-dir', profile, '--extensions-dir', extensionsFolder, '--telemetry-level', 'off',
    ...(restricted ? [] : ['--disable-workspace-trust']),
  ];
  const server = spawn(node, args, { env: { ...process.env, ...options.env }, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  const output: string[] = [];
  server.stderr.on('data', (chunk: Buffer) => output.push(chunk.toString()));
  const ended = new Promise<void>((resolve) => server.once('exit', () => resolve()));

  const killGroup = (): void => {
    // The group holds the extension hosts and the background processes they forked.
    if (server.pid !== undefined && server.exitCode === null && server.signalCode === null) process.kill(-server.pid, 'SIGKILL');
  };
  // A signal that ends this process runs no `exit` handlers; the server is in a group of its own and would stay.
  const endOnSignal = (signal: NodeJS.Signals): void => {
    killGroup();
    process.exit(128 + (constants.signals[signal] ?? 0));
  };
  process.once('exit', killGroup);
  for (const signal of endingSignals) process.once(signal, endOnSignal);

  const port = await new Promise<number>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`The VS Code server did not listen in time.\n${output.join('')}`)), startTimeoutMs);
    server.once('exit', (code) => reject(new Error(`The VS Code server ended with status ${String(code)}.\n${output.join('')}`)));
    server.stdout.on('data', (chunk: Buffer) => {
      output.push(chunk.toString());
      const listening = /listening on (\d+)/.exec(output.join(''));
      if (listening === null) return;
      clearTimeout(timer);
      resolve(Number(listening[1]));
    });
  });

  return {
    urlOf: (folder) => `http://127.0.0.1:${port}/?folder=${encodeURIComponent(folder)}`,
    setSettings: (changes) => {
      settings = { ...settings, ...changes };
      writeSettings();
    },
    log: () => output.join(''),
    logsFolder: path.join(profile, 'data', 'logs'),
    stop: async () => {
      process.off('exit', killGroup);
      for (const signal of endingSignals) process.off(signal, endOnSignal);
      killGroup();
      await ended;
      if (options.profile === undefined) rmSync(profile, { recursive: true, force: true });
    },
  };
}
