// How many steps go into one call of onnxruntime, by measurement. A call costs what copying the state vectors costs
// (0.6 ms for the 2.4 MB of a 199k-parameter network with AdamW), whatever the step does. CPU milliseconds a step, one
// call each against a Loop, batch 64, 2 threads, onnxruntime 1.30:
//
//   dnn_m-kws12        2.0   1.4
//   ds_cnn_s-kws12     119   119
//   resnet20-cifar10   505   504

/** Steps longer than this gain less than a twentieth. */
const LONGEST_STEP_MS = 12;
/** A call stays short enough for cancelling and progress. */
const CALL_MS = 100;
const MOST_STEPS = 32;
/** Making the second session takes as long as some hundred calls save. */
const FEWEST_STEPS_LEFT = 300;
/** Steps that are timed; the first one warms up and is left out. */
const TIMED = 4;

export interface Pace {
  /** Tells how long a single step took. */
  note(milliseconds: number): void;
  /** Steps for the next call: 1, or a number that stays the same from then on and is at most `leftInEpoch`. */
  next(leftInEpoch: number, leftInAll: number): number;
  /** One step a call from now on. */
  slow(): void;
}

export function createPace(stepsPerEpoch: number): Pace {
  const times: number[] = [];
  let decided: number | undefined;
  return {
    note(milliseconds) {
      if (times.length < TIMED) times.push(milliseconds);
    },
    next(leftInEpoch, leftInAll) {
      if (decided === undefined && times.length === TIMED) decided = stepsPerCall(Math.min(...times.slice(1)), stepsPerEpoch, leftInAll);
      return decided !== undefined && decided <= leftInEpoch ? decided : 1;
    },
    slow() {
      decided = 1;
    },
  };
}

/** Calls of one length that leave as little of the epoch as can be. */
function stepsPerCall(milliseconds: number, stepsPerEpoch: number, leftInAll: number): number {
  if (milliseconds > LONGEST_STEP_MS || leftInAll < FEWEST_STEPS_LEFT) return 1;
  const most = Math.max(1, Math.min(MOST_STEPS, Math.floor(CALL_MS / milliseconds)));
  return Math.floor(stepsPerEpoch / Math.ceil(stepsPerEpoch / most));
}
