// The training loop: batches in, trained weights out. What is asked for and told is in training.ts, how steps are taken in
// steps.ts, which epoch is the best in epochsSoFar.ts; here is the order of things: epochs, metrics, checkpoints, the end.

import { EngineError, throwIfAborted } from '../error';
import { decodeCheckpoint, encodeCheckpoint, fingerprint, layoutOf, requireLayout, START_POSITION } from './checkpoint';
import { type EpochsSoFar, hasStalled, improvement, isBest } from './epochsSoFar';
import { fitMemory } from './fitMemory';
import { openTraining, planTraining, startState, tellBatches } from './openTraining';
import { peakLearningRate } from './optimisers/table';
import { judgedState, splitValues, valuesOf } from './outcome';
import { epochOrder } from './samples';
import { type Clock, shrinking, Steps } from './steps';
import type { TrainingState } from './stepper';
import type { EpochRecord, TrainingRequest, TrainingResult } from './training';

/** A killed training loses at most about this much. */
const CHECKPOINT_MS = 30_000;

/**
 * Trains until the epochs are done, or stops early; goes on from `request.checkpoint` where there is one.
 *
 * @throws EngineError `cancelled` (a checkpoint is saved first), `trainingDiverged` (where no epoch was better than the start), `dataNotFinite`, `labelOutOfRange`,
 * `labelUnfit`, `batchTooLarge`, `trainingCheckpoint`, and what preparing and differentiating throw.
 *
 * @param clock decides how many steps go into a call and when to save; tests give one that no load of the machine changes
 */
export async function train(request: TrainingRequest, clock: Clock = () => performance.now()): Promise<TrainingResult> {
  const saved = await request.checkpoint?.load();
  const training = await Training.open(request, saved, clock);
  try {
    return await training.run(saved !== undefined);
  } finally {
    await training.release();
  }
}

/** One training on its way. A class because nearly everything here changes the same few things. */
class Training {
  private savedAt: number;
  private readonly begunAt: number;

  private constructor(
    private readonly request: TrainingRequest,
    private readonly steps: Steps,
    private epochs: EpochsSoFar,
    private readonly secondsBefore: number,
    private readonly clock: Clock,
  ) {
    this.begunAt = clock();
    this.savedAt = this.begunAt;
  }

  static async open(request: TrainingRequest, saved: Uint8Array | undefined, clock: Clock): Promise<Training> {
    const batch = Math.min(request.options.batch, request.data.size);
    const stored = saved && decodeCheckpoint(saved, fingerprint(request));
    const planned = stored === undefined ? await fitMemory(request, batch) : await planTraining(request, stored.position.microbatch);
    try {
      if (stored !== undefined) requireLayout(stored, planned.graph.layout);
      const opened = await openTraining(planned, stored?.state ?? await startState(planned));
      const { history, best, seconds, ...position } = stored?.position ?? { ...START_POSITION, ...shrinking(planned) };
      return new Training(request, new Steps(request, planned, opened, position, clock), { history, best, bestState: stored?.bestState }, seconds, clock);
    } catch (error) {
      await planned.teacher?.release();
      throw error;
    }
  }

  release(): Promise<void> {
    return this.steps.release();
  }

  async run(isResumed: boolean): Promise<TrainingResult> {
    const { request, steps } = this;
    const { plan, graph, bytes } = steps.planned;
    const { epochs } = request.options;
    tellBatches(request, plan);
    request.onEvent?.({
      type: 'started', parameters: graph.layout.groups.reduce((sum, { length }) => sum + length, 0), batch: plan.batch, microbatch: plan.microbatch,
      accumulate: plan.accumulate, stepsPerEpoch: plan.stepsPerEpoch, epochs, estimatedBytes: bytes,
    });
    if (isResumed) request.onEvent?.({ type: 'resumed', step: steps.position.step, epoch: steps.position.epoch + 1 });
    // Also where the job was cancelled while the start was judged.
    const isJudged = steps.position.step > 0 || this.epochs.history.length > 0;
    if (request.startIsCandidate !== false && !isJudged) await this.judgeStart();
    // Asked before each epoch, so that a training that was lost after its last one does not go on when it is resumed.
    try {
      while (steps.position.epoch < epochs && !hasStalled(this.epochs, steps.position.epoch, request.options)) await this.epoch();
    } catch (error) {
      if (!this.endsWithBest(error)) throw error;
      return this.result();
    }
    const { epochs: { best }, steps: { position: { epoch } } } = this;
    if (epoch < epochs && best !== undefined) request.onEvent?.({ type: 'earlyStop', epoch, bestEpoch: best.epoch });
    return this.result();
  }

