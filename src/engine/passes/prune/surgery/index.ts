// What other rooms use of surgery.

export { removeUnits, type Removal } from './removeUnits';
export { type ChosenUnits, type Kept, type KeptEntries } from './kept';
export { sliceTensor } from './slice';
