// Decodes images to interleaved bytes. JPEG goes through libjpeg-turbo's code compiled to WebAssembly (mozjpeg), which
// gives byte for byte what PIL and OpenCV give; a decoder with another inverse DCT costs accuracy that is not the model's.

import { EngineError } from '../../engine/error';
import type { DecodedImage } from '../../engine/ports';
import { decodeBmp } from './bmp';
import { loadWasm, wasmFiles } from './wasm';

/** 2^28 values: beyond any photograph, and what one decoded image may take of memory. */
const LARGEST = 2 ** 28;

type Decode = (bytes: Uint8Array) => Promise<DecodedImage> | DecodedImage;

const formats: readonly { readonly name: string; readonly magic: readonly number[]; readonly decode: Decode }[] = [
  { name: 'JPEG', magic: [0xff, 0xd8, 0xff], decode: decodeJpeg },
  { name: 'PNG', magic: [0x89, 0x50, 0x4e, 0x47], decode: decodePng },
  { name: 'BMP', magic: [0x42, 0x4d], decode: decodeBmp },
  { name: 'WebP', magic: [0x52, 0x49, 0x46, 0x46], decode: decodeWebp },
];

/** JPEG, PNG, WebP or BMP, told by content; throws `dataUnreadable`. Orientation in EXIF is not applied (as PIL). */
export async function decodeImage(bytes: Uint8Array, name: string): Promise<DecodedImage> {
  const format = formats.find(({ magic }) => magic.every((byte, index) => bytes[index] === byte));
  if (format === undefined) throw new EngineError('dataUnreadable', { file: name, format: 'JPEG, PNG, WebP or BMP', reason: 'it begins like none of them' });
  try {
    const image = await format.decode(bytes);
    if (image.width * image.height * image.channels !== image.data.length) throw new Error('its size and its pixels do not agree');
    return image;
  } catch (error) {
    throw new EngineError('dataUnreadable', { file: name, format: format.name, reason: reasonOf(error) }, { cause: error });
  }
}

/** The codecs throw objects of their own where the C++ inside them does. */
function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : 'the codec refuses it (damaged, or colours other than grey and RGB)';
}

// ── JPEG and WebP ────────────────────────────────────────────────────────────────────────────────────────────────

/** Pixels as the codecs give them: RGBA. */
interface Rgba {
  readonly width: number;
  readonly height: number;
  readonly data: ArrayLike<number>;
}

type WasmDecode = (bytes: ArrayBuffer) => Promise<Rgba>;

const loadJpeg = kept(async () => {
  const { default: decode, init } = await import('@jsquash/jpeg/decode.js');
  await init(await loadWasm(wasmFiles.jpeg));
  return decode;
});

const loadWebp = kept(async () => {
  const { default: decode, init } = await import('@jsquash/webp/decode.js');
  await init(await loadWasm(wasmFiles.webp));
  return decode;
});

/** A codec that is loaded at its first use, and anew after an image it could not decode: C++ may have left it halfway. */
function kept(load: () => Promise<WasmDecode>): WasmDecode {
  let loaded: Promise<WasmDecode> | undefined;
  return async (bytes) => {
    loaded ??= load();
    try {
      return await (await loaded)(bytes);
    } catch (error) {
      loaded = undefined;
      throw error;
    }
  };
}

async function decodeJpeg(bytes: Uint8Array): Promise<DecodedImage> {
  const { width, height, components, complete } = jpegHeader(bytes);
  refuseHuge(width, height);
  // libjpeg fills what is missing with grey and only warns.
  if (!complete) throw new Error('it is cut short');
  const image = opaque(await loadJpeg(ownBuffer(bytes)));
  // The codec widens grey to three equal channels; the file's own component count tells.
  return components === 1 ? everyThird(image) : image;
}

async function decodeWebp(bytes: Uint8Array): Promise<DecodedImage> {
  return opaque(await loadWebp(ownBuffer(bytes)));
}

function ownBuffer(bytes: Uint8Array): ArrayBuffer {
  return Uint8Array.from(bytes).buffer;
}

interface JpegHeader {
  readonly width: number;
  readonly height: number;
  readonly components: number;
  /** Whether the end of the image is there. */
  readonly complete: boolean;
}

