// Implements the port `Decoders`: images, zip archives, parquet tables, tokenizers, gzip. All of it is JavaScript or
// WebAssembly, so that one package runs on every platform.

import type { Decoders } from '../engine/ports';
import { gunzip } from './decoders/gunzip';
import { decodeImage } from './decoders/image';
import { openParquet } from './decoders/parquet';
import { createTokenizer } from './decoders/tokenizer';
import { openZip } from './decoders/zip';

export const nodeDecoders: Decoders = {
  image: decodeImage,
  archive: openZip,
  parquet: openParquet,
  tokenizer: createTokenizer,
  gunzip,
};
