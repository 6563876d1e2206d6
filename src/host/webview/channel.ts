// The host's end of its edge with a page: nothing is told before the page is ready, and every call gets an answer or an
// error. A page that was hidden says `ready` again when it is back, and is told everything anew.

import type * as vscode from 'vscode';
import type { Answer, CallRequest, CallResult, FromPage } from '../../protocol/webviewMessages';
import { errorData } from '../jobs/visibleJobs';
import { withShortPaths } from '../language';

export type Handlers<Calls> = { readonly [Name in keyof Calls]: (request: CallRequest<Calls, Name>) => Promise<CallResult<Calls, Name>> };

export interface Channel<Told> extends vscode.Disposable {
  /** Lost before the page is ready: `onReady` tells the whole state. */
  tell(message: Told): void;
}

export function openChannel<Calls, Told>(webview: vscode.Webview, handlers: Handlers<Calls>, onReady: () => void, log: vscode.LogOutputChannel): Channel<Told> {
  let ready = false;
  const post = (message: Told | Answer): void => {
    webview.postMessage(message).then(undefined, (error: unknown) => log.warn(String(error)));
  };

  async function answer(id: number, name: keyof Calls, request: unknown): Promise<void> {
    try {
      const result = await handlers[name](request as CallRequest<Calls, keyof Calls>);
      post({ type: 'answer', id, ok: true, result });
    } catch (error) {
      log.debug(`${String(name)}: ${String(error)}`);
      post({ type: 'answer', id, ok: false, error: withShortPaths(errorData(error)) });
    }
  }

  const listening = webview.onDidReceiveMessage((message: FromPage<Calls>) => {
    if (message.type === 'ready') {
      ready = true;
      onReady();
    } else if (Object.hasOwn(handlers, message.name)) {
      void answer(message.id, message.name, message.request);
    }
  });
  return {
    tell: (message) => {
      if (ready) post(message);
    },
    dispose() {
      listening.dispose();
    },
  };
}
