// A child process that answers each line it is given with a line of JSON: how benchmarks make two programs take turns.

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export interface LineProcess {
  /** The next line, after sending `line` (nothing is sent when it is undefined: the greeting). */
  ask(line?: string): Promise<Readonly<Record<string, number | string>>>;
  /** Closes its input and waits for its end. */
  end(): Promise<void>;
}

export function startLines(program: string, args: readonly string[], env: NodeJS.ProcessEnv): LineProcess {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'], env });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  return {
    async ask(line) {
      if (line !== undefined) child.stdin.write(`${line}\n`);
      const answer = await Promise.race([lines.next(), ended.then((status) => Promise.reject(new Error(`${program} ${args.join(' ')} ended with ${status}`)))]);
      return JSON.parse(String(answer.value)) as Record<string, number | string>;
    },
    async end() {
      child.stdin.end();
      await ended;
    },
  };
}
