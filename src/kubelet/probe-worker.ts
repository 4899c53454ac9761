/**
 * ContainerProbes: the probes of one container, as one timer for the next result that changes.
 *
 * Models    kubernetes v1.34 pkg/kubelet/prober/worker.go
 * Differs   see probes.ts; results of a terminating pod no longer change
 * Units     microseconds
 */
import type { EventHandle } from '../engine/engine.ts';
import { NO_EVENT } from '../engine/engine.ts';
import { TIME_LIMIT_US } from '../engine/event-queue.ts';
import { SECOND_US } from '../engine/units.ts';
import type { Container, Probe } from '../objects/pod.ts';
import { type ContainerRun, RUNNING } from './container-state.ts';
import type { Timed } from './node-services.ts';
import type { PodWorker } from './pod-worker.ts';
import { type FailingSpan, mergeSpans, nextResultChangeUs } from './probes.ts';

type ProbeKind = 'startup' | 'liveness' | 'readiness';

export class ContainerProbes implements Timed {
  readonly index: number;
  private readonly worker: PodWorker;
  private readonly container: Container;
  /** The first look of each probe. */
  private readonly gridUs: { startup: number; liveness: number; readiness: number };
  /** The start of the run that is probed; -1 when none is. */
  private armedUs: number;
  /** From when on a change of the result counts. */
  private sinceUs: number;
  private handle: EventHandle;
  private pending: ProbeKind;
  private failures: { readonly kinds: 'readiness' | 'all'; readonly fromUs: number; readonly untilUs: number }[];

  constructor(worker: PodWorker, index: number, container: Container) {
    this.index = index;
    this.worker = worker;
    this.container = container;
    this.gridUs = {
      startup: this.firstLookUs(container.startupProbe),
      liveness: this.firstLookUs(container.livenessProbe),
      readiness: this.firstLookUs(container.readinessProbe),
    };
    this.armedUs = -1;
    this.sinceUs = 0;
    this.handle = NO_EVENT;
    this.pending = 'startup';
    this.failures = [];
  }

  /** Probing begins, unless this run is probed already. */
  arm(run: ContainerRun): void {
    if (run.state !== RUNNING || this.armedUs === run.startedUs) return;
    const nowUs = this.worker.host.nowUs;
    this.armedUs = run.startedUs;
    this.sinceUs = nowUs;
    // Readiness is looked at as soon as the container is seen running, and every period from then on; a kubelet that has just started still
    // waits for its first look.
    if (this.worker.started[this.index]) this.gridUs.readiness = Math.max(this.gridUs.readiness, nowUs);
    this.plan();
  }

  stop(): void {
    if (this.handle !== NO_EVENT) this.worker.host.engine.cancel(this.handle);
    this.handle = NO_EVENT;
    this.armedUs = -1;
  }

  /** The application does not answer in this span, beside what its behaviour says. */
  addFailure(kinds: 'readiness' | 'all', fromUs: number, untilUs: number): void {
    this.failures = this.failures.filter((failure) => failure.untilUs > fromUs);
    this.failures.push({ kinds, fromUs, untilUs });
    if (this.armedUs >= 0) this.plan();
  }

  handleTimer(): void {
    const { worker } = this;
    const { host } = worker;
    this.handle = NO_EVENT;
    if (!host.isAlive || this.armedUs < 0) return;
    if (host.isFrozen) {
      host.whenThawed(() => this.handleTimer());
      return;
    }
    this.sinceUs = host.nowUs + 1;
    const { index } = this;
    if (this.pending === 'readiness') {
      worker.ready[index] = !worker.ready[index];
      if (!worker.ready[index]) this.warn('Readiness');
      this.plan();
      worker.handleProbeResult();
    } else if (this.pending === 'startup' && !worker.started[index] && this.isStartupSuccess()) {
      worker.started[index] = true;
      worker.ready[index] = this.container.readinessProbe === undefined;
      this.sinceUs = host.nowUs;
      this.gridUs.readiness = Math.max(this.gridUs.readiness, host.nowUs);
      this.plan();
      worker.handleProbeResult();
    } else {
      this.kill();
    }
  }