  /** Whether training diverged after an epoch that was better than the start: that one is the result. */
  private endsWithBest(error: unknown): boolean {
    const { request, epochs, steps: { position: { step, epoch } } } = this;
    if (!(error instanceof EngineError) || error.code !== 'trainingDiverged') return false;
    const best = improvement(epochs);
    if (request.options.keep !== 'best' || best === undefined) return false;
    request.onEvent?.({ type: 'diverged', step, epoch: epoch + 1, bestEpoch: best.epoch, learningRate: peakLearningRate(request.options) });
    return true;
  }

  private async judgeStart(): Promise<void> {
    const metric = await this.evaluate();
    if (metric === null) return;
    this.noteEpoch({ epoch: 0, loss: null, metric, learningRate: 0, seconds: 0 }, 0);
  }

  private async epoch(): Promise<void> {
    const { request: { data, options }, steps } = this;
    const began = this.clock();
    const first = steps.position.stepInEpoch;
    const order = epochOrder(data.size, options.seed, steps.position.epoch);
    while (steps.left > 0) {
      await this.pause();
      await steps.advance(order);
    }
    const seconds = (this.clock() - began) / 1000;
    const { step, epoch, lossSum, lossCount } = steps.position;
    const metric = await this.evaluate();
    const record: EpochRecord = {
      epoch: epoch + 1, loss: lossCount === 0 ? null : lossSum / lossCount, metric, learningRate: steps.learningRate(step - 1), seconds,
    };
    const { plan } = steps.planned;
    const samples = (plan.stepsPerEpoch - first) * plan.batch * plan.accumulate;
    steps.nextEpoch();
    this.noteEpoch(record, seconds > 0 ? samples / seconds : 0);
    await this.save();
  }

  private noteEpoch(record: EpochRecord, samplesPerSecond: number): void {
    const { request } = this;
    const { epoch, metric } = record;
    this.epochs = { ...this.epochs, history: [...this.epochs.history, record] };
    request.onEvent?.({ type: 'epoch', epochs: request.options.epochs, samplesPerSecond, ...record });
    if (!isBest(this.epochs, metric, request.evaluate?.better)) return;
    this.epochs = { ...this.epochs, best: { epoch, metric }, bestState: this.judged() };
    request.onEvent?.({ type: 'best', epoch, metric });
  }

  /** A cancel while the metric is measured keeps the epoch that was trained. */
  private async evaluate(): Promise<number | null> {
    const { evaluate, signal } = this.request;
    if (evaluate === undefined) return null;
    try {
      return await evaluate.run(valuesOf(this.steps.planned, this.judged()));
    } catch (error) {
      if (signal?.aborted === true) await this.save();
      throw error;
    }
  }

  /** Weights and statistics that are judged and given out. */
  private judged(): TrainingState {
    return judgedState(this.steps.planned, this.steps.state);
  }

  private result(): TrainingResult {
    const { request, epochs: { history, best, bestState }, steps: { planned, position } } = this;
    const kept = (request.options.keep === 'best' ? bestState : undefined) ?? this.judged();
    const { taken, stepsBack, learningRateFactor, shrunkFrom, microbatch } = position;
    return {
      ...splitValues(planned, valuesOf(planned, kept)), history, best, steps: taken, stepsBack, learningRateFactor, seconds: this.seconds(),
      ...(shrunkFrom !== undefined && { shrunk: { from: shrunkFrom, to: microbatch } }),
    };
  }

  /** Of training, those before a resume included. */
  private seconds(): number {
    return this.secondsBefore + (this.clock() - this.begunAt) / 1000;
  }

  /** Between steps: saves now and then, and ends here when cancelled. */
  private async pause(): Promise<void> {
    const isCancelled = this.request.signal?.aborted === true;
    if (isCancelled || this.clock() - this.savedAt > CHECKPOINT_MS) await this.save();
    throwIfAborted(this.request.signal);
  }

  private async save(): Promise<void> {
    const { request, epochs: { history, best, bestState }, steps: { position, planned, state } } = this;
    if (request.checkpoint === undefined) return;
    const checkpoint = { position: { ...position, history, best, seconds: this.seconds() }, layout: layoutOf(planned.graph.layout), state, bestState };
    const bytes = encodeCheckpoint(checkpoint, fingerprint(request));
    await request.checkpoint.save(bytes);
    this.savedAt = this.clock();
    request.onEvent?.({ type: 'checkpoint', step: position.step, epoch: position.epoch + 1, bytes: bytes.length });
  }
}
