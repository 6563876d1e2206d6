// A folder a class of JPEG, PNG, WebP or BMP images.

import { imageColumn } from '../columns/imageColumn';
import { classFiles } from './classFolders';
import type { FormatOpener } from './context';

export const imageExtensions = ['.jpg', '.jpeg', '.png', '.webp', '.bmp'] as const;

export const openImageFolder: FormatOpener = async (context, split, place) => {
  const { files, labels, classes } = await classFiles(context, split, place, imageExtensions);
  const column = imageColumn(files.length, context.decoders, (indices) =>
    Promise.all(indices.map(async (index) => {
      const file = files[index];
      if (file === undefined) throw new RangeError(`no image ${index}`);
      return { name: file.name, bytes: await file.readBytes() };
    })));
  return {
    inputs: new Map([['', column]]),
    ...(labels === undefined ? {} : { labels }),
    ...(classes === undefined ? {} : { classes }),
  };
};
