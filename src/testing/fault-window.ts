/**
 * FaultWindow: the times at which faults excuse what an invariant would report.
 *
 * Two sorts of faults count. Some make a process forget or misjudge what it has done (a crash, a lost reply): they open the
 * window, which closes `graceUs` after the last of them has ended. Others only delay what a process hears (a slow watch):
 * they open nothing, but a window that is open while they last stays open until they end, and they open one themselves
 * once they have lasted `patienceUs` (controllers wait no longer than that for their own writes to come back).
 *
 * An invariant that the scenario names gets no allowance: its window never opens.
 *
 * Cost      O(faults) in all; asking is O(open delays)
 */
import { SECOND_US } from '../engine/units.ts';
import { type FaultRecord, faultTopic } from '../faults/injector.ts';
import type { Probe } from './invariants/invariant.ts';

/**
 * How long a lost watch may leave a cache behind: its request is given up after 60 s, or refused at once, and tried again within 60 s
 * (back-off of up to 30 s and as much again by chance); what has expired by then is listed after another such wait.
 */
const LOST_WATCH_US = 130 * SECOND_US;
/** The same where no request is lost and nothing expires: one such wait. */
const REFUSED_WATCH_US = 70 * SECOND_US;

/** How long a fault may leave a cache behind after its end. */
export function blindnessUs({ kind }: FaultRecord): number {
  return LOSING_REQUESTS.has(kind) ? LOST_WATCH_US : REFUSED_WATCH_US;
}

export type FaultPredicate = (fault: FaultRecord) => boolean;

export interface FaultWindowOptions {
  readonly opens: FaultPredicate;
  /** Default: nothing. */
  readonly extends?: FaultPredicate;
  /** After the end of each fault. */
  readonly graceUs: number | ((fault: FaultRecord) => number);
  /** Default: for ever. */
  readonly patienceUs?: number;
}

interface OpenDelay {
  readonly id: number;
  readonly sinceUs: number;
  isAttached: boolean;
}

export class FaultWindow {
  private readonly probe: Probe;
  private readonly options: FaultWindowOptions;
  /** Opening faults that have not ended, by id. */
  private readonly openers: Set<number>;
  private readonly delays: Map<number, OpenDelay>;
  private closesAtUs: number;

  constructor(probe: Probe, options: FaultWindowOptions) {
    this.probe = probe;
    this.options = options;
    this.openers = new Set();
    this.delays = new Map();
    this.closesAtUs = -Infinity;
    if (!probe.isStrict) probe.on(faultTopic, (fault, timeUs) => this.note(fault, timeUs));
  }

  /** Whether anything excused is going on now, or was less than `graceUs` ago. */
  get isOpen(): boolean {
    return this.wasOpenSince(this.probe.nowUs());
  }

  /** Whether the window was open at any time from `timeUs` on. */
  wasOpenSince(timeUs: number): boolean {
    if (this.openers.size > 0 || timeUs < this.closesAtUs) return true;
    const { patienceUs = Infinity } = this.options;
    const nowUs = this.probe.nowUs();
    for (const delay of this.delays.values()) if (delay.isAttached || nowUs - delay.sinceUs >= patienceUs) return true;
    return false;
  }

  private note(fault: FaultRecord, timeUs: number): void {
    const { id, phase } = fault;
    if (this.options.opens(fault)) {
      if (phase === 'start') this.openers.add(id);
      else this.openers.delete(id);
      this.closesAtUs = Math.max(this.closesAtUs, timeUs + this.graceUs(fault));
      for (const delay of this.delays.values()) delay.isAttached = true;
      return;
    }
    if (this.options.extends?.(fault) !== true) return;
    if (phase === 'start') {
      this.delays.set(id, { id, sinceUs: timeUs, isAttached: this.openers.size > 0 || timeUs < this.closesAtUs });
      return;
    }
    const delay = this.delays.get(id);
    if (delay === undefined) return;
    this.delays.delete(id);
    const { patienceUs = Infinity } = this.options;
    if (delay.isAttached || timeUs - delay.sinceUs >= patienceUs) this.closesAtUs = Math.max(this.closesAtUs, timeUs + this.graceUs(fault));
  }

  private graceUs(fault: FaultRecord): number {
    const { graceUs } = this.options;
    return typeof graceUs === 'number' ? graceUs : graceUs(fault);
  }
}

/** Faults after which a process does not know what it has done: it, its requests or their answers were lost. */
const FORGETTING: ReadonlySet<string> = new Set([
  ...['component-crash', 'crash-at-write', 'crash-at-yield', 'api-server-restart', 'stale-api-server', 'etcd-leader-loss'],
  ...['lost-request', 'lost-reply', 'slow-requests', 'request-refusal', 'lose-events'],
  // What is under way when the connection changes is lost.
  'reconnect',
]);
/** Faults that let a process hear of changes late. */
const DELAYING: ReadonlySet<string> = new Set(['watch-lag', 'watch-drop', 'watch-compaction', 'component-freeze']);
/** Faults of places: they strike the control plane when it stands there. */
const PLACED: ReadonlySet<string> = new Set([
  ...['rack-outage', 'power-outage', 'zone-outage', 'region-outage', 'partition', 'link-degradation'],
]);

/** Faults by which a request of a watch may get no answer. */
const LOSING_REQUESTS: ReadonlySet<string> = new Set([
  ...['lost-request', 'lost-reply', 'slow-requests', 'reconnect', 'api-server-restart', 'etcd-leader-loss'],
  ...PLACED,
]);

/** Faults that make the processes whose names match forget. Faults of the API servers and of the cluster as such strike all. */
export function forgetting(probe: Probe, component: RegExp): FaultPredicate {
  const isPlaced = probe.spec.controlPlane.placement !== undefined;
  return ({ kind, target }) => {
    if (PLACED.has(kind)) return isPlaced || isBetweenControlPlane(target);
    // A leader that stands still writes on as if it still led.
    const isForgetting = FORGETTING.has(kind) || (kind === 'component-freeze' && isElected(probe));
    return isForgetting && reaches(target, component);
  };
}

/** Faults that let the processes whose names match hear of changes late. */
export function delaying(component: RegExp): FaultPredicate {
  return ({ kind, target }) => DELAYING.has(kind) && reaches(target, component);
}

/** Both of these sorts. */
export function blinding(probe: Probe, component: RegExp): FaultPredicate {
  const forgets = forgetting(probe, component);
  const delays = delaying(component);
  return (fault) => forgets(fault) || delays(fault);
}

function reaches(target: string, component: RegExp): boolean {
  return target.startsWith('component/') ? component.test(target.slice('component/'.length)) : !target.startsWith('node/');
}

function isBetweenControlPlane(target: string): boolean {
  return /^(\S*control-plane|world|user) -> (\S*control-plane|world|user)$/.test(target);
}

function isElected(probe: Probe): boolean {
  return probe.circumstances.controllerManagers > 1 || probe.circumstances.schedulers > 1;
}
