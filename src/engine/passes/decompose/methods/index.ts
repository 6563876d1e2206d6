// The methods of decomposition by name.

import type { Method } from '../factors';
import { cp } from './cp';
import type { MethodRecord } from './method';
import { spatial } from './spatial';
import { svd } from './svd';
import { tucker } from './tucker';

export { composed, composedFast } from './composed';

export const methodTable: Readonly<Record<Method, MethodRecord>> = { svd, spatial, tucker, cp };
