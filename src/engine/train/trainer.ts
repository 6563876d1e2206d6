// The training loop: batches in, trained weights out. What is asked for and told is in training.ts, what a step is in
// stepper.ts; here is the order of things: steps, epochs, best so far, checkpoints, stepping back.

import { EngineError, throwIfAborted } from '../error';
import { decodeCheckpoint, encodeCheckpoint, fingerprint, layoutOf, requireLayout, START_POSITION, type TrainingPosition } from './checkpoint';
import { readBatch } from './feeds';
import { requireFinite } from './finite';
import { fitMemory, smallerBatch } from './fitMemory';
import { openTraining, type OpenTraining, type PlannedTraining, planTraining, startState, tellBatches } from './openTraining';
import { isSound } from './sound';
import { defaultLearningRates } from './optimisers/table';
import { judgedState, splitValues, valuesOf } from './outcome';
import { createPace, type Pace } from './pace';
import { epochOrder } from './samples';
import { emaDecay, scheduleFactor } from './schedules';
import type { StepInputs, StepReport, TrainingState } from './stepper';
import type { EpochRecord, TrainingRequest, TrainingResult } from './training';

/** A killed training loses at most about this much. */
const CHECKPOINT_MS = 30_000;
/** Steps back in a row after which training has diverged. */
const MOST_STEPS_BACK = 3;

