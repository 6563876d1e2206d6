// The page's end of its edge with the extension host: tells, calls with an answer, and the little state that outlives
// a hidden page (scroll, sorting, filter), kept by VS Code.

import type { Answer, CallRequest, CallResult, FromPage } from '../../src/protocol/webviewMessages';
import { JobError } from '../../src/protocol/jobs';
import { errorSentence } from './language';

interface VsCodeApi {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(state: unknown): void;
}

declare function acquireVsCodeApi(): VsCodeApi;

export interface HostLink<Calls, State> {
  call<Name extends keyof Calls>(name: Name, request: CallRequest<Calls, Name>): Promise<CallResult<Calls, Name>>;
  /** For calls whose failure the host itself shows. */
  tell<Name extends keyof Calls>(name: Name, request: CallRequest<Calls, Name>): void;
  saved(): Partial<State>;
  save(part: Partial<State>): void;
}

/** Connects and says `ready`; from then on `told` gets every message of the host that is no answer. */
export function connect<Calls, Told extends { readonly type: string }, State extends object>(told: (message: Told) => void): HostLink<Calls, State> {
  const api = acquireVsCodeApi();
  const waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  let nextId = 1;
  let state = (api.getState() ?? {}) as Partial<State>;

  window.addEventListener('message', (event: MessageEvent<Answer | Told>) => {
    const message = event.data;
    if (isAnswer(message)) settle(message);
    else told(message);
  });

  function settle(answer: Answer): void {
    const asked = waiting.get(answer.id);
    waiting.delete(answer.id);
    if (answer.ok) asked?.resolve(answer.result);
    else asked?.reject(new JobError(answer.error, errorSentence(answer.error)));
  }

  const call: HostLink<Calls, State>['call'] = (name, request) =>
    new Promise((resolve, reject) => {
      const id = nextId++;
      waiting.set(id, { resolve: resolve as (value: unknown) => void, reject });
      api.postMessage({ type: 'call', id, name, request } satisfies { type: 'call'; id: number; name: keyof Calls; request: unknown });
    });

  api.postMessage({ type: 'ready' } satisfies FromPage<Calls>);
  return {
    call,
    tell: (name, request) => void call(name, request).catch(ignoreShownByHost),
    saved: () => state,
    save(part) {
      state = { ...state, ...part };
      api.setState(state);
    },
  };
}

/** The host has already told the person (notification and log). */
function ignoreShownByHost(error: unknown): void {
  console.debug(error);
}

function isAnswer(message: { readonly type: string }): message is Answer {
  return message.type === 'answer';
}
