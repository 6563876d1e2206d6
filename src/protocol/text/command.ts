// Texts of the `decant` command: help, tables, closing lines.

import type { TextEntry } from './entry';

export const commandTexts = {
  'command.about': { en: 'Makes ONNX models smaller and faster and shows, layer by layer, what that cost.', zh: '让 ONNX 模型更小更快，并逐层展示代价。' },

  // ── why a background process ended, why a job cannot be resumed (nested in errors) ─────────────────────────────
  'worker.exitCode': { en: 'exit code {status}', zh: '退出码 {status}' },
  'worker.signal': { en: 'signal {signal}', zh: '信号 {signal}' },
  'worker.killed': { en: 'killed from outside, perhaps because the system ran out of memory', zh: '被外部终止，可能是系统内存不足' },
  'worker.notStarted': { en: 'it could not be started: {reason}', zh: '无法启动：{reason}' },
  'worker.noWords': { en: 'none', zh: '无' },
  'job.noRequest': { en: 'it has no request.json', zh: '其中没有 request.json' },
  'job.badRequest': { en: 'its request.json is damaged', zh: '其中的 request.json 已损坏' },
  'job.badCheckpoint': { en: 'its checkpoint is damaged', zh: '其检查点已损坏' },
  'job.otherKind': { en: 'it belongs to another kind of job', zh: '它属于另一种任务' },
  'job.isDone': { en: 'the job is done', zh: '任务已完成' },
} as const satisfies Record<string, TextEntry>;
