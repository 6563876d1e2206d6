// Installs what a command needs on a fresh Debian machine: npm's packages and Debian's. Does nothing where they are there.
// Node builtins only: it runs before node_modules exists.
// @ts-check
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { announce, repositoryRoot, run } from './process.mjs';

/**
 * Does a step once for each key: the stamp file holds the key of the last time it succeeded.
 * @param {string} stampPath relative to the repository @param {string} key @param {() => Promise<void>} step
 */
export async function once(stampPath, key, step) {
  const stamp = path.join(repositoryRoot, stampPath);
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === key) return;
  await step();
  mkdirSync(path.dirname(stamp), { recursive: true });
  writeFileSync(stamp, key);
}

/**
 * Whether node_modules holds what the lock file asks for; npm keeps its own list of what it installed there.
 * @param {string} lockPath @param {string} installedPath
 */
function isUpToDate(lockPath, installedPath) {
  if (!existsSync(installedPath)) return false;
  /** @typedef {Record<string, { version?: string, optional?: boolean }>} Packages */
  const wanted = /** @type {{ packages: Packages }} */ (JSON.parse(readFileSync(lockPath, 'utf8'))).packages;
  const installed = /** @type {{ packages: Packages }} */ (JSON.parse(readFileSync(installedPath, 'utf8'))).packages;
  return Object.entries(wanted).every(([name, { version, optional }]) => {
    const found = installed[name];
    // Optional packages are those of other platforms: npm leaves them out here.
    return name === '' || (found === undefined ? optional === true : found.version === version);
  });
}

/** Installs the packages of package-lock.json when node_modules is missing or was made from another lock file. */
export async function installDependencies() {
  const inRepository = (/** @type {string} */ relative) => path.join(repositoryRoot, relative);
  if (isUpToDate(inRepository('package-lock.json'), inRepository('node_modules/.package-lock.json'))) return;
  announce('Installing the npm packages of package-lock.json');
  await run('npm', ['ci', '--no-audit', '--no-fund']);
}

/** @param {string} name */
function isDebianPackageInstalled(name) {
  const query = spawnSync('dpkg-query', ['--show', '--showformat=${db:Status-Status}', name], { encoding: 'utf8' });
  return query.stdout === 'installed';
}

/**
 * Installs Debian packages with apt-get, through sudo where we are not root.
 * @param {readonly string[]} names
 */
export async function installDebianPackages(names) {
  const missing = names.filter((name) => !isDebianPackageInstalled(name));
  if (missing.length === 0) return;
  announce(`Installing the Debian packages ${missing.join(', ')}`);
  const asRoot = process.getuid?.() === 0 ? [] : ['sudo'];
  const [program = 'env', ...prefix] = [...asRoot, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get'];
  try {
    await run(program, [...prefix, 'update', '-q']);
    await run(program, [...prefix, 'install', '-y', '-q', '--no-install-recommends', ...missing]);
  } catch (cause) {
    throw new Error(`The tests need the Debian packages ${missing.join(', ')}. Install them by hand, then run the command again.`, { cause });
  }
}
