// What the background process is doing, as shown beside a progress bar and in `{activity}` of errors.

import type { TextEntry } from './entry';

export const progressTexts = {
  'progress.reading': { en: 'reading the model', zh: '读取模型' },
  'progress.inspecting': { en: 'inspecting the model', zh: '检查模型' },
  'progress.loadingData': { en: 'reading the data', zh: '读取数据' },
  'progress.profiling': { en: 'measuring latency', zh: '测量延迟' },
  'progress.evaluating': { en: 'measuring accuracy', zh: '测量准确率' },
  'progress.comparingLayers': { en: 'comparing layer outputs', zh: '比较各层输出' },
  'progress.running': { en: 'running {pass}', zh: '运行 {pass}' },
  'progress.calibrating': { en: 'calibrating', zh: '校准' },
  'progress.quantizing': { en: 'quantizing', zh: '量化' },
  'progress.cleaning': { en: 'simplifying the graph', zh: '化简图' },
  'progress.pruning': { en: 'pruning', zh: '剪枝' },
  'progress.decomposing': { en: 'decomposing', zh: '分解' },
  'progress.training': { en: 'training, epoch {epoch} of {epochs}', zh: '训练，第 {epoch} 轮，共 {epochs} 轮' },
  'progress.trainingOn': {
    en: 'training, epoch {epoch} of {epochs} (so far: loss {loss}, {metric} {value})',
    zh: '训练，第 {epoch} 轮，共 {epochs} 轮（目前：损失 {loss}，{metric} {value}）',
  },
  'progress.saving': { en: 'saving', zh: '保存' },
  'progress.probing': { en: 'probing providers', zh: '探测执行后端' },
  'progress.inference': { en: 'running the model', zh: '运行模型' },
  'progress.starting': { en: 'starting', zh: '启动' },
} as const satisfies Record<string, TextEntry>;
