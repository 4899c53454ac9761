/**
 * ScenarioRun: a world with its measures, advanced slice by slice and then judged.
 *
 * `runScenario` runs to the end in one call; `startScenario` leaves the loop to the caller, who can show progress and hear
 * Ctrl-C between two slices. Slices have no influence on the result.
 */

import { InputError } from '../base/input-error.ts';
import { VERSION } from '../base/version.ts';
import { apiRequestTopic } from '../client/api-access.ts';
import { kubeEventTopic } from '../client/component.ts';
import type { Engine, RunEnd } from '../engine/engine.ts';
import { type FaultInjector, faultTopic } from '../faults/injector.ts';
import { containerTopic, nodeTopic, podStartTopic } from '../kubelet/topics.ts';
import { MetricsRun } from '../metrics/metrics-run.ts';
import { measures } from '../metrics/registry.ts';
import { createResult, RESULT_EPOCH, type RunEndReason, type RunResult } from '../metrics/result.ts';
import { evaluationTopic, schedulingAttemptTopic } from '../scheduler/attempts.ts';
import { EventDriver, scenarioActionTopic } from './event-driver.ts';
import { evaluateExpectations } from './expect-evaluator.ts';
import type { Judge, RunOutcomeOf, RunScenarioOptions, ScenarioRunOf } from './run-types.ts';
import type { ScenarioSpec } from './scenario.ts';
import { scenarioText } from './scenario-text.ts';
import { World } from './world.ts';

export type RunOutcome = RunOutcomeOf<RunResult>;

/** Between two looks for an interrupt: half a second at first, when nothing is compiled yet. */
const SLICE_EVENTS = 20_000;

/** Runs `spec` to its end (or until `shouldStop`). Throws InputError for bad input, SimulationBug for our own bugs. */
export function runScenario(spec: ScenarioSpec, options: RunScenarioOptions = {}): RunOutcome {
  const run = startScenario(spec, options);
  while (!run.advance()) {
    // Each slice is its own call, so that progress can be shown between them.
  }
  return run.finish();
}

export function startScenario(spec: ScenarioSpec, options: RunScenarioOptions = {}): ScenarioRun {
  return new ScenarioRun(spec, options);
}

export class ScenarioRun implements ScenarioRunOf<RunResult> {
  readonly world: World;
  /** For further faults, planned before the run begins. */
  readonly injector: FaultInjector;
  private readonly spec: ScenarioSpec;
  private readonly options: RunScenarioOptions;
  private readonly metrics: MetricsRun;
  private readonly judge: Judge | undefined;
  private readonly endUs: number;
  private end: RunEnd | 'interrupted' | undefined;

  constructor(spec: ScenarioSpec, options: RunScenarioOptions) {
    this.spec = spec;
    this.options = options;
    this.world = new World(spec, options);
    const { engine } = this.world;
    this.endUs = spec.durationUs === 'idle' ? spec.idleLimitUs : spec.durationUs;
    this.end = undefined;
    this.metrics = new MetricsRun({
      engine,
      store: this.world.store,
      topology: this.world.topology,
      topics: {
        fault: faultTopic,
        container: containerTopic,
        podStage: podStartTopic,
        machine: nodeTopic,
        attempt: schedulingAttemptTopic,
        apiRequest: apiRequestTopic,
        kubeEvent: kubeEventTopic,
        scenarioAction: scenarioActionTopic,
      },
      measures,
      machines: Object.values(spec.cluster.machines),
      settings: { warmupUs: spec.metrics.warmupUs, keepPods: spec.metrics.keepPods },
      intervalUs: spec.metrics.intervalUs,
      ...(Number.isFinite(this.endUs) ? { durationUs: this.endUs } : {}),
    });
    const { onEvent, onEvaluation, onAttempt } = options;
    if (onEvaluation !== undefined) engine.observers.on(evaluationTopic, onEvaluation);
    if (onAttempt !== undefined) engine.observers.on(schedulingAttemptTopic, onAttempt);
    if (onEvent !== undefined) {
      const beforeEvent: Engine['beforeEvent'] = (kind, target) => onEvent(engine.nowUs, kind.name, target);
      engine.beforeEvent = beforeEvent;
    }
    this.judge = this.judgeOf(options);
    const driver = new EventDriver(this.world);
    this.injector = driver.injector;
    this.world.start();
    driver.start();
  }

  private judgeOf(options: RunScenarioOptions): Judge | undefined {
    const { converge } = this.spec;
    if (converge === undefined) return undefined;
    if (options.judge !== undefined) return options.judge(this.world);
    const message = 'whether a cluster converges is judged by the testing kit: pass its judge (seatrial/testing) to the run';
    throw new InputError([{ ...converge.position, message }]);
  }

  advance(): boolean {
    if (this.end !== undefined) return true;
    const { engine } = this.world;
    const { options } = this;
    options.onProgress?.({
      nowUs: engine.nowUs,
      endUs: Number.isFinite(this.endUs) ? this.endUs : undefined,
      events: engine.eventCount,
      digest: engine.digest.toString(),
    });
    if (options.shouldStop?.() === true) {
      this.end = 'interrupted';
      return true;
    }
    const end = engine.run({
      ...(Number.isFinite(this.endUs) ? { untilUs: this.endUs } : {}),
      untilIdle: this.spec.durationUs === 'idle',
      maxEvents: options.sliceEvents ?? SLICE_EVENTS,
    });
    options.onDigest?.(engine.eventCount, engine.nowUs, engine.digest.toString());
    if (end === 'max-events') return false;
    // An async controller waits for its promises: they go on between two slices.
    if (end === 'stopped' && this.judge?.isDone !== true && (options.controllers ?? []).length > 0) return false;
    this.end = end;
    return true;
  }

  finish(): RunOutcome {
    const { engine } = this.world;
    const end = this.end ?? 'interrupted';
    const isJudged = this.judge?.isDone ?? false;
    const isPartial = end === 'interrupted' || (end === 'stopped' && engine.nowUs < this.endUs && !isJudged);
    const { tables, figures, measurements } = this.metrics.finish(this.judge === undefined ? [] : [this.judge.finish()]);
    const expectations = evaluateExpectations(this.spec.expect, measurements);
    const digest = engine.digest.toString();
    const result = createResult({
      meta: {
        seatrialVersion: VERSION,
        kubernetesVersion: `v${this.spec.kubernetesVersion}`,
        scenario: this.spec.name,
        description: this.spec.description,
        seed: String(this.spec.seed),
        digest,
        simulatedUs: engine.nowUs,
        epoch: RESULT_EPOCH,
        events: engine.eventCount,
        end: end === 'stopped' && isJudged ? 'completed' : reasonOf(end),
        isPartial,
        partialReason: isPartial ? 'the run was interrupted before its end' : '',
        replayCommand: this.options.replayCommand ?? '',
        scenarioText: scenarioText(this.spec.document),
      },
      summary: figures,
      tables,
      expectations,
    });
    return { result, digest, events: engine.eventCount, simulatedUs: engine.nowUs, end, isPartial, expectations, measurements };
  }
}

function reasonOf(end: RunEnd | 'interrupted'): RunEndReason {
  switch (end) {
    case 'idle':
      return 'idle';
    case 'until':
      return 'completed';
    case 'interrupted':
      return 'interrupted';
    default:
      return 'stopped';
  }
}
