// The steps of a training one after the other: what they are fed, stepping back from those that went wrong, several in one
// call, and smaller parts where memory runs out. Epochs, metrics and checkpoints are the trainer's.

import { EngineError } from '../error';
import type { TrainingPosition } from './checkpoint';
import { readBatch } from './feeds';
import { requireFinite } from './finite';
import { smallerBatch } from './fitMemory';
import { openTraining, type OpenTraining, type PlannedTraining, tellBatches } from './openTraining';
import { peakLearningRate } from './optimisers/table';
import { pullAt } from './penalty/planPenalty';
import { createPace, type Pace } from './pace';
import { emaDecay, scheduleFactor, schedulePlan } from './schedules';
import { isSound } from './sound';
import type { StepInputs, StepReport, TrainingState } from './stepper';
import type { TrainingRequest } from './training';

/** Steps back in a row after which training has diverged. */
const MOST_STEPS_BACK = 3;

/** Milliseconds from any start. */
export type Clock = () => number;

/** Of a position, what steps change. */
export type StepPosition = Omit<TrainingPosition, 'history' | 'best' | 'seconds'>;

/** A class because nearly everything here changes the same few things: where it stands, and the sessions it runs on. */
export class Steps {
  private readonly pace: Pace;

  constructor(
    private readonly request: TrainingRequest,
    private current: PlannedTraining,
    private opened: OpenTraining,
    private stands: StepPosition,
    private readonly clock: Clock,
  ) {
    this.pace = createPace(current.plan.stepsPerEpoch);
  }

  get position(): StepPosition {
    return this.stands;
  }

  /** As it is now: another one after memory was short. */
  get planned(): PlannedTraining {
    return this.current;
  }

  get state(): TrainingState {
    return this.opened.stepper.state;
  }

  release(): Promise<void> {
    return this.opened.release();
  }

  /** Steps that the epoch has left. */
  get left(): number {
    return this.current.plan.stepsPerEpoch - this.stands.stepInEpoch;
  }

  /** The next steps of the epoch, as many as go into one call. @param order of the samples */
  async advance(order: readonly number[]): Promise<void> {
    const { request: { options }, current: { plan }, stands: { step } } = this;
    const count = this.pace.next(this.left, options.epochs * plan.stepsPerEpoch - step);
    if (count === 1) await this.single(order);
    else await this.several(order, count);
  }

  nextEpoch(): void {
    this.stands = { ...this.stands, epoch: this.stands.epoch + 1, stepInEpoch: 0, lossSum: 0, lossCount: 0 };
  }

  /** At a step counted from 0. */
  learningRate(step: number): number {
    return peakLearningRate(this.request.options) * this.rateFactor(step);
  }

  /** What the learning rate is of its peak. */
  private rateFactor(step: number): number {
    return this.stands.learningRateFactor * scheduleFactor(schedulePlan(this.request.options, this.current.plan.stepsPerEpoch), step);
  }

  private async single(order: readonly number[]): Promise<void> {
    const inputs = await this.read(order);
    const began = this.clock();
    const report = await this.runStep(inputs, order);
    this.pace.note(this.clock() - began);
    if (isSound(report, this.stands.firstLoss)) {
      this.opened.stepper.adopt();
      this.noteStep(report);
      return;
    }
    await this.checkBatches(order);
    const { stands } = this;
    this.stands = {
      ...stands, step: stands.step + 1, stepInEpoch: stands.stepInEpoch + 1,
      stepsBackInARow: stands.stepsBackInARow + 1, stepsBack: stands.stepsBack + 1, learningRateFactor: stands.learningRateFactor / 2,
    };
    this.stepBack(report.loss);
  }