/**
 * The frame header (SOF0 to SOF15 without DHT, JPG and DAC), and whether the end of the image follows the first scan:
 * inside scans 0xff is followed by 0x00 or a restart, never by 0xd9 (ITU-T T.81, table B.1 and B.1.1.5).
 */
function jpegHeader(bytes: Uint8Array): JpegHeader {
  const word = (at: number): number => ((bytes[at] ?? 0) << 8) + (bytes[at + 1] ?? 0);
  let frame = { width: 0, height: 0, components: 0 };
  let at = 2;
  while (at + 9 < bytes.length && bytes[at] === 0xff) {
    const marker = bytes[at + 1] ?? 0;
    if (marker === 0xda) {
      for (let end = bytes.indexOf(0xff, at); end >= 0; end = bytes.indexOf(0xff, end + 1)) {
        if (bytes[end + 1] === 0xd9) return { ...frame, complete: true };
      }
      break;
    }
    if (marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc) {
      frame = { height: word(at + 5), width: word(at + 7), components: bytes[at + 9] ?? 0 };
    }
    // A marker may be preceded by any number of fill bytes 0xff.
    at += marker === 0xff ? 1 : 2 + word(at + 2);
  }
  return { ...frame, complete: false };
}

function everyThird(image: DecodedImage): DecodedImage {
  const data = new Uint8Array(image.width * image.height);
  for (let pixel = 0; pixel < data.length; pixel += 1) data[pixel] = image.data[pixel * image.channels] ?? 0;
  return { width: image.width, height: image.height, channels: 1, data };
}

/** RGBA without its alpha. */
function opaque({ width, height, data }: Rgba): DecodedImage {
  const pixels = width * height;
  const out = new Uint8Array(pixels * 3);
  for (let pixel = 0; pixel < pixels; pixel += 1) {
    for (let channel = 0; channel < 3; channel += 1) out[pixel * 3 + channel] = data[pixel * 4 + channel] ?? 0;
  }
  return { width, height, channels: 3, data: out };
}

// ── PNG ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Grey, RGB or a palette of 1 to 8 bits; 16 bits keep their upper byte; alpha is dropped. */
async function decodePng(bytes: Uint8Array): Promise<DecodedImage> {
  if (bytes.length < 24) throw new Error('its header is cut off');
  const header = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  refuseHuge(header.getUint32(16), header.getUint32(20));
  const { decode } = await import('fast-png');
  const image = decode(bytes);
  const pixels = image.width * image.height;
  const value = valueAt(image.data, image.depth, image.width, image.channels);
  if (image.palette !== undefined) {
    const out = new Uint8Array(pixels * 3);
    for (let pixel = 0; pixel < pixels; pixel += 1) {
      const colour = image.palette[value(pixel)];
      if (colour === undefined) throw new Error('a pixel has no colour in the palette');
      out.set(colour.slice(0, 3), pixel * 3);
    }
    return { width: image.width, height: image.height, channels: 3, data: out };
  }
  const channels = image.channels < 3 ? 1 : 3;
  // A grey of fewer bits spans the same range as one of eight.
  const stretch = image.depth < 8 ? 255 / (2 ** image.depth - 1) : 1;
  const out = new Uint8Array(pixels * channels);
  for (let pixel = 0; pixel < pixels; pixel += 1) {
    for (let channel = 0; channel < channels; channel += 1) out[pixel * channels + channel] = value(pixel * image.channels + channel) * stretch;
  }
  return { width: image.width, height: image.height, channels, data: out };
}

/** Samples of fewer than 8 bits come packed, every row padded to whole bytes. */
function valueAt(data: Uint8Array | Uint8ClampedArray | Uint16Array, depth: number, width: number, channels: number): (index: number) => number {
  if (depth === 16) return (index) => (data[index] ?? 0) >> 8;
  if (depth === 8) return (index) => data[index] ?? 0;
  const row = Math.ceil((width * channels * depth) / 8);
  const perByte = 8 / depth;
  const mask = 2 ** depth - 1;
  return (index) => {
    const column = index % width;
    const byte = data[Math.floor(index / width) * row + Math.floor(column / perByte)] ?? 0;
    return (byte >> (8 - depth * ((column % perByte) + 1))) & mask;
  };
}

/** Called with what a header claims, before anything is allocated for it. */
function refuseHuge(width: number, height: number): void {
  if (width * height * 4 > LARGEST) throw new Error(`${width} x ${height} pixels are too many`);
}
