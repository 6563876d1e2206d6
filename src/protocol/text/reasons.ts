// Why the operating system refused, in words: fills `{reason}` of file errors.

import type { TextEntry } from './entry';

export const reasonTexts = {
  'reason.isFolder': { en: 'it is a folder', zh: '这是文件夹' },
  'reason.notRegular': { en: 'it is not a regular file', zh: '这不是普通文件' },
  'reason.permission': { en: 'access is not permitted', zh: '没有访问权限' },
  'reason.exists': { en: 'a file of that name exists and is not overwritten', zh: '同名文件已存在，不会覆盖' },
  'reason.noFolder': { en: 'its folder does not exist', zh: '所在文件夹不存在' },
  'reason.readOnly': { en: 'the disk is read-only', zh: '磁盘为只读' },
  'reason.tooManyFiles': { en: 'too many files are open', zh: '打开的文件过多' },
  'reason.shrank': { en: 'it became shorter while being read', zh: '读取时文件变短' },
  'reason.tooManyNames': { en: 'every numbered name is taken', zh: '所有编号名称都已被占用' },
  'reason.checkpointVersion': { en: 'another version of Decant wrote it', zh: '它由其他版本的 Decant 写入' },
  'reason.checkpointOther': { en: 'it belongs to other options, weights or data', zh: '它对应的选项、权重或数据不同' },
  'reason.checkpointDamaged': { en: 'it is damaged', zh: '它已损坏' },
} as const satisfies Record<string, TextEntry>;

/** Words for the error codes of Node.js (errno names) that a person can do something about. */
export const reasonOfErrno: Readonly<Record<string, keyof typeof reasonTexts>> = {
  EISDIR: 'reason.isFolder',
  EACCES: 'reason.permission',
  EPERM: 'reason.permission',
  EEXIST: 'reason.exists',
  ENOENT: 'reason.noFolder',
  ENOTDIR: 'reason.noFolder',
  EROFS: 'reason.readOnly',
  EMFILE: 'reason.tooManyFiles',
  ENFILE: 'reason.tooManyFiles',
};
