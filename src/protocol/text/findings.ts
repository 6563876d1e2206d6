// Findings of `inspect` and warnings of passes: things worth a person's attention that stop nothing.

import type { TextEntry } from './entry';

export const findingTexts = {
  'finding.unknownShape': {
    en: '{count} tensors have no known shape; their costs are left out. The first is "{tensor}".',
    zh: '{count} 个张量形状未知，未计入其开销。第一个是 "{tensor}"。',
  },
  'finding.symbolicInput': {
    en: 'Input "{input}" has the open dimension "{dim}"; numbers are for {dim} = {size}. Use --dim {dim}=SIZE for another size.',
    zh: '输入 "{input}" 的维度 "{dim}" 未定；数字按 {dim} = {size} 计算。可用 --dim {dim}=大小 指定。',
  },
  'finding.openInput': {
    en: 'Input "{input}" has the open dimension "{dim}"; costs that depend on it are left out. Give its size with --dim {dim}=SIZE.',
    zh: '输入 "{input}" 的维度 "{dim}" 未定，未计入依赖它的开销。请用 --dim {dim}=大小 指定。',
  },
  'finding.unknownOperator': {
    en: 'Operator {op} at "{node}" is not known here; the shapes of its results and its costs are left out.',
    zh: '不认识节点 "{node}" 的算子 {op}，未计入其结果形状与开销。',
  },
  'finding.contradictingShape': {
    en: 'The file gives tensor "{tensor}" another shape or type than {op} at "{node}" makes; the computed one is used.',
    zh: '文件中张量 "{tensor}" 的形状或类型与节点 "{node}"（{op}）的结果不符；已采用推断的结果。',
  },
  'finding.invalidNode': {
    en: 'Not valid ONNX at node "{node}" ({op}, opset {opset}): {rule}. More places like it: {others}.',
    zh: '节点 "{node}"（{op}，opset {opset}）不是有效的 ONNX：{rule}。另有 {others} 处类似。',
  },
  'finding.invalidNodeOnce': {
    en: 'Not valid ONNX at node "{node}" ({op}, opset {opset}): {rule}.',
    zh: '节点 "{node}"（{op}，opset {opset}）不是有效的 ONNX：{rule}。',
  },
  'finding.invalidModel': {
    en: 'The model is not quite valid ONNX: {rule}.',
    zh: '该模型不完全是有效的 ONNX：{rule}。',
  },
  'finding.quantized': { en: 'The model is quantized already. To quantize it in another way, start from the float model.', zh: '模型已量化。如需以其他方式量化，请从浮点模型开始。' },
  'finding.noGain': {
    en: '{count} of {total} changed layers did not get faster on this machine: {layers}. Name them in "ignore" to leave them out.',
    zh: '{total} 个已更改的层中有 {count} 个在本机上没有变快：{layers}。可在 "ignore" 中列出，使其不被处理。',
  },
  'finding.noGainInputs': {
    en: '{count} of {total} layers that only read fewer inputs did not get faster on this machine: {layers}.',
    zh: '{total} 个仅输入变少的层中有 {count} 个在本机上没有变快：{layers}。',
  },
  'finding.slower': {
    en: 'The result is slower than the original on {provider} ({ratio} times the latency). Keep the original where speed matters.',
    zh: '结果在 {provider} 上比原模型慢（延迟为 {ratio} 倍）。若看重速度，请保留原模型。',
  },
  'finding.layerKeptFloat': { en: 'Layer "{layer}" stays float: {why}', zh: '层 "{layer}" 保持浮点：{why}' },
  'finding.samplesSkipped': {
    en: '{count} samples gave NaN or infinite values and were left out.',
    zh: '{count} 个样本产生 NaN 或无穷大，已跳过。',
  },
  'finding.noData': {
    en: 'Without data the accuracy of the result is not measured. Name data with --data.',
    zh: '没有数据，因此未测量结果的准确率。请用 --data 指定数据。',
  },
  'finding.signedIntegers': {
    en: 'Integer operators on int8 activations run several times slower than on uint8 on x64 processors. Choose activations u8, or format qdq.',
    zh: '在 x64 处理器上，整数算子处理 int8 激活比处理 uint8 慢数倍。请将激活类型设为 u8，或将格式设为 qdq。',
  },
  'finding.fewSamples': {
    en: 'Only {count} calibration samples were there ({wanted} wanted).',
    zh: '只有 {count} 个校准样本（期望 {wanted} 个）。',
  },
  'finding.providerFallback': {
    en: '{count} nodes ran on cpu instead of {provider}.',
    zh: '{count} 个节点在 cpu 而非 {provider} 上运行。',
  },
  'finding.handOverTimes': {
    en: '{provider} runs layers after it has taken them, and tells no times of its own: the times of layers are those of handing them over, the work itself is in the overhead.',
    zh: '{provider} 先接收各层再执行，且不报告自身的时间：各层的时间只是提交时间，实际计算计入额外开销。',
  },
  'finding.outputsEqual': {
    en: 'Cleaning left the outputs equal: on {inputs} they differ by at most {difference}, relative to the largest value of each output.',
    zh: '清理后输出不变：在{inputs}上，与各输出最大值之比最多相差 {difference}。',
  },
  'finding.outputsDiffer': {
    en: 'After cleaning, outputs differ by {difference} (relative) on {inputs}, more than rounding explains. No single rule causes it: check the result, or keep the original.',
    zh: '清理后，输出在{inputs}上的相对差异为 {difference}，超出舍入误差。并非由单条规则引起：请检查结果，或保留原模型。',
  },
  'finding.ruleDropped': {
    en: 'A clean-up rule was left out ({rule}: "{id}"): with it, outputs differ by {difference} (relative).',
    zh: '未采用一条清理规则（{rule}，"{id}"）：采用后输出的相对差异为 {difference}。',
  },
  'finding.notCompared': {
    en: 'Outputs before and after cleaning were not compared, because the original does not run here on made-up inputs: {why}',
    zh: '未比较清理前后的输出，因为原模型无法在此用生成的输入运行：{why}',
  },
  'finding.trained': {
    en: '{pass}: {metric} on {heldOut} held-out samples went from {before} to {after}. Trained {parameters} weights in {steps} steps of {batch} samples ({seconds} s) and kept epoch {epoch} of {epochs}.',
    zh: '{pass}：在 {heldOut} 个留出样本上，{metric} 由 {before} 变为 {after}。共训练 {parameters} 个权重，{steps} 步，每步 {batch} 个样本（{seconds} 秒），保留第 {epoch} 轮（共 {epochs} 轮）。',
  },
  'finding.trainedFromScratch': {
    en: '{pass}: {metric} on {heldOut} held-out samples reached {after}. Trained {parameters} weights from scratch in {steps} steps of {batch} samples ({seconds} s) and kept epoch {epoch} of {epochs}.',
    zh: '{pass}：在 {heldOut} 个留出样本上，{metric} 达到 {after}。从头训练 {parameters} 个权重，{steps} 步，每步 {batch} 个样本（{seconds} 秒），保留第 {epoch} 轮（共 {epochs} 轮）。',
  },
  'finding.trainedFirstOutput': {
    en: 'The loss acts on the first output, "{output}". The others ({others}) follow whatever that does to the layers they share: compare them with the original before you use them.',
    zh: '损失只作用于第一个输出 "{output}"。其余输出（{others}）会随共享的层一同改变：使用前请与原模型比较。',
  },
  'finding.measuredOnTrained': {
    en: 'Training used the samples that the accuracy in this report was measured on (split "{split}" of {file}), so new data will show less. Describe a separate split "test" in the data description, and measure on that.',
    zh: '训练使用了本报告测量准确率所用的样本（{file} 的 "{split}" 部分），因此在新数据上会更低。请在数据描述中另设 "test" 部分，并在其上测量。',
  },
  'finding.trainedUnmeasured': {
    en: '{pass}: trained {parameters} weights in {steps} steps of {batch} samples ({seconds} s) to a loss of {loss}. No metric fits the labels, so the weights are those of the last epoch.',
    zh: '{pass}：共训练 {parameters} 个权重，{steps} 步，每步 {batch} 个样本（{seconds} 秒），损失为 {loss}。没有适合这些标签的指标，因此保留最后一轮的权重。',
  },
  'finding.trainingNoGain': {
    en: '{pass} improved nothing: {metric} on {heldOut} held-out samples was {before} before and {after} at best. The model stays as it was. Try another "learningRate", more "epochs" or more data.',
    zh: '{pass} 没有带来改善：在 {heldOut} 个留出样本上，{metric} 之前为 {before}，训练后最好为 {after}。模型保持不变。请尝试其他 "learningRate"、更多 "epochs" 或更多数据。',
  },
  'finding.trainingStepBack': {
    en: 'Loss or gradient was not a finite number {count} times while training; those steps were taken back and the learning rate lowered to {factor} of what was asked. Choose a smaller "learningRate" for a quieter run.',
    zh: '训练中损失或梯度有 {count} 次不是有限数值；这些步骤已撤回，学习率降为设定值的 {factor}。若要更平稳，请选择更小的 "learningRate"。',
  },
  'finding.trainingDiverged': {
    en: 'Training diverged at step {step} (epoch {epoch}) and ended there; the weights of epoch {best} were kept. Choose a smaller "learningRate" than {learningRate}, "warmup", or "clip": 1.',
    zh: '训练在第 {step} 步（第 {epoch} 轮）发散并就此结束；保留了第 {best} 轮的权重。请选择小于 {learningRate} 的 "learningRate"，或使用 "warmup" 或 "clip": 1。',
  },
  'finding.metricReplaced': {
    en: 'The best epoch was chosen by {metric}: the script {asked} does not judge single epochs. The accuracy in the report is measured as you asked.',
    zh: '最佳轮次按 {metric} 选择：脚本 {asked} 不用于逐轮评估。报告中的准确率仍按您指定的方式测量。',
  },
  'finding.metricUnused': {
    en: 'The weights are those of the last epoch: the script {asked} does not judge single epochs. The accuracy in the report is measured as you asked.',
    zh: '保留的是最后一轮的权重：脚本 {asked} 不用于逐轮评估。报告中的准确率仍按您指定的方式测量。',
  },
  'finding.trainingMicrobatch': {
    en: 'Memory is short: batches of {from} samples were trained in parts of {to}. The result is the same but for batches with ignored labels, and slower.',
    zh: '内存不足：每批 {from} 个样本拆成每份 {to} 个训练。除含被忽略标签的批次外结果相同，但更慢。',
  },
  'finding.trainingMicrobatchNorm': {
    en: 'Memory is short: batches of {from} samples were trained in parts of {to}, which is slower. BatchNormalization took its statistics from each part and not from the whole batch, so the result differs a little from that of whole batches.',
    zh: '内存不足：每批 {from} 个样本拆成每份 {to} 个训练，因此更慢。BatchNormalization 的统计量来自每一份而不是整批，所以结果与整批训练略有不同。',
  },
  'finding.trainingMicrobatchFew': {
    en: 'Memory is short: batches of {from} samples were trained in parts of {to}. BatchNormalization took its statistics from each part, and those of fewer than {least} samples are noisy and can cost accuracy. Free some memory, or set "batchNorm" to "frozen".',
    zh: '内存不足：每批 {from} 个样本拆成每份 {to} 个训练。BatchNormalization 的统计量来自每一份，少于 {least} 个样本的统计量噪声较大，可能降低精度。请释放一些内存，或将 "batchNorm" 设为 "frozen"。',
  },
  'finding.trainingBatchFitted': {
    en: 'The batch was to be {from} samples and became {to}: {microbatch} samples go through the model at a time, and a batch is a whole number of those.',
    zh: '批大小原为 {from} 个样本，已改为 {to}：模型每次处理 {microbatch} 个样本，一批必须是它的整数倍。',
  },
  'finding.trainingAccumulateShrunk': {
    en: '"accumulate" was {from} batches a step, more than the {samples} samples there are give; it became {to}.',
    zh: '"accumulate" 原为每步 {from} 批，超过 {samples} 个样本所能提供的批数；已改为 {to}。',
  },
  'finding.trainingBatchShrunk': {
    en: 'The batch was {from} samples, more than the {samples} there are to train on; it became {to}.',
    zh: '批大小为 {from}，超过可训练的 {samples} 个样本；已改为 {to}。',
  },
  'finding.trainingStopped': {
    en: 'Training ended after epoch {epoch}: {metric} had been best after epoch {best}.',
    zh: '训练在第 {epoch} 轮后结束：{metric} 在第 {best} 轮后最好。',
  },
  'finding.batchNormRestored': {
    en: 'BatchNormalization was put back behind {count} convolutions for training and folded again for the file.',
    zh: '训练时在 {count} 个卷积之后恢复了 BatchNormalization，保存时再次合并。',
  },
  'finding.slimmed': {
    en: 'Slimming: of the {units} channels, heads and neurons that may go, the smallest tenth has {after} of the mean size of its group on average ({before} before). Counted by size, all of them cost {cost} of before.',
    zh: '稀疏训练：在可移除的 {units} 个通道、注意力头与神经元中，最小的十分之一平均为所在分组平均大小的 {after}（之前为 {before}）。按大小计，全部开销为原来的 {cost}。',
  },
  'finding.slimDamaged': {
    en: 'Slimming cost a lot: {metric} on {heldOut} held-out samples went from {before} to {after} before anything was removed. Lower "slim.weights.alpha", or raise "slim.learningRate", so that the model learns elsewhere what it loses.',
    zh: '稀疏训练代价过大：在移除任何部分之前，{heldOut} 个留出样本上的 {metric} 已由 {before} 变为 {after}。请降低 "slim.weights.alpha"，或提高 "slim.learningRate"，使模型能在别处学回所失去的内容。',
  },
  'finding.masksKept': {
    en: 'The {zeros} zeros in the {tensors} weights that "prune.weights" made sparse stayed zeros; training changed the other numbers only.',
    zh: '"prune.weights" 稀疏化的 {tensors} 个权重张量中，{zeros} 个零保持为零；训练只改变其余数值。',
  },
  'finding.layerNotPruned': { en: 'Layer "{layer}" keeps all its weights: {why}', zh: '层 "{layer}" 保留全部权重：{why}' },
  'finding.sparseSize': {
    en: '{zeros} of the {total} weights of {layers} layers ({share}) are zero now. The file stays as long, since ONNX stores zeros too; compressed (deflate, measured on {measured} of weights) they shrink from {before} to {after}: {ratio} of before.',
    zh: '{layers} 个层的 {total} 个权重中现有 {zeros} 个（{share}）为零。ONNX 同样存储零，因此文件大小不变；压缩后（deflate，在 {measured} 权重上测得）由 {before} 变为 {after}，即原来的 {ratio}。',
  },
  'finding.sparseSpeed': {
    en: 'Zeros bring no speed on {provider}: it multiplies by them as by any other number. The latency measured before and after stands in this report. For speed, use "prune.channels" or quantize.',
    zh: '零权重在 {provider} 上不会带来加速：它像其他数值一样参与乘法。剪枝前后测得的延迟见本报告。若要加速，请使用 "prune.channels" 或量化。',
  },
  'finding.pruned': {
    en: 'Took out {removed} of {total} channels, heads and neurons in {groups} groups, the least important first. Criterion: {criterion}. Left: {macs} MACs ({macsShare} of before), {parameters} parameters ({parametersShare}), {bytes} of weights.',
    zh: '在 {groups} 个分组的 {total} 个通道、注意力头与神经元中移除了 {removed} 个，先移除最不重要的。准则：{criterion}。剩余 {macs} 次乘加（原来的 {macsShare}）、{parameters} 个参数（{parametersShare}）、{bytes} 权重。',
  },
  'finding.decomposed': {
    en: 'Split {layers} of {total} layers into factors: {methods}. Left: {macs} MACs ({macsShare} of before), {parameters} parameters ({parametersShare}), {bytes} of weights.',
    zh: '在 {total} 层中将 {layers} 层分解为因子：{methods}。剩余 {macs} 次乘加（原来的 {macsShare}）、{parameters} 个参数（{parametersShare}）、{bytes} 权重。',
  },
  'finding.nothingDecomposed': {
    en: 'None of {total} layers was split: no factors were faster than the layer they stand for, as measured here. The model stays as it is. Choose another pass, or set "measure": false to shrink it all the same.',
    zh: '{total} 层均未分解：在此测得，没有任何因子比原层更快。模型保持不变。请选择其他方法；若仍要缩小模型，请设 "measure": false。',
  },
  'finding.decomposeMissed': {
    en: '{left} of before are left ({measure}), more than the {wanted} wanted: factors of the other layers would not be faster than these, as measured here. Ask for less, or set "measure": false to meet the target without regard to time.',
    zh: '剩余原来的 {left}（{measure}），多于要求的 {wanted}：在此测得，其余层的因子不会更快。请降低要求，或设 "measure": false 以不计时间地达到目标。',
  },
  'finding.layerNotDecomposed': { en: 'Layer "{layer}" stays whole: {why}', zh: '层 "{layer}" 保持完整：{why}' },
  'finding.layersNotDecomposed': { en: '{count} layers stay whole ({layers}). Of each of them: {why}', zh: '{count} 层保持完整（{layers}）。对其中每一层：{why}' },
  'finding.latencyTable': {
    en: 'Widths were chosen by a table of latencies measured here: {layers} different layers at {points} widths, in {seconds} s. At full width its layers explain {explained} of the {whole} of the model.',
    zh: '宽度依据在此测得的延迟表选择：{layers} 种不同的层，共 {points} 个宽度，用时 {seconds} 秒。全宽时表中各层占模型 {whole} 的 {explained}。',
  },
  'finding.timeSaved': {
    en: 'By the table most time is saved in {layers}.',
    zh: '依据延迟表，节省时间最多的层：{layers}。',
  },
  'finding.latencyMet': {
    en: 'Latency is {measured} of before, measured beside the original (wanted {wanted}, predicted {predicted}).',
    zh: '延迟为原来的 {measured}，与原模型并排测得（要求 {wanted}，预测 {predicted}）。',
  },
  'finding.latencyMissed': {
    en: 'Latency is {measured} of before, more than the {wanted} wanted (predicted {predicted}). Run again on a quiet machine, or ask for less.',
    zh: '延迟为原来的 {measured}，高于要求的 {wanted}（预测 {predicted}）。请在空闲的机器上重试，或设定更低的目标。',
  },
  'finding.refitted': {
    en: 'The weights of {layers} layers that read fewer inputs were fitted anew on {samples} training samples to what these layers gave before: on average their outputs now miss {after} of the variance, with the old weights {before}.',
    zh: '已用 {samples} 个训练样本，为输入变少的 {layers} 个层重新拟合权重，使其输出接近原来的输出：平均而言，输出中未能还原的方差由 {before} 降至 {after}。',
  },
  'finding.refitLeft': {
    en: '{layers} layers that read fewer inputs keep their old weights: these are shared, scaled, sparse, or too wide to be fitted. Training ("recover", "finetune" or "distill") reaches them too.',
    zh: '{layers} 个输入变少的层沿用旧权重：这些权重被共享、带缩放系数、已稀疏化，或过宽而无法拟合。训练（"recover"、"finetune" 或 "distill"）可以调整它们。',
  },
  'finding.factorsRefitted': {
    en: 'The last factors of {layers} split layers were fitted on {samples} training samples to what these layers gave before: on average the error of their outputs went from {before} to {after}.',
    zh: '已用 {samples} 个训练样本拟合 {layers} 个已分解层的最后一个因子，使其输出接近原来的输出：平均而言，输出误差由 {before} 变为 {after}。',
  },
  'finding.factorsRefitted.one': {
    en: 'The last factor of one split layer was fitted on {samples} training samples to what this layer gave before: the error of its outputs went from {before} to {after}.',
    zh: '已用 {samples} 个训练样本拟合 1 个已分解层的最后一个因子，使其输出接近原来的输出：输出误差由 {before} 变为 {after}。',
  },
  'finding.factorsRefitLeft': {
    en: 'The last factors of {layers} split layers stay as they were found: they are shared, scaled, or too wide to be fitted in order. Training ("recover", "finetune" or "distill") reaches them too.',
    zh: '{layers} 个已分解层的最后一个因子保持求得时的值：它们被共享、带缩放系数，或过宽而无法按顺序拟合。训练（"recover"、"finetune" 或 "distill"）可以调整它们。',
  },
  'finding.factorsRefitLeft.one': {
    en: 'The last factor of one split layer stays as it was found: it is shared, scaled, or too wide to be fitted in order. Training ("recover", "finetune" or "distill") reaches it too.',
    zh: '1 个已分解层的最后一个因子保持求得时的值：它被共享、带缩放系数，或过宽而无法按顺序拟合。训练（"recover"、"finetune" 或 "distill"）可以调整它。',
  },
  'finding.statisticsRenewed': {
    en: 'The running statistics of {layers} BatchNormalizations were measured anew on {samples} training samples.',
    zh: '已用 {samples} 个训练样本重新测量 {layers} 个 BatchNormalization 的统计量。',
  },
  'finding.statisticsOld': {
    en: 'Without data the statistics of BatchNormalization stay those of the whole model, which costs accuracy. Name data with --data.',
    zh: '没有数据，BatchNormalization 的统计量仍是原模型的，会损失准确率。请用 --data 指定数据。',
  },
  'finding.patternBroken': {
    en: 'A pattern such as "2:4" may no longer hold in {count} weights that "prune.weights" made sparse: they read fewer inputs now, so that the zeros have other neighbours. Put "prune.channels" before "prune.weights".',
    zh: '{count} 个由 "prune.weights" 稀疏化的权重可能不再满足 "2:4" 之类的模式：它们的输入变少，零的相邻位置随之改变。请将 "prune.channels" 放在 "prune.weights" 之前。',
  },
  'finding.finerGrain': {
    en: 'Narrow layers have widths in steps of {narrow}: in steps of {usual} the target would have been missed by more than {near}. Kernels take {block} channels at a time, so such widths save more MACs than time. "grain" sets another.',
    zh: '较窄的层的宽度以 {narrow} 为步长：若以 {usual} 为步长，与目标的偏差将超过 {near}。计算核一次处理 {block} 个通道，因此这类宽度节省的乘加次数多于时间。可用 "grain" 另行设定。',
  },
  'finding.groupsUnranked': {
    en: '{count} groups of layers keep all their channels: the criterion says nothing about them. Criterion: {criterion}.',
    zh: '{count} 个层分组保留全部通道：所选准则无法评价它们。准则：{criterion}。',
  },
  'finding.blocksRemoved': {
    en: 'Took out {removed} of {total} blocks, the least harmful first, each judged by how far the answers on {samples} training samples move without it. Left: {macs} MACs ({macsShare} of before), {parameters} parameters ({parametersShare}), {bytes} of weights.',
    zh: '从 {total} 个块中移除了 {removed} 个，先移除影响最小的；影响按缺少该块时 {samples} 个训练样本上答案的变化衡量。剩余 {macs} 次乘加（原来的 {macsShare}）、{parameters} 个参数（{parametersShare}）、{bytes} 权重。',
  },
  'finding.blockRemoved': {
    en: '{rank}. Block "{block}" went: the distance of the answers from those before grew to {effect}.',
    zh: '{rank}. 移除块 "{block}"：答案与原来的距离增至 {effect}。',
  },
  'finding.blockEffects': {
    en: 'Distance of the answers (Kullback-Leibler divergence of classes, share of the squared size of numbers; in brackets the answers that change) with one block left out, on {samples} training samples: {effects}.',
    zh: '只移除一个块时答案的距离（类别用 Kullback-Leibler 散度，数值用平方误差占比；括号内为改变的答案比例），在 {samples} 个训练样本上：{effects}。',
  },
  'finding.blockStays': { en: 'Block "{block}" stays: {why}', zh: '块 "{block}" 保留：{why}' },
  'finding.normsWritten': {
    en: '{count} normalizations of the model are written out in small operators: one behind a removed block stays and is applied a second time. Put "cleanup" before "prune.blocks" (with "opset": {opset} where the model has a lower one), which makes one operator of each, and compare.',
    zh: '模型中有 {count} 个归一化以多个小算子的形式写出：被移除块之后的归一化会保留下来，从而重复执行。请先运行 "cleanup" 再运行 "prune.blocks"（若模型的 opset 较低，请加 "opset": {opset}），它会把每个归一化合并为一个算子，然后再比较。',
  },
  'finding.headsLocked': { en: 'The attention at "{layer}" keeps all its heads: {why}.', zh: '"{layer}" 处的注意力保留全部注意力头：{why}。' },
  'finding.layerLocked': { en: 'Layer "{layer}" keeps what it makes: {why}.', zh: '层 "{layer}" 的输出保持不变：{why}。' },
  'finding.inputs.samples': { en: 'a real sample', zh: '真实样本' },
  'finding.inputs.random': { en: 'random inputs', zh: '随机输入' },
  'finding.sideFile': {
    en: 'The weights of {file} are in {side} beside it, since one ONNX file holds at most 2 GiB or the original had them so. Keep both together.',
    zh: '{file} 的权重保存在旁边的 {side} 中：单个 ONNX 文件最多 2 GiB，或原模型本来如此。请始终一起保存这两个文件。',
  },
  'finding.sharedSplit': {
    en: 'The data {file} have no separate training part: the same samples calibrate and test. Describe splits in a JSON file for an accuracy to rely on.',
    zh: '数据 {file} 没有单独的训练部分：校准与测试使用相同样本。要得到可靠的准确率，请在 JSON 文件中描述各部分。',
  },
} as const satisfies Record<string, TextEntry>;
