/**
 * FaultInjector: strikes and mends faults when a scenario says, or when chance does.
 *
 *   at a time          all targets of the pattern, or `pick` of them, once
 *   every distribution each target has a clock of its own; with `pick` there is one clock, and each occurrence chooses anew
 *
 * The times depend on the seed, the event's name and the target's name and on nothing that happens in the run: two policies
 * meet the same storms.
 *
 * Units     microseconds
 * Order     faults come before anything else at the same instant (PRIORITY.FAULT); targets in the order selectors give them
 * Cost      one pending event per clock and per open fault; nothing in between
 */
import { InputError, ProblemList } from '../base/input-error.ts';
import { type ParameterValues, resolveParameters } from '../base/parameters.ts';
import { type Distribution, sampleUs } from '../engine/distributions.ts';
import { type Engine, type EventKind, PRIORITY } from '../engine/engine.ts';
import { TIME_LIMIT_US } from '../engine/event-queue.ts';
import { defineTopic, type Topic } from '../engine/observers.ts';
import type { Rng } from '../engine/rng.ts';
import { followPower } from './control-plane-power.ts';
import type { FaultDef, FaultTarget, Undo, WorldControls } from './fault.ts';
import { CLUSTER_TARGET, resolveEnds, resolveTargets } from './targets.ts';

/** A fault began or ended. */
export interface FaultRecord {
  /** Numbers occurrences, from 1. */
  readonly id: number;
  /** The plan's name. */
  readonly name: string;
  readonly kind: string;
  /** `zone/b`, `rack/c-2 -> control-plane`, `component/kube-scheduler`; empty for the cluster as such. */
  readonly target: string;
  readonly phase: 'start' | 'heal';
}

export const faultTopic: Topic<FaultRecord> = defineTopic('fault');

export type FaultTrigger =
  | { readonly kind: 'at'; readonly atUs: number }
  | {
      readonly kind: 'every';
      /** Time between occurrences on one clock, drawn anew each time. */
      readonly interval: Distribution;
      /** The first interval starts here. Before the run's start: the clock has been running, and what came before the start is left out. */
      readonly fromUs: number;
      /** No occurrence after this; Infinity for none. */
      readonly untilUs: number;
      /** At most so many occurrences per clock; Infinity for no bound. */
      readonly times: number;
    };

/** One fault event of a scenario, as data. */
export interface FaultPlan {
  /** Unique; names the random streams. */
  readonly name: string;
  readonly when: FaultTrigger;
  readonly fault: string;
  /** Patterns; see targets.ts. Empty for faults of links and of the cluster as such. */
  readonly targets: readonly string[];
  readonly between: readonly [string, string] | undefined;
  /** How long it lasts; undefined: to the end of the run. */
  readonly duration: Distribution | undefined;
  /** How many of the targets are struck at once; undefined: all. */
  readonly pick: number | undefined;
  readonly params: Readonly<Record<string, unknown>>;
}

/** A plan that was checked. */
interface ReadyPlan {
  readonly plan: FaultPlan;
  readonly def: FaultDef;
  readonly parameters: ParameterValues;
  readonly targets: readonly FaultTarget[];
}

interface Clock {
  readonly ready: ReadyPlan;
  /** One, or all of the plan when it picks. */
  readonly targets: readonly FaultTarget[];
  readonly intervalRng: Rng;
  readonly durationRng: Rng;
  readonly pickRng: Rng;
  /** What faults draw from while they last: one fork per occurrence and target. */
  readonly effectRng: Rng;
  /** Occurrences so far. */
  count: number;
}

interface OpenFault {
  readonly record: FaultRecord;
  readonly undo: Undo;
}

export interface FaultInjectorOptions {
  readonly engine: Engine;
  /** The stream `faults`; each clock forks `<plan>/<target>` from it. */
  readonly rng: Rng;
  readonly world: WorldControls;
  readonly faults: readonly FaultDef[];
}

export class FaultInjector {
  private readonly engine: Engine;
  private readonly rng: Rng;
  private readonly world: WorldControls;
  private readonly defs: readonly FaultDef[];
  private readonly strikeKind: EventKind<Clock>;
  private readonly tickKind: EventKind<Clock>;
  private readonly healKind: EventKind<OpenFault>;
  private readonly open: Map<number, OpenFault>;
  private isOver: boolean;
  private occurrences: number;
  private clocks: number;

