// Windows bitmaps without compression: 1, 4 and 8 bits with a palette, 24 and 32 bits of BGR(A) ([MS-WMF] 2.2.2).
// The packages for it get palettes wrong, and the format is this small.

import type { DecodedImage } from '../../engine/ports';

const FILE_HEADER = 14;
/** BITMAPINFOHEADER; the older core header (12) has gone with OS/2. */
const SMALLEST_INFO = 40;
const UNCOMPRESSED = 0;
/** Channel masks; accepted for 32 bits, where every writer uses the order BGRA. */
const BITFIELDS = 3;

/** Throws `Error` with a reason. */
export function decodeBmp(bytes: Uint8Array): DecodedImage {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length < FILE_HEADER + SMALLEST_INFO) throw new Error('its header is cut off');
  const pixelsAt = view.getUint32(10, true);
  const infoSize = view.getUint32(14, true);
  const width = view.getInt32(18, true);
  const storedHeight = view.getInt32(22, true);
  const bits = view.getUint16(28, true);
  const compression = view.getUint32(30, true);
  const height = Math.abs(storedHeight);
  const palette = FILE_HEADER + infoSize;
  if (infoSize < SMALLEST_INFO || width <= 0 || height === 0) throw new Error('its header is damaged');
  if (![1, 4, 8, 24, 32].includes(bits) || (compression !== UNCOMPRESSED && !(compression === BITFIELDS && bits === 32))) {
    throw new Error(`${bits} bits with compression ${compression} are not read; save it uncompressed`);
  }
  // Rows are padded to 4 bytes and go from the bottom up unless the height is negative.
  const row = Math.ceil((width * bits) / 32) * 4;
  if (pixelsAt + row * height > bytes.length) throw new Error('its pixels are cut off');
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y += 1) {
    const from = pixelsAt + row * (storedHeight > 0 ? height - 1 - y : y);
    for (let x = 0; x < width; x += 1) {
      const at = bits >= 24 ? from + (x * bits) / 8 : palette + 4 * index(bytes, from, x, bits);
      const to = (y * width + x) * 3;
      data[to] = bytes[at + 2] ?? 0;
      data[to + 1] = bytes[at + 1] ?? 0;
      data[to + 2] = bytes[at] ?? 0;
    }
  }
  return { width, height, channels: 3, data };
}

/** Palette index of a pixel; the first pixel is in a byte's highest bits. */
function index(bytes: Uint8Array, from: number, x: number, bits: number): number {
  const perByte = 8 / bits;
  const byte = bytes[from + Math.floor(x / perByte)] ?? 0;
  return (byte >> (8 - bits * ((x % perByte) + 1))) & (2 ** bits - 1);
}
