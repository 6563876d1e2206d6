// Several checkpoints in one, by name, for a pass that keeps more than one thing.

import { framed, unframed } from './framedBytes';
import type { PassCheckpoint } from './pass';

type Header = readonly { readonly name: string; readonly bytes: number }[];

/** The parts of a checkpoint; saving one leaves the others as they are. */
export function checkpointParts(whole: PassCheckpoint): (name: string) => PassCheckpoint {
  let loaded: Promise<Map<string, Uint8Array>> | undefined;
  const parts = (): Promise<Map<string, Uint8Array>> => {
    loaded ??= whole.load().then((bytes) => (bytes === undefined ? new Map<string, Uint8Array>() : decodeParts(bytes)));
    return loaded;
  };
  return (name) => ({
    load: async () => (await parts()).get(name),
    save: async (bytes) => {
      const own = await parts();
      own.set(name, bytes);
      await whole.save(encodeParts(own));
    },
  });
}

function encodeParts(parts: ReadonlyMap<string, Uint8Array>): Uint8Array {
  return framed([...parts].map(([name, { length }]) => ({ name, bytes: length })) satisfies Header, [...parts.values()]);
}

function decodeParts(bytes: Uint8Array): Map<string, Uint8Array> {
  const { header, next } = unframed<Header>(bytes);
  return new Map(header.map(({ name, bytes: length }) => [name, next(length)]));
}