  private kill(): void {
    const isStartup = this.pending === 'startup';
    const probe = isStartup ? this.container.startupProbe : this.container.livenessProbe;
    this.warn(isStartup ? 'Startup' : 'Liveness');
    // On hold until a new container appears.
    this.armedUs = -1;
    this.worker.stopContainer(this.index, probe?.terminationGracePeriodSeconds ?? this.worker.pod.spec.terminationGracePeriodSeconds);
  }

  private warn(kind: string): void {
    this.worker.host.emitEvent(this.worker.pod, 'Warning', 'Unhealthy', `${kind} probe failed`);
  }

  private plan(): void {
    const { worker, container, index } = this;
    const { host } = worker;
    if (this.handle !== NO_EVENT) host.engine.cancel(this.handle);
    this.handle = NO_EVENT;
    let dueUs = Infinity;
    const consider = (kind: ProbeKind, timeUs: number): void => {
      if (timeUs >= dueUs) return;
      dueUs = timeUs;
      this.pending = kind;
    };
    if (!worker.started[index]) {
      const probe = container.startupProbe!;
      consider('startup', this.changeUs(probe, 'startup', false));
      consider('startup', this.changeUs(probe, 'startup', true));
    } else {
      if (container.livenessProbe !== undefined) consider('liveness', this.changeUs(container.livenessProbe, 'liveness', true));
      if (container.readinessProbe !== undefined) {
        consider('readiness', this.changeUs(container.readinessProbe, 'readiness', worker.ready[index] === true));
      }
    }
    if (dueUs >= TIME_LIMIT_US) return;
    const timeUs = Math.max(dueUs, host.nowUs);
    this.handle = host.engine.scheduleAt(host.services.probeKind, timeUs, worker.id, this);
  }

  /** Both results of a startup probe are timed; at its time, which of the two it was follows from whether the application answers. */
  private isStartupSuccess(): boolean {
    const nowUs = this.worker.host.nowUs;
    return !this.failing('startup').some((span) => span.fromUs <= nowUs && nowUs < span.untilUs);
  }

  private changeUs(probe: Probe, kind: ProbeKind, isSuccess: boolean): number {
    return nextResultChangeUs(probe, isSuccess, this.gridUs[kind], this.armedUs, this.sinceUs, this.failing(kind));
  }

  private failing(kind: ProbeKind): readonly FailingSpan[] {
    const { behaviour } = this.worker;
    const startUs = this.armedUs;
    const spans: FailingSpan[] = [];
    if (behaviour.startAfterUs > 0) spans.push({ fromUs: startUs, untilUs: startUs + behaviour.startAfterUs });
    if (behaviour.hangAfterUs < Infinity) spans.push({ fromUs: startUs + behaviour.hangAfterUs, untilUs: Infinity });
    if (kind === 'readiness' && behaviour.unreadyAfterUs < Infinity) {
      const fromUs = startUs + behaviour.unreadyAfterUs;
      spans.push({ fromUs, untilUs: fromUs + behaviour.unreadyForUs });
    }
    for (const failure of this.failures) if (failure.kinds === 'all' || kind === 'readiness') spans.push(failure);
    return spans.length > 1 ? mergeSpans(spans) : spans;
  }

  /** The first look of a probe: a kubelet that has just started spreads them over one period. */
  private firstLookUs(probe: Probe | undefined): number {
    const { host } = this.worker;
    if (probe === undefined) return host.nowUs;
    const periodUs = Math.max(1, probe.periodSeconds) * SECOND_US;
    return host.nowUs - host.startedUs < periodUs ? host.nowUs + Math.floor(host.uniform() * periodUs) : host.nowUs;
  }
}
