/**
 * ScheduledEvaluation: the answer about a pod that found its node. The lists of nodes and totals are made when somebody asks,
 * which has to be before the next attempt.
 */
import { type Diagnosis, newDiagnosis } from './diagnosis.ts';
import type { Evaluation, PluginScores } from './framework.ts';
import type { NodeInfo } from './node-info.ts';
import { type Status, SUCCESS } from './status.ts';

const NO_SCORES: readonly PluginScores[] = Object.freeze([]);

/** Where the lists come from. */
export interface FoundNodes {
  feasibleNodes(): NodeInfo[];
  feasibleTotals(): Float64Array;
  /** Grows with every attempt. */
  readonly attemptCount: number;
}

export class ScheduledEvaluation implements Evaluation {
  readonly outcome = 'scheduled';
  readonly nodeName: string;
  readonly feasibleCount: number;
  readonly evaluatedCount: number;
  readonly tieCount: number;
  readonly nextStartNodeIndex: number;
  private readonly source: FoundNodes;
  private readonly attemptCount: number;

  constructor(
    source: FoundNodes,
    nodeName: string,
    feasibleCount: number,
    evaluatedCount: number,
    tieCount: number,
    nextStartNodeIndex: number,
  ) {
    this.source = source;
    this.attemptCount = source.attemptCount;
    this.nodeName = nodeName;
    this.feasibleCount = feasibleCount;
    this.evaluatedCount = evaluatedCount;
    this.tieCount = tieCount;
    this.nextStartNodeIndex = nextStartNodeIndex;
  }

  /** Empty once another attempt has been made. */
  get feasible(): readonly NodeInfo[] {
    return this.isCurrent ? this.source.feasibleNodes() : [];
  }

  /** Likewise. */
  get totals(): Float64Array {
    return this.isCurrent && this.feasibleCount > 1 ? this.source.feasibleTotals() : new Float64Array(0);
  }

  get scores(): readonly PluginScores[] {
    return NO_SCORES;
  }

  get preFilterStatus(): Status {
    return SUCCESS;
  }

  get preFilterNodes(): undefined {
    return undefined;
  }

  get diagnosis(): Diagnosis {
    return newDiagnosis();
  }

  get fitError(): undefined {
    return undefined;
  }

  get error(): undefined {
    return undefined;
  }

  private get isCurrent(): boolean {
    return this.source.attemptCount === this.attemptCount;
  }
}
