// Bytes that may be far larger than memory: the narrowest of the engine's ports, apart from ports.ts so that the records
// of ir/model.ts can hold references without a cycle.

/** Random access to bytes that may be far larger than memory. */
export interface ByteSource {
  /** Path or label, for messages. */
  readonly name: string;
  /** Length in bytes. */
  readonly size: number;
  /** Exactly `length` bytes from `offset`; rejects when they are not there. */
  read(offset: number, length: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

export interface ByteSink {
  /** Appends; resolves when more may be written. */
  write(bytes: Uint8Array): Promise<void>;
  /** Appends a range of a source. For sinks that can do it without the bytes going through here; else it is read and written. */
  copyFrom?(source: ByteSource, offset: number, length: number): Promise<void>;
}
