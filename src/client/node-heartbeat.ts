/**
 * NodeHeartbeat: keeps a node's lease stream true to what the node agent could really do. It renews
 * while the process runs, is not frozen, and can reach an API server.
 *
 * Models    kubernetes v1.34 component-helpers/apimachinery/lease: a renewal every 10 s; after failures, tries with a
 *           back-off of up to 7 s
 * Differs   the time-out of a single renewal (10 s) does not show; renewals do not queue at the server, and no request
 *           rule strikes them
 * Cost      events only when the node's reach changes
 */
import type { LeaseStream } from '../apiserver/lease-streams.ts';
import type { Rng } from '../engine/rng.ts';
import { SECOND_US } from '../engine/units.ts';
import type { Component } from './component.ts';

/** nodeLeaseRenewIntervalFraction 0.25 of 40 s. */
export const LEASE_RENEW_US = 10 * SECOND_US;
const LEASE_JITTER = 0.04;
/** maxBackoff of the lease controller. */
const RETRY_US_MAX = 7 * SECOND_US;

export class NodeHeartbeat {
  private readonly component: Component;
  private readonly stream: LeaseStream;
  private readonly rng: Rng;
  private readonly periodUs: number;
  private isEnabled: boolean;
  private isBeating: boolean;
  private nextUs: number;
  private stretchUs: number;

  /** `component` is the node agent. Renewals begin with `enable`. */
  constructor(component: Component, nodeName: string, periodUs: number = LEASE_RENEW_US) {
    const { access } = component;
    this.component = component;
    this.stream = access.servers[0]!.store.leases.of(nodeName);
    this.rng = access.engine.rng.fork(`${component.name}/lease`);
    this.periodUs = periodUs;
    this.isEnabled = false;
    this.isBeating = false;
    this.nextUs = 0;
    this.stretchUs = periodUs;
    component.onStateChange(() => this.update());
    access.onReachChange(() => this.update());
  }

  /** The node agent has registered and begins to renew. */
  enable(): void {
    this.isEnabled = true;
    this.update();
  }

  /** The node agent stops renewing, as when its process ends; a crash of the component does so by itself. */
  disable(): void {
    this.isEnabled = false;
    this.update();
  }

  /** When the lease was last renewed; -1 before the first renewal. */
  get renewedAtUs(): number {
    return this.stream.renewedAtUs(this.component.access.engine.nowUs);
  }

  private update(): void {
    const { component } = this;
    const nowUs = component.access.engine.nowUs;
    // A new process starts a grid of its own, and must enable again.
    if (!component.isRunning) {
      this.isEnabled = false;
      this.nextUs = 0;
    }
    const canBeat = this.isEnabled && component.isRunning && !component.isFrozen && component.connection?.canReachServer === true;
    if (canBeat === this.isBeating) return;
    this.isBeating = canBeat;
    if (!canBeat) {
      this.stream.stop(nowUs);
      const lastUs = this.stream.renewedAtUs(nowUs);
      this.nextUs = lastUs < 0 ? 0 : lastUs + this.stretchUs;
      return;
    }
    let firstUs = nowUs;
    if (this.nextUs > nowUs) {
      // The outage fell between two renewals: nothing happened.
      firstUs = this.nextUs;
    } else if (this.nextUs > 0 && component.connection?.state === 'idle') {
      firstUs = nowUs + this.rng.nextInt(RETRY_US_MAX);
    }
    this.stretchUs = Math.round(this.periodUs * (1 + LEASE_JITTER * this.rng.nextFloat()));
    this.stream.start(firstUs, this.stretchUs);
  }
}
