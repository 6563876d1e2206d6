// What can go wrong while training: gradients, losses, labels, divergence. A part of errors.ts, in the same form.

import type { ErrorEntry } from './entry';

export const trainingErrorTexts = {
  noGradient: {
    exit: 3,
    en: 'Decant cannot train through {op} (node {node}, opset {opset}): it has no gradient rule for it. Freeze the layers before this node with "freeze", or export the model without it.',
    zh: 'Decant 无法穿过 {op}（节点 {node}，opset {opset}）训练：它没有该算子的梯度规则。请用 "freeze" 冻结此节点之前的层，或导出不含它的模型。',
  },
  gradientFormUnsupported: {
    exit: 3,
    en: 'Decant cannot train through {op} (node {node}) in the form {form}. Freeze the layers before this node with "freeze", or export the model with another form.',
    zh: 'Decant 无法穿过 {form} 形式的 {op}（节点 {node}）训练。请用 "freeze" 冻结此节点之前的层，或以其他形式导出模型。',
  },
  gradientShapeUnknown: {
    exit: 3,
    en: 'The shape of tensor {tensor} at {op} (node {node}) is not known before the model runs, so the node cannot be trained. Give open dimensions a size with --dim name=value.',
    zh: '在运行之前无法确定 {op}（节点 {node}）处张量 {tensor} 的形状，因此无法训练该节点。请用 --dim name=value 指定未定维度的大小。',
  },
  lossNotScalar: {
    exit: 4,
    en: 'The loss {tensor} has shape [{shape}]; a loss is one number. Take its mean.',
    zh: '损失 {tensor} 的形状为 [{shape}]，而损失应为单个数值。请取其均值。',
  },
  nothingToSlim: {
    exit: 3,
    en: 'Nothing can become slimmer: no channel, head or neuron that may go has weights that training changes. Freeze fewer layers, or leave "slim" out.',
    zh: '无法进行稀疏训练：可移除的通道、注意力头与神经元都没有可训练的权重。请减少冻结的层，或去掉 "slim"。',
  },
  nothingToTrain: {
    exit: 3,
    en: 'The model has no float weight that may be trained: every layer is frozen, or its weights are integers. Check "freeze"; train the float model before quantizing it.',
    zh: '模型中没有可训练的浮点权重：所有层都被冻结，或者权重均为整数。请检查 "freeze"，并在量化之前训练浮点模型。',
  },
  noFloatOutput: {
    exit: 3,
    en: 'The model has no output of float numbers and known shape that a loss could compare: {outputs}. Export it with its scores as an output, without ArgMax or the like behind them.',
    zh: '模型没有形状已知的浮点输出可供损失比较：{outputs}。请以分数为输出重新导出模型，其后不要接 ArgMax 之类的算子。',
  },
  batchNormOneValue: {
    exit: 3,
    en: 'BatchNormalization (node {node}) gets a single value a channel from a batch of {batch}, and one value has no variance. Use a larger "batch" (and more data, where they are fewer), or "batchNorm": "frozen".',
    zh: '批大小为 {batch} 时，BatchNormalization（节点 {node}）的每个通道只有一个值，无法计算方差。请增大 "batch"（数据不足时请增加数据），或使用 "batchNorm": "frozen"。',
  },
  parametersDetached: {
    exit: 3,
    en: 'The output "{output}" does not depend on any trainable weight. Check "freeze", and that the model is not made of integer operators only.',
    zh: '输出 "{output}" 不依赖任何可训练的权重。请检查 "freeze"，并确认模型不是仅由整数算子构成。',
  },
  unknownLoss: {
    exit: 2,
    en: 'There is no loss "{loss}". Known losses: {known}.',
    zh: '没有名为 "{loss}" 的损失。可用的损失：{known}。',
  },
  lossNeedsLabels: {
    exit: 3,
    en: 'The loss "{loss}" compares with labels, but split "{split}" has none. Add labels to the data, or train by a teacher alone: with "kl" for classes, with "outputs" for numbers.',
    zh: '损失 "{loss}" 需要标签，但数据划分 "{split}" 没有标签。请为数据添加标签，或仅由教师模型训练：类别用 "kl"，数值用 "outputs"。',
  },
  lossNeedsTeacher: {
    exit: 3,
    en: 'The loss "{loss}" compares with a teacher, and there is none. Use the pass "distill", or the loss "label".',
    zh: '损失 "{loss}" 需要教师模型，但没有提供。请使用方法 "distill"，或改用损失 "label"。',
  },
  lossUnfit: {
    exit: 3,
    en: 'The loss "{loss}" compares distributions over classes, but output {output} of shape [{shape}] has none. Use the loss "outputs", which compares numbers with those of the teacher, or "label" with labelled data.',
    zh: '损失 "{loss}" 比较的是类别分布，但形状为 [{shape}] 的输出 {output} 不含类别。请改用损失 "outputs"（与教师的输出数值比较），或提供有标签的数据并使用 "label"。',
  },
  teacherBatch: {
    exit: 3,
    en: 'The teacher takes {taken} samples at a time, which does not divide a batch of {batch}. Set "batch" to a multiple of {taken}, or export the teacher with an open batch dimension.',
    zh: '教师模型每次处理 {taken} 个样本，不能整除大小为 {batch} 的批。请将 "batch" 设为 {taken} 的倍数，或以未定的批维度导出教师模型。',
  },
  teacherTensorMissing: {
    exit: 3,
    en: 'The teacher has no tensor {tensor} with a known shape. Choose one of its outputs: {known}.',
    zh: '教师模型中没有形状已知的张量 {tensor}。请从其输出中选择：{known}。',
  },
  teacherShape: {
    exit: 3,
    en: 'The loss "{loss}" compares {student} of shape [{found}] with the teacher\'s {teacher} of shape [{wanted}]; they must be equal. Choose a teacher for the same task.',
    zh: '损失 "{loss}" 要求学生张量 {student}（形状 [{found}]）与教师张量 {teacher}（形状 [{wanted}]）形状相同。请选择同一任务的教师模型。',
  },
  labelUnfit: {
    exit: 3,
    en: 'Sample {sample} has {found} as its label; training output {output} of shape [{shape}] wants {wanted}. Change the labels of the data, or train by a teacher alone with the pass "distill" and the loss "kl" (classes) or "outputs" (numbers).',
    zh: '样本 {sample} 的标签：{found}；训练形状为 [{shape}] 的输出 {output} 需要：{wanted}。请修改数据的标签，或使用方法 "distill" 与损失 "kl"（类别）或 "outputs"（数值）仅由教师模型训练。',
  },
  dataNotFinite: {
    exit: 3,
    en: 'Sample {sample} of split "{split}" holds {value} in {input}; training needs finite numbers. Repair or remove the sample.',
    zh: '数据划分 "{split}" 的样本 {sample} 在 {input} 中含有 {value}；训练需要有限的数值。请修复或删除该样本。',
  },
  mixupUnfit: {
    exit: 3,
    en: 'Mixup blends samples, but input {input} holds {type}, which cannot be blended. Leave out "mixup".',
    zh: 'mixup 需要混合样本，但输入 {input} 为 {type}，无法混合。请去掉 "mixup"。',
  },
  trainingDiverged: {
    exit: 4,
    en: 'Training diverged: at step {step} (epoch {epoch}) loss or gradient was not finite, or a thousand times the first loss, {times} times in a row, although the learning rate was halved each time. Start again with a smaller "learningRate" than {learningRate}, with "warmup", or with "clip": 1. No epoch before that was better than the start, so nothing was written.',
    zh: '训练发散：在第 {step} 步（第 {epoch} 轮），尽管每次都将学习率减半，损失或梯度仍连续 {times} 次不是有限数值，或超过最初损失的一千倍。请以小于 {learningRate} 的 "learningRate" 重新开始，或使用 "warmup" 或 "clip": 1。此前没有一轮优于训练前，因此未写出结果。',
  },
  tooFewSamples: {
    exit: 3,
    en: 'The model takes {batch} samples at a time, and split "{split}" has {samples}. Add data, or export the model with an open batch dimension.',
    zh: '模型一次处理 {batch} 个样本，而数据划分 "{split}" 只有 {samples} 个。请增加数据，或以未定的批维度导出模型。',
  },
  batchTooLarge: {
    exit: 3,
    en: 'One step of training with {batch} samples needs about {needed} bytes of memory, and {free} are free. {largest} samples at a time fit: close other programs, use a smaller model, or freeze layers with "freeze".',
    zh: '以 {batch} 个样本训练一步约需 {needed} 字节内存，而可用内存为 {free} 字节。一次最多可容纳 {largest} 个样本：请关闭其他程序、使用更小的模型，或用 "freeze" 冻结部分层。',
  },
  trainingCheckpoint: {
    exit: 3,
    en: 'The checkpoint of this training cannot be continued: {reason}. Start the job again without --resume.',
    zh: '无法继续此训练的检查点：{reason}。请不带 --resume 重新开始。',
  },
} as const satisfies Record<string, ErrorEntry>;