/** Milliseconds from any start. */
export type Clock = () => number;

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
  private readonly pace: Pace;

  private constructor(
    private readonly request: TrainingRequest,
    private planned: PlannedTraining,
    private opened: OpenTraining,
    private position: TrainingPosition,
    private bestState: TrainingState | undefined,
    private readonly clock: Clock,
  ) {
    this.begunAt = clock();
    this.savedAt = this.begunAt;
    this.pace = createPace(planned.plan.stepsPerEpoch);
  }

  static async open(request: TrainingRequest, saved: Uint8Array | undefined, clock: Clock): Promise<Training> {
    const { options, data } = request;
    const batch = Math.min(options.batch, data.size);
    const stored = saved && decodeCheckpoint(saved, fingerprint(request));
    const planned = stored === undefined ? await fitMemory(request, batch) : await planTraining(request, stored.position.microbatch);
    try {
      if (stored !== undefined) requireLayout(stored, planned.graph.layout);
      const opened = await openTraining(planned, stored?.state ?? await startState(planned));
      const position = stored?.position ?? { ...START_POSITION, ...shrinking(planned) };
      return new Training(request, planned, opened, position, stored?.bestState, clock);
    } catch (error) {
      await planned.teacher?.release();
      throw error;
    }
  }

  release(): Promise<void> {
    return this.opened.release();
  }

  async run(isResumed: boolean): Promise<TrainingResult> {
    const { request } = this;
    const { plan, graph, bytes } = this.planned;
    const { epochs } = request.options;
    tellBatches(request, plan);
    request.onEvent?.({
      type: 'started', parameters: graph.layout.groups.reduce((sum, { length }) => sum + length, 0), batch: plan.batch, microbatch: plan.microbatch,
      accumulate: plan.accumulate, stepsPerEpoch: plan.stepsPerEpoch, epochs, estimatedBytes: bytes,
    });
    if (isResumed) request.onEvent?.({ type: 'resumed', step: this.position.step, epoch: this.position.epoch + 1 });
    // Also where the job was cancelled while the start was judged.
    const isJudged = this.position.step > 0 || this.position.history.length > 0;
    if (request.startIsCandidate !== false && !isJudged) await this.judgeStart();
    // Asked before each epoch, so that a training that was lost after its last one does not go on when it is resumed.
    try {
      while (this.position.epoch < epochs && !this.hasStalled()) await this.epoch();
    } catch (error) {
      if (!this.endsWithBest(error)) throw error;
      return this.result();
    }
    const { best, epoch } = this.position;
    if (epoch < epochs && best !== undefined) request.onEvent?.({ type: 'earlyStop', epoch, bestEpoch: best.epoch });
    return this.result();
  }

  /** Whether training diverged after an epoch that was better than the start: that one is the result. */
  private endsWithBest(error: unknown): boolean {
    const { request, position: { best, step, epoch } } = this;
    if (!(error instanceof EngineError) || error.code !== 'trainingDiverged') return false;
    if (request.options.keep !== 'best' || best === undefined || best.epoch === 0) return false;
    request.onEvent?.({ type: 'diverged', step, epoch: epoch + 1, bestEpoch: best.epoch, learningRate: this.peakLearningRate() });
    return true;
  }

  /** Whether as many epochs as `earlyStop` went by without a better one. */
  private hasStalled(): boolean {
    const { position: { best, epoch }, request: { options: { earlyStop } } } = this;
    return earlyStop > 0 && best !== undefined && epoch - best.epoch >= earlyStop;
  }

  // ── epochs ─────────────────────────────────────────────────────────────────────────────────────────────────────

  private async judgeStart(): Promise<void> {
    const metric = await this.evaluate();
    if (metric === null) return;
    this.noteEpoch({ epoch: 0, loss: null, metric, learningRate: 0, seconds: 0 }, 0);
  }

  private async epoch(): Promise<void> {
    const { request, planned: { plan } } = this;
    const began = this.clock();
    const first = this.position.stepInEpoch;
    const order = epochOrder(request.data.size, request.options.seed, this.position.epoch);
    while (this.position.stepInEpoch < plan.stepsPerEpoch) {
      await this.pause();
      const left = plan.stepsPerEpoch - this.position.stepInEpoch;
      const count = this.pace.next(left, request.options.epochs * plan.stepsPerEpoch - this.position.step);
      if (count === 1) await this.step(order);
      else await this.steps(order, count);
    }
    const seconds = (this.clock() - began) / 1000;
    const { epoch, lossSum, lossCount } = this.position;
    const metric = await this.evaluate();
    const record: EpochRecord = {
      epoch: epoch + 1, loss: lossCount === 0 ? null : lossSum / lossCount, metric, learningRate: this.learningRate(this.position.step - 1), seconds,
    };
    const samples = (plan.stepsPerEpoch - first) * plan.batch * plan.accumulate;
    this.position = { ...this.position, epoch: epoch + 1, stepInEpoch: 0, lossSum: 0, lossCount: 0 };
    this.noteEpoch(record, seconds > 0 ? samples / seconds : 0);
    await this.save();
  }

  private noteEpoch(record: EpochRecord, samplesPerSecond: number): void {
    const { request, position: { best, history } } = this;
    const { epoch, metric } = record;
    this.position = { ...this.position, history: [...history, record] };
    request.onEvent?.({ type: 'epoch', epochs: request.options.epochs, samplesPerSecond, ...record });
    if (metric === null || Number.isNaN(metric)) return;
    const isBetter = best === undefined || (request.evaluate?.better === 'lower' ? metric < best.metric : metric > best.metric);
    if (!isBetter) return;
    this.position = { ...this.position, best: { epoch, metric } };
    this.bestState = this.judged();
    request.onEvent?.({ type: 'best', epoch, metric });
  }

  /** A cancel while the metric is measured keeps the epoch that was trained. */
  private async evaluate(): Promise<number | null> {
    const { evaluate, signal } = this.request;
    if (evaluate === undefined) return null;
    try {
      return await evaluate.run(valuesOf(this.planned, this.judged()));
    } catch (error) {
      if (signal?.aborted === true) await this.save();
      throw error;
    }
  }

  /** Weights and statistics that are judged and given out. */
  private judged(): TrainingState {
    return judgedState(this.planned, this.opened.stepper.state);
  }

  private result(): TrainingResult {
    const { request, position, planned } = this;
    const kept = (request.options.keep === 'best' ? this.bestState : undefined) ?? this.judged();
    const { history, best, taken, stepsBack, learningRateFactor, shrunkFrom, microbatch } = position;
    return {
      ...splitValues(planned, valuesOf(planned, kept)), history, best, steps: taken, stepsBack, learningRateFactor, seconds: this.seconds(),
      ...(shrunkFrom !== undefined && { shrunk: { from: shrunkFrom, to: microbatch } }),
    };
  }

  /** Of training, those before a resume included. */
  private seconds(): number {
    return this.position.seconds + (this.clock() - this.begunAt) / 1000;
  }

  // ── steps ──────────────────────────────────────────────────────────────────────────────────────────────────────

  private async step(order: readonly number[]): Promise<void> {
    const inputs = await this.read(order);
    const began = this.clock();
    const report = await this.runStep(inputs, order);
    this.pace.note(this.clock() - began);
    if (isSound(report, this.position.firstLoss)) {
      this.opened.stepper.adopt();
      this.noteStep(report);
      return;
    }
    await this.checkBatches(order);
    const { position } = this;
    this.position = {
      ...position, step: position.step + 1, stepInEpoch: position.stepInEpoch + 1,
      stepsBackInARow: position.stepsBackInARow + 1, stepsBack: position.stepsBack + 1, learningRateFactor: position.learningRateFactor / 2,
    };
    this.stepBack(report.loss);
  }

  /** Several steps in one call. Where one of them is not finite none is taken, and they are run one by one. */
  private async steps(order: readonly number[], count: number): Promise<void> {
    const { stepper } = this.opened;
    if (stepper.steps === undefined || this.request.provider !== 'cpu') {
      this.pace.slow();
      return;
    }
    const inputs: StepInputs[] = [];
    for (let ahead = 0; ahead < count; ahead += 1) inputs.push(await this.read(order, ahead));
    const reports = await stepper.steps(inputs).catch((error: unknown) => {
      // One by one they may fit; `runStep` knows what to do where they do not.
      if (error instanceof EngineError && error.code === 'outOfMemory') return [];
      throw error;
    });
    if (reports.length === 0) {
      this.pace.slow();
    } else if (reports.every((report) => isSound(report, this.position.firstLoss))) {
      stepper.adopt();
      for (const report of reports) this.noteStep(report);
    } else {
      for (let index = 0; index < count; index += 1) await this.step(order);
    }
  }

  private noteStep(report: StepReport): void {
    const { request, position, planned: { plan, graph } } = this;
    request.onEvent?.({
      type: 'step', step: position.step + 1, steps: request.options.epochs * plan.stepsPerEpoch, epoch: position.epoch + 1, loss: report.loss,
      losses: Object.fromEntries(graph.terms.map(({ id }, index) => [id, report.losses[index] ?? NaN])),
      learningRate: this.learningRate(position.step), gradientNorm: report.gradientNorm,
    });
    this.position = {
      ...position, step: position.step + 1, stepInEpoch: position.stepInEpoch + 1, taken: position.taken + 1,
      firstLoss: position.firstLoss ?? report.loss, stepsBackInARow: 0, lossSum: position.lossSum + report.loss, lossCount: position.lossCount + 1,
    };
  }

  private stepBack(loss: number): void {
    const { step, epoch, learningRateFactor, stepsBackInARow } = this.position;
    this.request.onEvent?.({ type: 'stepBack', step, epoch: epoch + 1, loss, learningRateFactor, inARow: stepsBackInARow });
    if (stepsBackInARow < MOST_STEPS_BACK) return;
    throw new EngineError('trainingDiverged', { step, epoch: epoch + 1, times: MOST_STEPS_BACK, learningRate: this.peakLearningRate() });
  }

  /** Samples of batch `index` within the epoch. */
  private indicesOf(order: readonly number[], index: number): readonly number[] {
    const { batch } = this.planned.plan;
    return order.slice(index * batch, (index + 1) * batch);
  }

  /** What the step at hand is fed, or the one `ahead` steps later (if none before it is stepped back from). */
  private async read(order: readonly number[], ahead = 0): Promise<StepInputs> {
    const { plan } = this.planned;
    const { epoch } = this.position;
    const [stepInEpoch, step, taken] = [this.position.stepInEpoch + ahead, this.position.step + ahead, this.position.taken + ahead];
    const parts: StepInputs['parts'][number][] = [];
    for (let index = 0; index < plan.accumulate; index += 1) {
      const batch = stepInEpoch * plan.accumulate + index;
      const place = { epoch, batch, share: stepInEpoch / plan.stepsPerEpoch };
      parts.push(...(await readBatch(this.opened.feeds, this.indicesOf(order, batch), place)).parts);
    }
    const { ema } = this.request.options;
    const decay = emaDecay(ema, taken);
    const values = this.planned.optimiser.valuesAt(taken + 1, this.learningRate(step));
    return { parts, scalars: { ...values, ...(ema > 0 && { emaDecay: decay, emaRest: 1 - decay }) } };
  }

  /** Runs the step; where memory runs out, again with half as many samples a run. */
  private async runStep(inputs: StepInputs, order: readonly number[]): Promise<StepReport> {
    try {
      return await this.opened.stepper.step(inputs);
    } catch (error) {
      if (!(error instanceof EngineError) || error.code !== 'outOfMemory') throw error;
      const { opened: { stepper: { state } }, planned: { plan: { batch } }, position: { shrunkFrom } } = this;
      const before = { ...this.planned, ...(shrunkFrom !== undefined && { shrunkFrom }) };
      this.planned = await smallerBatch(before, 'outOfMemory', error);
      if (this.planned.plan.batch !== batch) tellBatches(this.request, this.planned.plan);
      await this.opened.release();
      this.opened = await openTraining(this.planned, state);
      this.position = { ...this.position, ...shrinking(this.planned) };
      return this.runStep(await this.read(order), order);
    }
  }

  /** Throws where it is the samples that are not finite. */
  private async checkBatches(order: readonly number[]): Promise<void> {
    const { accumulate } = this.planned.plan;
    for (let index = 0; index < accumulate; index += 1) {
      const indices = this.indicesOf(order, this.position.stepInEpoch * accumulate + index);
      requireFinite(await this.request.data.gather(indices), this.request.data.name);
    }
  }

  private peakLearningRate(): number {
    const { learningRate, optimizer } = this.request.options;
    return learningRate ?? defaultLearningRates[optimizer];
  }

  private learningRate(step: number): number {
    const { schedule, warmup, epochs } = this.request.options;
    const plan = { name: schedule, steps: epochs * this.planned.plan.stepsPerEpoch, warmup };
    return this.peakLearningRate() * this.position.learningRateFactor * scheduleFactor(plan, step);
  }

  // ── checkpoints ────────────────────────────────────────────────────────────────────────────────────────────────

  /** Between steps: saves now and then, and ends here when cancelled. */
  private async pause(): Promise<void> {
    const isCancelled = this.request.signal?.aborted === true;
    if (isCancelled || this.clock() - this.savedAt > CHECKPOINT_MS) await this.save();
    throwIfAborted(this.request.signal);
  }

  private async save(): Promise<void> {
    const { request, position, bestState } = this;
    if (request.checkpoint === undefined) return;
    const bytes = encodeCheckpoint({ position: { ...position, seconds: this.seconds() }, layout: layoutOf(this.planned.graph.layout), state: this.opened.stepper.state, bestState }, fingerprint(request));
    await request.checkpoint.save(bytes);
    this.savedAt = this.clock();
    request.onEvent?.({ type: 'checkpoint', step: position.step, epoch: position.epoch + 1, bytes: bytes.length });
  }
}

function shrinking({ plan: { microbatch }, shrunkFrom }: PlannedTraining): Pick<TrainingPosition, 'microbatch' | 'shrunkFrom'> {
  return { microbatch, ...(shrunkFrom !== undefined && { shrunkFrom }) };
}
