// The thread that says the process is alive. It never loads onnxruntime, so it beats while a run blocks the main thread,
// and it ends the process when nobody listens any more: the parent is gone, though the main thread cannot notice.

import { writeSync } from 'node:fs';
import { HEARTBEAT_FD, HEARTBEAT_MS } from '../protocol/workerMessages';

function beat(): void {
  try {
    writeSync(HEARTBEAT_FD, '.');
  } catch (error) {
    // A full pipe means a parent that is slow, not one that is gone.
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return;
    process.kill(process.pid, 'SIGKILL');
  }
}

beat();
setInterval(beat, HEARTBEAT_MS);
