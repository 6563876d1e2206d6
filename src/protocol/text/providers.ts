// Why an execution provider is not ready here, and what to do about it.

import type { TextEntry } from './entry';

export const providerTexts = {
  'provider.otherPlatform': {
    en: '{provider} exists on {platforms} only.',
    zh: '{provider} 仅适用于 {platforms}。',
  },
  'provider.notInBuild': {
    en: 'This build of onnxruntime has no {provider}. Go on with cpu.',
    zh: '此 onnxruntime 版本不包含 {provider}。请继续使用 cpu。',
  },
  'provider.librariesMissing': {
    en: 'The libraries of {provider} are not installed. Install the {provider} build of onnxruntime and NVIDIA\'s CUDA and cuDNN, or go on with cpu.',
    zh: '未安装 {provider} 的库。请安装 onnxruntime 的 {provider} 组件以及 NVIDIA 的 CUDA 和 cuDNN，或继续使用 cpu。',
  },
  'provider.noDevice': {
    en: 'No graphics device was found for {provider}. Install a driver (on Linux one with Vulkan), or go on with cpu.',
    zh: '未找到可用于 {provider} 的图形设备。请安装驱动程序（Linux 上需支持 Vulkan），或继续使用 cpu。',
  },
  'provider.notUsed': {
    en: 'onnxruntime loads {provider} but runs a small model on {used} instead. Update the driver, or go on with cpu.',
    zh: 'onnxruntime 能加载 {provider}，但小模型实际在 {used} 上运行。请更新驱动程序，或继续使用 cpu。',
  },
  'provider.failed': {
    en: 'A small model fails on {provider}: {reason}',
    zh: '小模型在 {provider} 上运行失败：{reason}',
  },
  'provider.crashed': {
    en: '{provider} crashes on a small model ({how}). Update the driver, or go on with cpu.',
    zh: '{provider} 在运行小模型时崩溃（{how}）。请更新驱动程序，或继续使用 cpu。',
  },
  'provider.hangs': {
    en: '{provider} did not finish a small model within {seconds} s. Update the driver, or go on with cpu.',
    zh: '{provider} 在 {seconds} 秒内没有完成小模型。请更新驱动程序，或继续使用 cpu。',
  },
} as const satisfies Record<string, TextEntry>;
