/**
 * EventDriver: makes the scenario's own events happen: faults through the injector, everything else as requests of the
 * client `kubectl`.
 *
 * Order     actions at one instant happen in file order; faults at that instant come first
 */
import { InputError } from '../base/input-error.ts';
import { DatacenterControls } from '../datacenter/controls.ts';
import { sampleUs } from '../engine/distributions.ts';
import { type EventKind, PRIORITY } from '../engine/engine.ts';
import { defineTopic, type Topic } from '../engine/observers.ts';
import type { Op } from '../engine/process.ts';
import type { Rng } from '../engine/rng.ts';
import { FaultInjector, type FaultPlan } from '../faults/injector.ts';
import { faults } from '../faults/registry.ts';
import { worldControls } from '../faults/world-controls.ts';
import type { EventSpec } from './scenario.ts';
import { performUserAction, type UserAction } from './user-actions.ts';
import type { World } from './world.ts';

/** Something the scenario did to the cluster that is no fault. */
export interface ScenarioActionRecord {
  readonly name: string;
  readonly action: string;
  readonly target: string;
  /** What the API server would not take, after all tries; empty when all went well. */
  readonly refusals: readonly string[];
}

export const scenarioActionTopic: Topic<ScenarioActionRecord> = defineTopic('scenario.action');

interface ActionClock {
  readonly event: EventSpec;
  readonly action: UserAction;
  readonly rng: Rng;
  count: number;
}

export class EventDriver {
  readonly injector: FaultInjector;
  private readonly world: World;
  private readonly actionKind: EventKind<ActionClock>;
  private readonly repeatKind: EventKind<ActionClock>;
  private readonly peaceKind: EventKind<undefined>;
  private actionCount: number;

  constructor(world: World) {
    const { engine } = world;
    this.world = world;
    const datacenter = new DatacenterControls(world.topology, world.network);
    const controls = worldControls({ access: world.access, datacenter, nodes: world.kubelets });
    this.injector = new FaultInjector({ engine, rng: engine.rng.fork('faults'), world: controls, faults });
    this.actionKind = engine.defineKind<ActionClock>('scenario.action', (_target, clock) => this.perform(clock));
    // A repeated action alone keeps no run alive.
    this.repeatKind = engine.defineKind<ActionClock>('scenario.repeat', (_target, clock) => this.repeat(clock), { background: true });
    this.peaceKind = engine.defineKind<undefined>('scenario.peace', () => this.injector.healAll(), { priority: PRIORITY.FAULT });
    this.actionCount = 0;
  }

  /** Plans all events of the scenario. Throws an InputError with everything wrong with its faults. */
  start(): void {
    const { spec } = this.world;
    const plans: FaultPlan[] = [];
    const places: EventSpec[] = [];
    for (const event of spec.events) {
      const { action } = event;
      if (action.kind === 'fault') {
        const { fault, targets, between, duration, pick, params } = action;
        plans.push({ name: event.name, when: event.when, fault, targets, between, duration, pick, params });
        places.push(event);
      } else {
        this.plan(event, action);
      }
    }
    this.schedule(plans, places);
    if (spec.converge !== undefined) this.world.engine.scheduleAt(this.peaceKind, spec.converge.afterUs, 0, undefined);
  }

  private schedule(plans: readonly FaultPlan[], places: readonly EventSpec[]): void {
    try {
      this.injector.schedule(plans, '');
    } catch (error) {
      // The injector knows plans by number; the user knows lines.
      if (!(error instanceof InputError)) throw error;
      throw new InputError(
        error.problems.map((problem) => {
          const match = /^\[(\d+)\]\.?(.*)$/.exec(problem.path);
          const event = match === null ? undefined : places[Number(match[1])];
          if (event === undefined || match === null) return problem;
          const key = match[2]!;
          const place = event.action.kind === 'fault' ? event.action.places[key] : undefined;
          const { file, line, column } = place ?? event.position;
          return { ...problem, file, line, column, path: event.position.path + (key === '' ? '' : `.${key}`) };
        }),
      );
    }
  }

  private plan(event: EventSpec, action: UserAction): void {
    const { engine } = this.world;
    const clock: ActionClock = { event, action, rng: engine.rng.fork(`events/${event.name}`), count: 0 };
    if (event.when.kind === 'at') engine.scheduleAt(this.actionKind, event.when.atUs, this.actionCount++, clock);
    else this.scheduleRepeat(clock, event.when.fromUs);
  }

  private scheduleRepeat(clock: ActionClock, fromUs: number): void {
    const { when } = clock.event;
    if (when.kind !== 'every' || clock.count >= when.times) return;
    const dueUs = fromUs + Math.max(1, sampleUs(when.interval, clock.rng));
    if (dueUs <= when.untilUs) this.world.engine.scheduleAt(this.repeatKind, dueUs, this.actionCount++, clock);
  }

  private repeat(clock: ActionClock): void {
    clock.count++;
    this.perform(clock);
    this.scheduleRepeat(clock, this.world.engine.nowUs);
  }

  private perform(clock: ActionClock): void {
    const user = this.world.user.context;
    if (user === undefined) return;
    user.scope.spawn(`action/${clock.event.name}`, this.run(clock));
  }

  private *run(clock: ActionClock): Op<void> {
    const { event, action } = clock;
    const user = this.world.user.context;
    if (user === undefined) return;
    const { engine } = this.world;
    const refusals = yield* performUserAction(user.client, action);
    engine.observers.emit(scenarioActionTopic, { name: event.name, action: action.kind, target: targetOf(action), refusals }, engine.nowUs);
  }
}

function targetOf(action: UserAction): string {
  if (action.kind === 'apply') return action.objects.map(({ object }) => `${object.kind.toLowerCase()}/${object.metadata.name}`).join(', ');
  return `${action.target.kind.toLowerCase()}/${action.target.name}`;
}
