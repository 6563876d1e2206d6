// Entry of the background process. The heartbeat starts before the use cases (and with them onnxruntime) are loaded.

import { serve, startHeartbeat } from './serve';

startHeartbeat();
void import('../jobs/index').then(({ runners }) => serve(runners));
