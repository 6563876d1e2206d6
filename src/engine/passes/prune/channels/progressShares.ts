// How the time of the pass is shared out, for progress; rough, by a run of `taylor` on fashion-resnet18-bn.

/** Looking at gradients or activations. */
export const CRITERION_SHARE = [0.05, 0.7] as const;
/** Looking for the target and cutting. */
export const CUTTING_STARTS = 0.7;
/** New statistics of BatchNormalization. */
export const STATISTICS_SHARE = [0.8, 1] as const;
