// What other rooms use of surgery.

export { removeUnits, type Removal } from './removeUnits';
export { keptBy, type ChosenUnits, type Kept, type KeptEntries } from './kept';
export { shapesAfter } from './shapesAfter';
export { sliceTensor } from './slice';
