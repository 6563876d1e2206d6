// Safe edits of a model's main graph, for use outside of passes: each refuses what would break the model, with the rule of
// the checker, and mends what hangs on what it changed. Edit a clone (ir/clone.ts), never a model others hold.

export { renameCaptured } from './captures';
export { dropUnread } from './dropUnread';
export { dropStrayDescriptions, dropUnused } from './dropUnused';
export { insertAfter, insertNode, removeNode, replaceUses } from './nodes';
export { renameNode, renameValue } from './rename';
