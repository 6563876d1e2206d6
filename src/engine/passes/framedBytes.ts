// Several parts of bytes in one, behind a header: what checkpoints of passes are stored as.
// Layout: length of the header (u32, little endian), header (JSON), then the parts in order.

const LENGTH_BYTES = 4;

/** `header` has to say how long each part is. */
export function framed(header: unknown, parts: readonly Uint8Array[]): Uint8Array {
  const head = new TextEncoder().encode(JSON.stringify(header));
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, LENGTH_BYTES + head.length));
  new DataView(all.buffer).setUint32(0, head.length, true);
  all.set(head, LENGTH_BYTES);
  let offset = LENGTH_BYTES + head.length;
  for (const part of parts) {
    all.set(part, offset);
    offset += part.length;
  }
  return all;
}

export interface Unframed<Header> {
  readonly header: Header;
  /** The next part, a copy; called in order. */
  readonly next: (length: number) => Uint8Array;
}

/** `Header` is what was given to `framed`: nobody else writes these bytes. */
export function unframed<Header>(bytes: Uint8Array): Unframed<Header> {
  let offset = LENGTH_BYTES + new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(LENGTH_BYTES, offset))) as Header;
  return {
    header,
    next: (length) => {
      const part = bytes.slice(offset, offset + length);
      offset += length;
      return part;
    },
  };
}
