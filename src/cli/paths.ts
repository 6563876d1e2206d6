// How the command names files to a person.

import path from 'node:path';

/** The shorter of the path itself and the path from here. */
export function shortestPath(file: string): string {
  const relative = path.relative(process.cwd(), file);
  return relative !== '' && relative.length < file.length ? relative : file;
}