  constructor(options: FaultInjectorOptions) {
    this.engine = options.engine;
    this.rng = options.rng;
    this.world = options.world;
    followPower(options.world);
    this.defs = options.faults;
    const priority = PRIORITY.FAULT;
    this.strikeKind = options.engine.defineKind('fault.strike', (_target, clock: Clock) => this.strikeAll(clock), { priority });
    // A hazard alone keeps no run alive: it would never be idle.
    this.tickKind = options.engine.defineKind('fault.hazard', (_target, clock: Clock) => this.tick(clock), { priority, background: true });
    this.healKind = options.engine.defineKind('fault.heal', (_target, open: OpenFault) => this.heal(open), { priority });
    this.open = new Map();
    this.isOver = false;
    this.occurrences = 0;
    this.clocks = 0;
  }

  /** Plans all events. Throws one InputError with everything that is wrong with any of them; nothing is planned then. */
  schedule(plans: readonly FaultPlan[], path = 'events'): void {
    const problems = new ProblemList();
    const ready = plans.map((plan, index) => this.check(plan, `${path}[${index}]`, problems));
    problems.throwIfAny();
    for (const item of ready) if (item !== undefined) this.start(item);
  }

  /** Strikes at once, from inside an event or before the run; returns what mends all of it. For tests and for interactive use. */
  strikeNow(fault: string, target: string, params: Readonly<Record<string, unknown>> = {}): Undo {
    const problems = new ProblemList();
    const def = this.defs.find((known) => known.name === fault);
    const ends = target.split(' -> ');
    const plan: FaultPlan = {
      name: fault,
      when: { kind: 'at', atUs: this.engine.nowUs },
      fault,
      targets: def?.place === 'target' || (def?.place === 'any' && target !== '') ? [target] : [],
      between: def?.place === 'between' && ends.length === 2 ? [ends[0]!, ends[1]!] : undefined,
      duration: undefined,
      pick: undefined,
      params,
    };
    const ready = this.check(plan, fault, problems);
    if (ready === undefined || !problems.isEmpty) throw new InputError(problems.problems);
    const rng = this.rng.fork(fault).fork('effect');
    const open = ready.targets.map((struck) => this.strike(ready, struck, rng.fork(`${this.occurrences}/${struck.name}`)));
    return () => {
      for (const one of open) this.heal(one);
    };
  }

  /** Mends every fault that is open, and strikes no more: the quiet phase of a convergence check. */
  healAll(): void {
    this.isOver = true;
    for (const open of [...this.open.values()]) this.heal(open);
  }

  /** Occurrences that began and did not end. */
  get openCount(): number {
    return this.open.size;
  }

  private check(plan: FaultPlan, path: string, problems: ProblemList): ReadyPlan | undefined {
    const def = this.defs.find((known) => known.name === plan.fault);
    if (def === undefined) {
      problems.addUnknown(
        `${path}.fault`,
        'fault',
        plan.fault,
        this.defs.map((known) => known.name),
      );
      return undefined;
    }
    const parameters = resolveParameters(def.parameters, plan.params, path, problems);
    def.check?.(parameters, path, problems, this.world);
    const targets = this.resolve(def, plan, path, problems);
    if (plan.pick !== undefined && targets.length > 0 && plan.pick > targets.length) {
      problems.add(`${path}.pick`, `cannot pick ${plan.pick} of ${targets.length} targets`);
    }
    return { plan, def, parameters, targets };
  }

  private resolve(def: FaultDef, plan: FaultPlan, path: string, problems: ProblemList): readonly FaultTarget[] {
    if (def.place === 'none') {
      if (plan.targets.length > 0) problems.add(`${path}.target`, `${def.name} strikes the cluster as such and takes no target`);
      return [CLUSTER_TARGET];
    }
    if (def.place === 'between') {
      if (plan.between === undefined) {
        problems.add(path, `${def.name} needs its two ends`, 'between: [rack/c-2, control-plane]');
        return [];
      }
      return resolveEnds(plan.between, this.world, path, problems);
    }
    if (plan.targets.length === 0) {
      if (def.place === 'any') return [CLUSTER_TARGET];
      problems.add(path, `${def.name} needs a target`);
    }
    const found = new Map<string, FaultTarget>();
    for (const [index, pattern] of plan.targets.entries()) {
      const at = plan.targets.length === 1 ? `${path}.target` : `${path}.target[${index}]`;
      for (const target of resolveTargets(def, pattern, this.world, at, problems)) found.set(target.name, target);
    }
    return [...found.values()];
  }

