// A program of its own, bundled by fuzz.ts: damages and tries models of a range, one after the other, telling its parent
// before and after each. The parent ends it where one takes too long.

import { readFileSync } from 'node:fs';
import { mutate, randomFrom } from './mutate';
import { tryModel } from './tryModel';

export type ToChild = { readonly seeds: readonly string[]; readonly from: number; readonly to: number };
export type FromChild =
  | { readonly type: 'begin'; readonly index: number }
  | { readonly type: 'end'; readonly index: number; readonly kind: string; readonly detail: string; readonly cpuMs: number; readonly rss: number };

process.on('message', ({ seeds, from, to }: ToChild) => {
  void run(seeds, from, to).then(() => process.exit(0));
});

async function run(paths: readonly string[], from: number, to: number): Promise<void> {
  const read = (index: number): Uint8Array => new Uint8Array(readFileSync(paths[index % paths.length] ?? ''));
  for (let index = from; index < to; index += 1) {
    const random = randomFrom(index);
    const bytes = mutate(read(index), read(Math.floor(random() * paths.length)), random);
    send({ type: 'begin', index });
    const began = process.cpuUsage();
    const { kind, detail } = await tryModel(bytes);
    const { user, system } = process.cpuUsage(began);
    await sent({ type: 'end', index, kind, detail, cpuMs: (user + system) / 1000, rss: process.memoryUsage.rss() });
  }
}

function send(message: FromChild): void {
  process.send?.(message);
}

function sent(message: FromChild): Promise<void> {
  return new Promise((resolve, reject) => process.send?.(message, undefined, {}, (error) => (error === null ? resolve() : reject(error))));
}
