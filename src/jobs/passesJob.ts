// The registry of passes as data: what the editor draws its form from.

import { describePasses } from '../engine/passes/registry';
import type { JobRunner } from './job';

export const passes: JobRunner<'passes'> = () => Promise.resolve(describePasses());
