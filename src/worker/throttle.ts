// Lets progress through about ten times a second; the last one always arrives.

import type { JobEventBody } from '../protocol/jobs';

type ProgressBody = Extract<JobEventBody, { readonly type: 'progress' }>;

/** Ten pictures a second look fluent; more only cost. */
const INTERVAL_MS = 100;

export interface Throttle {
  /** Passes the body on now, or later, or never when a newer one comes first. */
  offer(body: ProgressBody): void;
  /** Passes on what still waits; called before any other event and at the end. */
  flush(): void;
}

export function createThrottle(pass: (body: ProgressBody) => void, interval = INTERVAL_MS, now: () => number = () => performance.now()): Throttle {
  let last = -Infinity;
  let waiting: ProgressBody | undefined;
  let timer: NodeJS.Timeout | undefined;

  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    const body = waiting;
    waiting = undefined;
    if (body === undefined) return;
    last = now();
    pass(body);
  }

  return {
    offer(body) {
      waiting = body;
      const wait = last + interval - now();
      if (wait <= 0) flush();
      else timer ??= setTimeout(flush, wait);
    },
    flush,
  };
}
