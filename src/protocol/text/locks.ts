// Why parts of a model cannot be pruned. `{node}` and `{op}` name the place in the graph.

import type { TextEntry } from './entry';

export const lockTexts = {
  'lock.input': { en: 'it belongs to input "{tensor}" of the model, whose shape stays', zh: '它属于模型输入 "{tensor}"，其形状保持不变' },
  'lock.output': { en: 'it belongs to output "{tensor}" of the model, whose shape stays', zh: '它属于模型输出 "{tensor}"，其形状保持不变' },
  'lock.operator': { en: 'no channel can be taken out where {op} at "{node}" uses it', zh: '节点 "{node}"（{op}）使用它的方式不允许去除通道' },
  'lock.unknown': { en: 'operator {op} at "{node}" is not known here', zh: '不认识节点 "{node}" 的算子 {op}' },
  'lock.position': { en: '{op} at "{node}" treats it as a position (row, column, time), not as a channel', zh: '节点 "{node}"（{op}）将其视为位置（行、列、时间），而不是通道' },
  'lock.competes': { en: 'every part of it counts in {op} at "{node}": removing one would change the others', zh: '节点 "{node}"（{op}）中每一部分都参与计算，去除其一会改变其余部分' },
  'lock.indexed': { en: '{op} at "{node}" picks from it by number', zh: '节点 "{node}"（{op}）按编号从中选取' },
  'lock.size': { en: 'its size at "{node}" ({op}) is known only when the model runs', zh: '它在节点 "{node}"（{op}）处的大小只有运行时才知道' },
  'lock.factor': { en: '{op} at "{node}" splits or joins axes, and another part of them carries the channels', zh: '节点 "{node}"（{op}）拆分或合并了维度，通道由其中另一部分承载' },
  'lock.mismatch': { en: 'sizes that meet in {op} at "{node}" differ', zh: '在节点 "{node}"（{op}）相遇的大小不同' },
  'lock.subgraph': { en: 'a branch or loop body of {op} at "{node}" uses it', zh: '节点 "{node}"（{op}）的分支或循环体使用了它' },
  'lock.stored': { en: 'the values of "{tensor}" are packed or sparse and cannot be taken apart', zh: '"{tensor}" 的值是打包或稀疏存储的，无法拆分' },
  'lock.single': { en: 'all of its channels hang together, so that none can go alone', zh: '它的所有通道相互牵连，无法单独去除其一' },
} as const satisfies Record<string, TextEntry>;

export type LockCode = keyof typeof lockTexts;
