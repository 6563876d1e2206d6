// Several checkpoints in one, by name, for a pass that keeps more than one thing.
// Layout: length of the header (u32), header (JSON), then the bytes of the parts in the header's order.

import type { PassCheckpoint } from './pass';

type Header = readonly { readonly name: string; readonly bytes: number }[];

const LENGTH_BYTES = 4;

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
  const header = new TextEncoder().encode(JSON.stringify([...parts].map(([name, { length }]) => ({ name, bytes: length })) satisfies Header));
  const all = new Uint8Array([...parts.values()].reduce((sum, { length }) => sum + length, LENGTH_BYTES + header.length));
  new DataView(all.buffer).setUint32(0, header.length, true);
  all.set(header, LENGTH_BYTES);
  let offset = LENGTH_BYTES + header.length;
  for (const bytes of parts.values()) {
    all.set(bytes, offset);
    offset += bytes.length;
  }
  return all;
}

function decodeParts(bytes: Uint8Array): Map<string, Uint8Array> {
  let offset = LENGTH_BYTES + new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(LENGTH_BYTES, offset))) as Header;
  return new Map(header.map(({ name, bytes: length }) => {
    const part = bytes.slice(offset, offset + length);
    offset += length;
    return [name, part];
  }));
}