  private start(ready: ReadyPlan): void {
    const { plan, targets } = ready;
    if (plan.when.kind === 'at') {
      this.engine.scheduleAt(this.strikeKind, plan.when.atUs, this.clocks++, this.newClock(ready, targets, plan.name));
      return;
    }
    if (plan.pick !== undefined) {
      this.scheduleTick(this.newClock(ready, targets, plan.name), plan.when.fromUs);
      return;
    }
    for (const target of targets) this.scheduleTick(this.newClock(ready, [target], `${plan.name}/${target.name}`), plan.when.fromUs);
  }

  private newClock(ready: ReadyPlan, targets: readonly FaultTarget[], stream: string): Clock {
    const rng = this.rng.fork(stream);
    const effectRng = rng.fork('effect');
    const [intervalRng, durationRng, pickRng] = [rng.fork('interval'), rng.fork('duration'), rng.fork('pick')];
    return { ready, targets, intervalRng, durationRng, pickRng, effectRng, count: 0 };
  }

  /** The next occurrence of a hazard, counted from `fromUs`. */
  private scheduleTick(clock: Clock, fromUs: number): void {
    const { when } = clock.ready.plan;
    if (when.kind !== 'every' || clock.count >= when.times) return;
    let dueUs = fromUs;
    do dueUs += Math.max(1, sampleUs(when.interval, clock.intervalRng));
    while (dueUs < this.engine.nowUs);
    if (dueUs > when.untilUs || dueUs >= TIME_LIMIT_US) return;
    this.engine.scheduleAt(this.tickKind, dueUs, this.clocks++, clock);
  }

  private tick(clock: Clock): void {
    if (this.isOver) return;
    clock.count++;
    this.strikeAll(clock);
    this.scheduleTick(clock, this.engine.nowUs);
  }

  private strikeAll(clock: Clock): void {
    if (this.isOver) return;
    const { ready } = clock;
    const { pick, duration } = ready.plan;
    const struck = pick === undefined ? clock.targets : pickSome(clock.targets, pick, clock.pickRng);
    for (const target of struck) {
      // Drawn for every occurrence, so that the times of one target never depend on another.
      const lastsUs = duration === undefined ? Infinity : sampleUs(duration, clock.durationRng);
      const open = this.strike(ready, target, clock.effectRng.fork(`${clock.count}/${target.name}`));
      if (!ready.def.heals) this.heal(open);
      else if (this.engine.nowUs + lastsUs < TIME_LIMIT_US) this.engine.schedule(this.healKind, lastsUs, open.record.id, open);
    }
  }

  private strike(ready: ReadyPlan, target: FaultTarget, rng: Rng): OpenFault {
    const { def, plan, parameters } = ready;
    const record: FaultRecord = { id: ++this.occurrences, name: plan.name, kind: def.name, target: target.name, phase: 'start' };
    this.engine.observers.emit(faultTopic, record, this.engine.nowUs);
    const open: OpenFault = { record, undo: def.strike(this.world, target, parameters, rng) };
    this.open.set(record.id, open);
    return open;
  }

  private heal(open: OpenFault): void {
    if (!this.open.delete(open.record.id)) return;
    open.undo();
    this.engine.observers.emit(faultTopic, { ...open.record, phase: 'heal' }, this.engine.nowUs);
  }
}

/** `count` of `items`, in their own order. */
function pickSome<T>(items: readonly T[], count: number, rng: Rng): T[] {
  // Selection sampling: each item is taken with the chance that keeps every subset equally likely.
  const picked: T[] = [];
  let left = count;
  for (let i = 0; i < items.length && left > 0; i++) {
    if (rng.nextInt(items.length - i) < left) {
      picked.push(items[i]!);
      left--;
    }
  }
  return picked;
}