  /** Several steps in one call. Where one of them is not finite none is taken, and they are run one by one. */
  private async several(order: readonly number[], count: number): Promise<void> {
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
    } else if (reports.every((report) => isSound(report, this.stands.firstLoss))) {
      stepper.adopt();
      for (const report of reports) this.noteStep(report);
    } else {
      for (let index = 0; index < count; index += 1) await this.single(order);
    }
  }

  private noteStep(report: StepReport): void {
    const { request, stands, current: { plan, graph } } = this;
    request.onEvent?.({
      type: 'step', step: stands.step + 1, steps: request.options.epochs * plan.stepsPerEpoch, epoch: stands.epoch + 1, loss: report.loss,
      losses: Object.fromEntries(graph.terms.map(({ id }, index) => [id, report.losses[index] ?? NaN])),
      learningRate: this.learningRate(stands.step), gradientNorm: report.gradientNorm,
    });
    this.stands = {
      ...stands, step: stands.step + 1, stepInEpoch: stands.stepInEpoch + 1, taken: stands.taken + 1,
      firstLoss: stands.firstLoss ?? report.loss, stepsBackInARow: 0, lossSum: stands.lossSum + report.loss, lossCount: stands.lossCount + 1,
    };
  }

  private stepBack(loss: number): void {
    const { step, epoch, learningRateFactor, stepsBackInARow } = this.stands;
    this.request.onEvent?.({ type: 'stepBack', step, epoch: epoch + 1, loss, learningRateFactor, inARow: stepsBackInARow });
    if (stepsBackInARow < MOST_STEPS_BACK) return;
    throw new EngineError('trainingDiverged', { step, epoch: epoch + 1, times: MOST_STEPS_BACK, learningRate: peakLearningRate(this.request.options) });
  }

  /** Samples of batch `index` within the epoch. */
  private indicesOf(order: readonly number[], index: number): readonly number[] {
    const { batch } = this.current.plan;
    return order.slice(index * batch, (index + 1) * batch);
  }

  /** What the step at hand is fed, or the one `ahead` steps later (if none before it is stepped back from). */
  private async read(order: readonly number[], ahead = 0): Promise<StepInputs> {
    const { plan } = this.current;
    const { epoch } = this.stands;
    const [stepInEpoch, step, taken] = [this.stands.stepInEpoch + ahead, this.stands.step + ahead, this.stands.taken + ahead];
    const parts: StepInputs['parts'][number][] = [];
    for (let index = 0; index < plan.accumulate; index += 1) {
      const batch = stepInEpoch * plan.accumulate + index;
      const place = { epoch, batch, share: stepInEpoch / plan.stepsPerEpoch };
      parts.push(...(await readBatch(this.opened.feeds, this.indicesOf(order, batch), place)).parts);
    }
    const { ema } = this.request.options;
    const decay = emaDecay(ema, taken);
    const { optimiser, penalty } = this.current;
    const pull = penalty && pullAt(penalty, epoch + stepInEpoch / plan.stepsPerEpoch, this.rateFactor(step));
    const values = optimiser.valuesAt(taken + 1, this.learningRate(step));
    return { parts, scalars: { ...values, ...(ema > 0 && { emaDecay: decay, emaRest: 1 - decay }), ...(pull !== undefined && { pull }) } };
  }

  /** Runs the step; where memory runs out, again with half as many samples a run. */
  private async runStep(inputs: StepInputs, order: readonly number[]): Promise<StepReport> {
    try {
      return await this.opened.stepper.step(inputs);
    } catch (error) {
      if (!(error instanceof EngineError) || error.code !== 'outOfMemory') throw error;
      const { opened: { stepper: { state } }, current: { plan: { batch } }, stands: { shrunkFrom } } = this;
      const before = { ...this.current, ...(shrunkFrom !== undefined && { shrunkFrom }) };
      this.current = await smallerBatch(before, 'outOfMemory', error);
      if (this.current.plan.batch !== batch) tellBatches(this.request, this.current.plan);
      await this.opened.release();
      this.opened = await openTraining(this.current, state);
      this.stands = { ...this.stands, ...shrinking(this.current) };
      return this.runStep(await this.read(order), order);
    }
  }

  /** Throws where it is the samples that are not finite. */
  private async checkBatches(order: readonly number[]): Promise<void> {
    const { accumulate } = this.current.plan;
    for (let index = 0; index < accumulate; index += 1) {
      const indices = this.indicesOf(order, this.stands.stepInEpoch * accumulate + index);
      requireFinite(await this.request.data.gather(indices), this.request.data.name);
    }
  }
}

/** What a position says of how batches are cut. */
export function shrinking({ plan: { microbatch }, shrunkFrom }: PlannedTraining): Pick<TrainingPosition, 'microbatch' | 'shrunkFrom'> {
  return { microbatch, ...(shrunkFrom !== undefined && { shrunkFrom }) };
}
