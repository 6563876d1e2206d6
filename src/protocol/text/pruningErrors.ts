// What can go wrong while pruning: nothing to remove, targets out of reach, importance that cannot be judged. A part of
// errors.ts, in the same form.

import type { ErrorEntry } from './entry';

export const pruningErrorTexts = {
  nothingToPrune: {
    exit: 3,
    en: 'Nothing of this model can be pruned. {detail}',
    zh: '该模型中没有可剪枝的部分。{detail}',
  },
  noTransformerUnits: {
    exit: 3,
    en: 'The model has no {what} that could be taken out. {detail} For channels and neurons of all other layers choose "prune.channels".',
    zh: '模型中没有可移除的{what}。{detail}其他层的通道与神经元请使用 "prune.channels"。',
  },
  criterionNeedsData: {
    exit: 2,
    en: 'The criterion "{criterion}" needs data. Name it with --data (a folder, an archive, or a JSON file that describes one), or choose the criterion "l2", which looks at weights only.',
    zh: '准则 "{criterion}" 需要数据。请用 --data 指定（文件夹、压缩包，或描述数据的 JSON 文件），或改用只看权重的准则 "l2"。',
  },
  pruneTargetUnreachable: {
    exit: 3,
    en: 'Pruning cannot reach {wanted} ({measure}): with all that may go, {smallest} are left ({share} of before).{ask}{unjudged}{narrower}{fewer}',
    zh: '剪枝无法达到 {wanted}（{measure}）：移除所有可移除的部分后仍剩 {smallest}（原来的 {share}）。{ask}{unjudged}{narrower}{fewer}',
  },
  latencyUnknown: {
    exit: 3,
    en: 'Milliseconds cannot be a target here: {detail}. Choose a target in MACs or parameters and, of pruning, another "scope".',
    zh: '此处无法以毫秒为目标：{detail}。请改用乘加次数或参数量作为目标；剪枝时请选择其他 "scope"。',
  },
  importanceNotFinite: {
    exit: 3,
    en: 'The importance of the channels of layer "{layer}" is not a finite number. {detail}',
    zh: '层 "{layer}" 的通道重要性不是有限数值。{detail}',
  },
  noBlocks: {
    exit: 3,
    en: 'No block can be taken out: a block is what a residual connection leads around, with an input and an output of the same shape. {detail} Choose "prune.channels" to make layers narrower.',
    zh: '没有可以整体移除的块：块是残差连接所绕过的部分，其输入与输出形状相同。{detail}可改用 "prune.channels" 缩小各层宽度。',
  },
  answersNotFinite: {
    exit: 3,
    en: 'The answers of the model on the samples of split "{split}" hold NaN or infinite values, so that nothing can be compared with them. Check the preprocessing in the data description.',
    zh: '模型在数据划分 "{split}" 的样本上给出 NaN 或无穷大，无法与之比较。请检查数据描述中的预处理。',
  },
  pruneUnknownUnits: {
    exit: 2,
    en: 'There is no unit {unit} in the group "{group}" of this model. Find the groups of the model anew.',
    zh: '该模型的分组 "{group}" 中没有单元 {unit}。请重新分析该模型的分组。',
  },
  pruneEmpty: {
    exit: 2,
    en: 'Pruning would leave nothing of "{tensor}". Keep at least one unit of each group.',
    zh: '剪枝会使 "{tensor}" 一无所剩。请在每个分组中至少保留一个单元。',
  },
  pruneMismatch: {
    exit: 4,
    en: 'After pruning, axis {axis} of "{tensor}" has {found} entries instead of {wanted}. This is a mistake in Decant; nothing was written. Please report it with the log, or add the layer to "ignore".',
    zh: '剪枝后 "{tensor}" 的第 {axis} 维有 {found} 项，而应为 {wanted} 项。这是 Decant 的错误，没有写入任何文件。请附上日志反馈给我们，或将该层加入 "ignore"。',
  },
} as const satisfies Record<string, ErrorEntry>;
