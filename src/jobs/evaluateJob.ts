// `decant evaluate`. (Stand-in until the metrics are there.)

import { EngineError } from '../engine/error';
import type { JobRunner } from './job';

export const evaluate: JobRunner<'evaluate'> = () => Promise.reject(new EngineError('notReady', { what: 'evaluate' }));
