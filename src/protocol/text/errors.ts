// Every error a person can meet: what happened, where, what to do next; with the exit status of the command.
// `{file}` is a path, `{node}` and `{op}` name a place in the graph.

import { decompositionErrorTexts } from './decompositionErrors';
import type { ErrorEntry } from './entry';
import { pruningErrorTexts } from './pruningErrors';
import { trainingErrorTexts } from './trainingErrors';

export const errorTexts = {
  // ── the model file ─────────────────────────────────────────────────────────────────────────────────────────────
  fileNotFound: {
    exit: 3,
    en: 'There is no file {file}. Check the path.',
    zh: '找不到文件 {file}。请检查路径。',
  },
  fileUnreadable: {
    exit: 3,
    en: '{file} cannot be read: {reason}. Check that the file is readable and not a folder.',
    zh: '无法读取 {file}：{reason}。请确认它是可读的文件而不是文件夹。',
  },
  emptyFile: {
    exit: 3,
    en: '{file} is empty. Export or download the model again.',
    zh: '{file} 是空文件。请重新导出或下载模型。',
  },
  gitLfsPointer: {
    exit: 3,
    en: '{file} is a Git LFS pointer, not the model itself. Run "git lfs pull" in its repository, then try again.',
    zh: '{file} 只是 Git LFS 指针，不是模型本身。请在其仓库中运行 "git lfs pull" 后重试。',
  },
  notOnnx: {
    exit: 3,
    en: '{file} is not an ONNX model: it {found}. Choose a file exported as ONNX.',
    zh: '{file} 不是 ONNX 模型：{found}。请选择导出为 ONNX 的文件。',
  },
  truncatedModel: {
    exit: 3,
    en: '{file} ends early: {what} at byte {offset} wants {wanted} bytes, but only {left} are left. Copy or download the file again.',
    zh: '{file} 不完整：字节 {offset} 处的 {what} 需要 {wanted} 字节，但只剩 {left} 字节。请重新复制或下载该文件。',
  },
  corruptModel: {
    exit: 3,
    en: '{file} is damaged: {what} at byte {offset}. Export or download the model again.',
    zh: '{file} 已损坏：字节 {offset} 处 {what}。请重新导出或下载模型。',
  },
  modelTooComplex: {
    exit: 3,
    en: '{file} has more than {limit} fields beside its weights (at byte {offset}); no usable model has, and it would not fit in memory. Export the model again.',
    zh: '{file} 除权重外的字段超过 {limit} 个（字节 {offset} 处）；可用的模型不会如此，且内存无法容纳。请重新导出模型。',
  },
  modelTooLarge: {
    exit: 4,
    en: 'The model has {bytes} bytes that cannot be moved to a side file; an ONNX file holds at most {limit}. Leave out the pass that made it so large.',
    zh: '模型有 {bytes} 字节无法移到附属文件；一个 ONNX 文件最多容纳 {limit} 字节。请去掉使模型变得如此之大的方法。',
  },
  unsupportedIrVersion: {
    exit: 3,
    en: '{file} has IR version {version}; Decant reads {supported}. Export the model with a matching ONNX version.',
    zh: '{file} 的 IR 版本为 {version}；Decant 支持 {supported}。请用相应版本的 ONNX 重新导出。',
  },
  unsupportedOpset: {
    exit: 3,
    en: '{file} uses opset {version} of {domain}; {pass} works with {supported}. Export the model with a supported opset.',
    zh: '{file} 使用 {domain} 的 opset {version}；{pass} 支持 {supported}。请用受支持的 opset 重新导出模型。',
  },
  externalDataMissing: {
    exit: 3,
    en: 'The weights of tensor "{tensor}" are in {file}, which is missing. Put that file beside the model.',
    zh: '张量 "{tensor}" 的权重位于 {file}，但该文件不存在。请把它放在模型旁边。',
  },
  externalDataOutside: {
    exit: 3,
    en: 'Tensor "{tensor}" points at {file}, outside the folder of the model. Decant does not follow such paths; save the model with its data beside it.',
    zh: '张量 "{tensor}" 指向模型文件夹之外的 {file}。Decant 不会访问这样的路径；请把数据与模型保存在一起。',
  },
  externalDataShort: {
    exit: 3,
    en: 'Tensor "{tensor}" wants bytes {offset} to {end} of {file}, which has only {size}. Copy the data file again.',
    zh: '张量 "{tensor}" 需要 {file} 的第 {offset} 到 {end} 字节，但该文件只有 {size} 字节。请重新复制数据文件。',
  },
  tensorSizeMismatch: {
    exit: 3,
    en: 'Tensor "{tensor}" has {found} bytes of data, but its type {type} and shape [{shape}] need {wanted}. Export the model again.',
    zh: '张量 "{tensor}" 有 {found} 字节数据，但类型 {type} 与形状 [{shape}] 需要 {wanted} 字节。请重新导出模型。',
  },
  invalidGraph: {
    exit: 3,
    en: 'The graph is not valid at node "{node}" ({op}): {rule}. Export the model again, or report it if another tool accepts it.',
    zh: '图在节点 "{node}"（{op}）处无效：{rule}。请重新导出模型；若其他工具可以打开，请反馈给我们。',
  },
  unsupportedOperator: {
    exit: 3,
    en: 'Node "{node}" uses {op} of opset {opset} ({domain}), which {by} does not support. Leave it out with "ignore", or export the model without it.',
    zh: '节点 "{node}" 使用了 {domain} opset {opset} 的 {op}，{by} 不支持。请用 "ignore" 排除它，或导出不含它的模型。',
  },
  unsupportedType: {
    exit: 3,
    en: 'Tensor "{tensor}" has type {type}, which {by} does not support. Convert it to {supported} first.',
    zh: '张量 "{tensor}" 的类型为 {type}，{by} 不支持。请先转换为 {supported}。',
  },
  alreadyQuantized: {
    exit: 3,
    en: 'The model already holds {count} quantized operators (the first is "{node}"). Start from the float model, or let this pass run before the one that quantizes.',
    zh: '模型已包含 {count} 个量化算子（第一个是 "{node}"）。请改用浮点模型，或让此方法在量化之前运行。',
  },
  nothingToQuantize: {
    exit: 3,
    en: 'No layer of the model can be quantized: there is no Conv, Gemm or MatMul with constant float weights left after "ignore". Check the "ignore" list or choose another pass.',
    zh: '没有可量化的层：排除 "ignore" 之后，不存在带常量浮点权重的 Conv、Gemm 或 MatMul。请检查 "ignore" 列表或选择其他方法。',
  },
  symbolicDimension: {
    exit: 3,
    en: 'Input "{input}" has the open dimension "{dim}". Give it a size with --dim {dim}=SIZE.',
    zh: '输入 "{input}" 的维度 "{dim}" 未定。请用 --dim {dim}=大小 指定。',
  },

  unknownDimension: {
    exit: 2,
    en: 'The model has no open dimension "{dim}". It has: {known}. Name one of them with --dim.',
    zh: '模型没有名为 "{dim}" 的未定维度。现有：{known}。请用 --dim 指定其中之一。',
  },

  // ── data ───────────────────────────────────────────────────────────────────────────────────────────────────────
  dataNeeded: {
    exit: 2,
    en: '{what} needs data. Name it with --data (a folder, an archive, or a JSON file that describes one).',
    zh: '“{what}”需要数据。请用 --data 指定（文件夹、压缩包，或描述数据的 JSON 文件）。',
  },
  emptyFolder: {
    exit: 3,
    en: 'The folder {file} holds no samples. Put images into one sub-folder a class, or describe the data in a JSON file:\n{example}',
    zh: '文件夹 {file} 中没有样本。请为每个类别建一个子文件夹放入图片，或用 JSON 文件描述数据：\n{example}',
  },
  dataNotRecognised: {
    exit: 3,
    en: '{file} cannot be recognised as data by itself. Describe it in a JSON file such as:\n{example}',
    zh: '无法自动识别数据 {file}。请用如下 JSON 文件描述：\n{example}',
  },
  dataDescription: {
    exit: 3,
    en: '{file} is not a valid data description at {path}: {problem}. Allowed: {allowed}.',
    zh: '数据描述 {file} 在 {path} 处无效：{problem}。允许的值：{allowed}。',
  },
  dataUnreadable: {
    exit: 3,
    en: '{file} cannot be read as {format}: {reason}. Check the file or the "format" in its description.',
    zh: '无法把 {file} 读作 {format}：{reason}。请检查文件或描述中的 "format"。',
  },
  splitMissing: {
    exit: 3,
    en: 'The data {file} has no split "{split}". It has: {splits}. Add it to the data description, or choose another with --split where the split that is measured is missing.',
    zh: '数据 {file} 没有名为 "{split}" 的部分。现有：{splits}。请在数据描述中添加；若缺少的是用于测量的部分，也可用 --split 选择另一个。',
  },
  labelsMissing: {
    exit: 3,
    en: 'The metric {metric} needs labels, but split "{split}" of {file} has none. Add "labels", or compare with a baseline by "agreement".',
    zh: '指标 {metric} 需要标签，但 {file} 的 "{split}" 没有标签。请添加 "labels"，或用 "agreement" 与基线比较。',
  },
  labelOutOfRange: {
    exit: 3,
    en: 'Sample {index} of {file} has label {label}, but the model tells {classes} classes apart, counted from 0. Check that data and model belong together.',
    zh: '{file} 的第 {index} 个样本标签为 {label}，但模型只区分 {classes} 个类别（从 0 开始计数）。请确认数据与模型匹配。',
  },
  dataShapeMismatch: {
    exit: 3,
    en: 'A sample of {file} has shape [{found}], but input "{input}" wants [{wanted}]. Set "layout", "shape" or "resize" in the data description.',
    zh: '{file} 的样本形状为 [{found}]，但输入 "{input}" 需要 [{wanted}]。请在数据描述中设置 "layout"、"shape" 或 "resize"。',
  },
  dataInputMissing: {
    exit: 3,
    en: 'The model wants input "{input}", which the data {file} do not fill. Describe it under "input" in the data description.',
    zh: '模型需要输入 "{input}"，但数据 {file} 没有提供。请在数据描述的 "input" 中说明。',
  },
  metricOutputMismatch: {
    exit: 3,
    en: 'The metric {metric} cannot judge output "{output}" of shape [{shape}]: it wants {wanted}. Choose another metric with --metric.',
    zh: '指标 {metric} 无法评价形状为 [{shape}] 的输出 "{output}"：需要 {wanted}。请用 --metric 选择其他指标。',
  },
  baselineNeeded: {
    exit: 2,
    en: 'The metric {metric} compares with another model. Name one with --baseline.',
    zh: '指标 {metric} 需要与另一个模型比较。请用 --baseline 指定。',
  },
  unknownMetric: {
    exit: 2,
    en: 'There is no metric "{metric}". Known metrics: {known}.',
    zh: '没有名为 "{metric}" 的指标。可用：{known}。',
  },
  nonFiniteActivation: {
    exit: 3,
    en: 'All values of tensor "{tensor}" are NaN or infinite for the calibration data. Check the preprocessing ("scale", "mean", "std") or ignore layer "{layer}".',
    zh: '对校准数据，张量 "{tensor}" 的值全部为 NaN 或无穷大。请检查预处理（"scale"、"mean"、"std"），或忽略层 "{layer}"。',
  },
  untrustedScript: {
    exit: 3,
    en: 'The metric {file} is a program. Decant runs it only in a trusted workspace; on the command line add --trust-metric.',
    zh: '指标 {file} 是程序。只有在受信任的工作区中 Decant 才会运行它；在命令行中请添加 --trust-metric。',
  },
  metricFailed: {
    exit: 4,
    en: 'The metric {metric} failed: {reason}. Run it by hand on one sample to see why.',
    zh: '指标 {metric} 失败：{reason}。请用一个样本手动运行以查看原因。',
  },

  // ── usage ──────────────────────────────────────────────────────────────────────────────────────────────────────
  usage: {
    exit: 2,
    en: '{problem}. See "{command} --help".',
    zh: '{problem}。请查看 "{command} --help"。',
  },
  unknownPass: {
    exit: 2,
    en: 'There is no pass "{pass}". Known passes: {known}.',
    zh: '没有名为 "{pass}" 的方法。可用：{known}。',
  },
  passNotReady: {
    exit: 2,
    en: 'The pass "{pass}" is planned but not in this version. Available: {known}.',
    zh: '方法 "{pass}" 已在计划中，但本版本尚未提供。可用：{known}。',
  },
  invalidRecipe: {
    exit: 2,
    en: '{file} is not a valid recipe at {path}: {problem}. Allowed: {allowed}.',
    zh: '配方 {file} 在 {path} 处无效：{problem}。允许的值：{allowed}。',
  },
  invalidOption: {
    exit: 2,
    en: 'Option {path} of {pass}: {problem}. Allowed: {allowed}.',
    zh: '{pass} 的选项 {path}：{problem}。允许的值：{allowed}。',
  },
  optionNotReady: {
    exit: 2,
    en: '{path}={value} of {pass} is planned but not in this version. Use {allowed}.',
    zh: '{pass} 的 {path}={value} 已在计划中，但本版本尚未提供。请使用 {allowed}。',
  },
  unknownProvider: {
    exit: 2,
    en: 'There is no provider "{provider}" here. Run "decant providers" to see which there are: {known}.',
    zh: '此处没有执行后端 "{provider}"。运行 "decant providers" 查看可用项：{known}。',
  },
  ignoreMatchesNothing: {
    exit: 2,
    en: '"{pattern}" in "{option}" matches no layer. Use a layer id, a node name or a pattern such as "layer1*"; "decant inspect" lists the ids.',
    zh: '"{option}" 中的 "{pattern}" 没有匹配任何层。请使用层 id、节点名或 "layer1*" 之类的模式；"decant inspect" 会列出 id。',
  },
  notResumable: {
    exit: 2,
    en: '{file} is not the folder of an unfinished job: {reason}. Start the compression again without --resume.',
    zh: '{file} 不是未完成任务的文件夹：{reason}。请去掉 --resume 重新开始压缩。',
  },
  inputChanged: {
    exit: 3,
    en: '{file} has changed since the job began. Start the compression again without --resume.',
    zh: '任务开始后 {file} 已被修改。请去掉 --resume 重新开始压缩。',
  },

  // ── a model as text ────────────────────────────────────────────────────────────────────────────────────────────
  textSyntax: {
    exit: 3,
    en: 'The text of the model has a mistake at line {line}, column {column}: expected {expected}, found {found}. Correct that place.',
    zh: '模型文本第 {line} 行第 {column} 列有误：应为 {expected}，实际为 {found}。请修改该处。',
  },
  textNote: {
    exit: 3,
    en: 'The comment "#@" at line {line}, column {column} is not one that Decant wrote: "{field}" is wrong. Correct it or delete the line.',
    zh: '第 {line} 行第 {column} 列的 "#@" 注释不是 Decant 写出的形式："{field}" 有误。请修改或删除该行。',
  },
  textValueCount: {
    exit: 3,
    en: 'The tensor at line {line}, column {column} has {found} values, but the shape [{shape}] wants {wanted}. Correct its values or its shape.',
    zh: '第 {line} 行第 {column} 列的张量有 {found} 个值，但形状 [{shape}] 需要 {wanted} 个。请修改它的值或形状。',
  },
  textDuplicate: {
    exit: 3,
    en: 'The text of the model has two initializers named "{name}". Rename one of them.',
    zh: '模型文本中有两个名为 "{name}" 的初始值。请重命名其中一个。',
  },
  textWeights: {
    exit: 3,
    en: 'The text leaves out the values of "{tensor}", and they cannot be restored: {reason}. Give the model that the text was made from.',
    zh: '文本省略了 "{tensor}" 的值，且无法恢复：{reason}。请提供生成该文本的模型。',
  },

  // ── while running ──────────────────────────────────────────────────────────────────────────────────────────────
  outputUnwritable: {
    exit: 4,
    en: '{file} cannot be written: {reason}. Choose another place with -o. Nothing was changed.',
    zh: '无法写入 {file}：{reason}。请用 -o 选择其他位置。没有任何改动。',
  },
  jobFolderUnwritable: {
    exit: 4,
    en: 'The job cannot keep its notes in {file}: {reason}. Make that folder writable, or name another one in the environment variable DECANT_JOBS.',
    zh: '任务无法在 {file} 中保存记录：{reason}。请使该文件夹可写，或用环境变量 DECANT_JOBS 指定其他文件夹。',
  },
  diskFull: {
    exit: 4,
    en: 'There is no space left for {file}. Free some space or choose another disk with -o. Nothing was changed.',
    zh: '没有空间写入 {file}。请释放空间或用 -o 选择其他磁盘。没有任何改动。',
  },
  outOfMemory: {
    exit: 4,
    en: 'The background process ran out of memory while {activity}. Use a smaller batch or fewer samples.',
    zh: '后台进程在{activity}时内存不足。请减小批大小或样本数。',
  },
  sessionFailed: {
    exit: 4,
    en: 'onnxruntime cannot run the model on {provider}: {reason}. Run "decant providers" to see what runs here.',
    zh: 'onnxruntime 无法在 {provider} 上运行该模型：{reason}。请运行 "decant providers" 查看本机可用的执行后端。',
  },
  modelRejected: {
    exit: 3,
    en: 'onnxruntime refuses {file}: {reason}. Check the model with the tool that exported it.',
    zh: 'onnxruntime 拒绝加载 {file}：{reason}。请用导出它的工具检查模型。',
  },
  runFailed: {
    exit: 4,
    en: 'Running the model failed at {place}: {reason}',
    zh: '运行模型时在 {place} 失败：{reason}',
  },
  workerDied: {
    exit: 4,
    en: 'The background process ended unexpectedly ({how}) while {activity}. Its last words: {lastWords}',
    zh: '后台进程在{activity}时意外退出（{how}）。最后的输出：{lastWords}',
  },
  workerSilent: {
    exit: 4,
    en: 'The background process has not answered for {seconds} s while {activity} and was stopped. Run the job again.',
    zh: '后台进程在{activity}时已有 {seconds} 秒没有响应，已被停止。请重新运行。',
  },
  cancelled: {
    exit: 130,
    en: 'Cancelled. Nothing was overwritten.',
    zh: '已取消。没有覆盖任何文件。',
  },
  goalMissed: {
    exit: 1,
    en: 'The goal was not met: {goal} is {found}, wanted {wanted}.',
    zh: '未达到目标：{goal} 为 {found}，要求 {wanted}。',
  },
  untrustedWorkspace: {
    exit: 3,
    en: 'Running a model needs a trusted workspace. Trust this workspace, then try again.',
    zh: '运行模型需要受信任的工作区。请先信任此工作区再重试。',
  },
  notReady: {
    exit: 2,
    en: '{what} is planned but not in this version.',
    zh: '{what} 已在计划中，但本版本尚未提供。',
  },
  invalidResult: {
    exit: 4,
    en: 'Pass {pass} made an invalid model: at node "{node}" ({op}, opset {opset}) {rule}. This is a mistake in Decant; nothing was written. Please report it with the log, or leave that pass out.',
    zh: '方法 {pass} 产生了无效的模型：在节点 "{node}"（{op}，opset {opset}）处，{rule}。这是 Decant 的错误，没有写入任何文件。请附上日志反馈给我们，或不使用该方法。',
  },
  internal: {
    exit: 4,
    en: 'Something went wrong inside Decant while {activity}: {reason}. Please report it with the log.',
    zh: 'Decant 在{activity}时发生内部错误：{reason}。请附上日志反馈给我们。',
  },
  ...pruningErrorTexts,
  ...decompositionErrorTexts,
  ...trainingErrorTexts,
} as const satisfies Record<string, ErrorEntry>;
