import { Type } from '@sinclair/typebox';
import type { Pass } from '../pass';
export const quantizeDynamic: Pass = { id: 'quantize.dynamic', data: 'none', suffix: 'int8', options: Type.Object({}), run: () => { throw new Error('stub'); } };
