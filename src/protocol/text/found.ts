// What was found where an ONNX model was expected; fills `{found}` of `notOnnx`.

import type { TextEntry } from './entry';

export const foundTexts = {
  'found.zip': { en: 'is a zip archive', zh: '这是 zip 压缩包' },
  'found.gzip': { en: 'is gzip-compressed', zh: '这是 gzip 压缩文件' },
  'found.html': { en: 'is a web page', zh: '这是网页' },
  'found.text': { en: 'is a text file', zh: '这是文本文件' },
  'found.json': { en: 'is a JSON file', zh: '这是 JSON 文件' },
  'found.hdf5': { en: 'is an HDF5 file (perhaps Keras)', zh: '这是 HDF5 文件（可能是 Keras）' },
  'found.ort': { en: 'is in the ORT format of onnxruntime', zh: '这是 onnxruntime 的 ORT 格式' },
  'found.tflite': { en: 'is a TensorFlow Lite model', zh: '这是 TensorFlow Lite 模型' },
  'found.pickle': { en: 'is a Python pickle (perhaps PyTorch)', zh: '这是 Python pickle 文件（可能是 PyTorch）' },
  'found.image': { en: 'is an image', zh: '这是图像' },
  'found.noGraph': { en: 'holds no graph', zh: '其中没有计算图' },
  'found.noVersion': { en: 'states no IR version', zh: '没有注明 IR 版本' },
  'found.noOpset': { en: 'imports no opset', zh: '没有导入任何 opset' },
  'found.unreadable': { en: 'does not follow the format at byte {offset}', zh: '从字节 {offset} 起不符合格式' },
  'found.nothing': { en: 'none', zh: '无' },
} as const satisfies Record<string, TextEntry>;
