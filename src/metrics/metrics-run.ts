/**
 * MetricsRun: connects measures to one world and collects what they have to say.
 *
 * Order     ClusterView takes in a commit first, then measures in registry order, then raw commit listeners
 */
import type { Topology } from '../datacenter/topology.ts';
import type { Engine } from '../engine/engine.ts';
import type { Topic } from '../engine/observers.ts';
import type { TimeUs } from '../objects/meta.ts';
import { ClusterView } from './cluster-view.ts';
import type {
  CommitListener,
  CommitSource,
  MachinePrice,
  Measure,
  MeasureContext,
  MeasureDef,
  MeasureReport,
  MeasureSettings,
  MeasureTopics,
  UsageModel,
} from './measure.ts';
import { RunMeasurements } from './measurements.ts';
import type { Figure, Table } from './result.ts';
import { SampleClock } from './sample-clock.ts';
import { annotatedUsage } from './usage-model.ts';

export interface MetricsOptions {
  readonly engine: Engine;
  readonly store: CommitSource;
  readonly topology: Topology;
  readonly topics: MeasureTopics;
  readonly measures: readonly MeasureDef[];
  readonly machines?: readonly MachinePrice[];
  /** Default: the annotations of usage-model.ts. */
  readonly usage?: UsageModel;
  readonly settings?: Partial<MeasureSettings>;
  /** Time between two samples of the series. Default 10 s; longer when the run would need more than `maxPoints`. */
  readonly intervalUs?: number;
  /** Planned length, when known: chooses the bucket length so that series need not be merged later. */
  readonly durationUs?: number;
  /** Points a series may have. Default 960. */
  readonly maxPoints?: number;
}

/** Tables, headline figures and answers of a finished run. */
export interface MetricsOutcome {
  readonly tables: readonly Table[];
  readonly figures: readonly Figure[];
  readonly measurements: RunMeasurements;
}

export class MetricsRun {
  readonly view: ClusterView;
  private readonly engine: Engine;
  private readonly clock: SampleClock;
  private readonly measures: readonly Measure[];
  private readonly commitListeners: CommitListener[];

  constructor(options: MetricsOptions) {
    const { engine, topology, topics } = options;
    const maxPoints = options.maxPoints ?? 960;
    const intervalUs = options.intervalUs ?? 10_000_000;
    this.engine = engine;
    this.clock = new SampleClock(Math.max(intervalUs, (options.durationUs ?? 0) / maxPoints), maxPoints);
    this.view = new ClusterView(topology, this.clock, options.usage ?? annotatedUsage);
    this.commitListeners = [];
    const ctx: MeasureContext = {
      view: this.view,
      topology,
      clock: this.clock,
      settings: { warmupUs: 0, keepPods: false, ...options.settings },
      machines: options.machines ?? [],
      topics,
      nowUs: () => engine.nowUs,
      onCommit: (listener) => this.commitListeners.push(listener),
      on: <T>(topic: Topic<T> | undefined, listener: (record: T, timeUs: TimeUs) => void) => {
        if (topic === undefined) return;
        engine.observers.on(topic, (record, timeUs) => {
          this.clock.advance(timeUs);
          listener(record, timeUs);
        });
      },
    };
    if (topics.container !== undefined) {
      engine.observers.on(topics.container, (record, timeUs) => {
        this.view.setContainer(record.podUid, record.container, record.phase === 'started', timeUs);
      });
    }
    this.measures = options.measures.map((def) => def.create(ctx));
    options.store.onCommit((kind, type, old, next, revision) => {
      this.view.commit(kind, type, old, next, engine.nowUs);
      for (let i = 0; i < this.commitListeners.length; i++) this.commitListeners[i]!(kind, type, old, next, revision);
    });
  }

  /** Ends all series and integrals at the engine's present time and adds what others have to report. Call once, after the run. */
  finish(more: readonly MeasureReport[] = []): MetricsOutcome {
    const endUs = this.engine.nowUs;
    this.clock.finish(endUs);
    const reports = [...this.measures.map((measure) => measure.finish(endUs)), ...more];
    return {
      tables: reports.flatMap((report) => report.tables),
      figures: reports.flatMap((report) => report.figures),
      measurements: new RunMeasurements(
        reports.flatMap((report) => report.answers),
        endUs,
      ),
    };
  }
}
