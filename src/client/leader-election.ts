/**
 * LeaderElector: at most one of several replicas works at a time, most of the time.
 *
 * A candidate takes the lease when its record has not changed for leaseDuration on the candidate's own
 * clock. The leader renews every 2 s; if it has not managed for 10 s, its process exits. There is no
 * fencing: a leader that was frozen can still write when it wakes up.
 *
 * Models    client-go tools/leaderelection v1.34 with a Lease lock
 */
import { type Op, type Scope, sleep } from '../engine/process.ts';
import type { Rng } from '../engine/rng.ts';
import { SECOND_US } from '../engine/units.ts';
import { isApiStatus } from '../objects/api-status.ts';
import type { Lease } from '../objects/cluster.ts';
import { newMeta, objectKey, type TimeUs } from '../objects/meta.ts';
import type { Client } from './client.ts';

export interface LeaderElectionOptions {
  /** Name of the Lease in kube-system, shared by all replicas. */
  readonly lease: string;
  /** Defaults 15 s, 10 s, 2 s: kube-scheduler and kube-controller-manager flags --leader-elect-... */
  readonly leaseDurationUs?: number;
  readonly renewDeadlineUs?: number;
  readonly retryPeriodUs?: number;
}

/** JitterFactor of the acquire loop. */
const ACQUIRE_JITTER = 1.2;
const NAMESPACE = 'kube-system';

export class LeaderElector {
  private readonly scope: Scope;
  private readonly client: Client;
  private readonly rng: Rng;
  private readonly identity: string;
  private readonly leaseName: string;
  private readonly leaseDurationUs: number;
  private readonly renewDeadlineUs: number;
  private readonly retryPeriodUs: number;
  private observed: Lease | undefined;
  private observedAtUs: TimeUs;
  private leading: boolean;

  constructor(scope: Scope, client: Client, rng: Rng, identity: string, options: LeaderElectionOptions) {
    this.scope = scope;
    this.client = client;
    this.rng = rng;
    this.identity = identity;
    this.leaseName = options.lease;
    this.leaseDurationUs = options.leaseDurationUs ?? 15 * SECOND_US;
    this.renewDeadlineUs = options.renewDeadlineUs ?? 10 * SECOND_US;
    this.retryPeriodUs = options.retryPeriodUs ?? 2 * SECOND_US;
    this.observed = undefined;
    this.observedAtUs = 0;
    this.leading = false;
  }

  get isLeading(): boolean {
    return this.leading;
  }

  /** Acquires the lease, calls `onLeading`, renews for as long as it can, then calls `onLost` and ends. */
  *run(onLeading: () => void, onLost: () => void): Op<void> {
    while (!(yield* this.tryAcquireOrRenew())) {
      yield* sleep(Math.round(this.retryPeriodUs * (1 + this.rng.nextFloat() * ACQUIRE_JITTER)), { background: true });
    }
    this.leading = true;
    onLeading();
    let isLost = false;
    while (!isLost) {
      yield* sleep(this.retryPeriodUs, { background: true });
      // Also ends a try that hangs.
      const cancelDeadline = this.scope.timer('leader.deadline', this.renewDeadlineUs, () => lose(), { background: true });
      const lose = (): void => {
        if (isLost) return;
        isLost = true;
        this.leading = false;
        onLost();
      };
      while (!(yield* this.tryAcquireOrRenew())) {
        if (isLost) return;
        yield* sleep(this.retryPeriodUs, { background: true });
      }
      if (isLost) return;
      cancelDeadline();
    }
  }

  private *tryAcquireOrRenew(): Op<boolean> {
    const { observed } = this;
    // The leader first tries on top of what it wrote last.
    if (this.leading && observed !== undefined && observed.spec.holderIdentity === this.identity) {
      if (yield* this.write(observed)) return true;
    }
    const current = yield* this.client.get('Lease', objectKey(NAMESPACE, this.leaseName));
    if (isApiStatus(current)) {
      if (!current.isNotFound) return false;
      const created = yield* this.client.create(this.newLease());
      if (isApiStatus(created)) return false;
      this.observe(created);
      return true;
    }
    if (this.observed === undefined || this.observed.metadata.resourceVersion !== current.metadata.resourceVersion) this.observe(current);
    const { holderIdentity } = current.spec;
    const isMine = holderIdentity === this.identity;
    if (holderIdentity !== '' && !isMine && this.observedAtUs + this.leaseDurationUs >= this.scope.nowUs) return false;
    return yield* this.write(current);
  }

  private *write(lease: Lease): Op<boolean> {
    const isMine = lease.spec.holderIdentity === this.identity;
    const nowUs = this.scope.nowUs;
    const updated = yield* this.client.update<Lease>({
      ...lease,
      spec: {
        holderIdentity: this.identity,
        leaseDurationSeconds: Math.round(this.leaseDurationUs / SECOND_US),
        acquireTime: isMine ? lease.spec.acquireTime : nowUs,
        renewTime: nowUs,
        leaseTransitions: isMine ? lease.spec.leaseTransitions : lease.spec.leaseTransitions + 1,
      },
    });
    if (isApiStatus(updated)) return false;
    this.observe(updated);
    return true;
  }

  private observe(lease: Lease): void {
    this.observed = lease;
    this.observedAtUs = this.scope.nowUs;
  }

  private newLease(): Lease {
    return {
      kind: 'Lease',
      apiVersion: 'coordination.k8s.io/v1',
      metadata: newMeta({ name: this.leaseName, namespace: NAMESPACE }),
      spec: {
        holderIdentity: this.identity,
        leaseDurationSeconds: Math.round(this.leaseDurationUs / SECOND_US),
        acquireTime: this.scope.nowUs,
        renewTime: this.scope.nowUs,
        leaseTransitions: 0,
      },
    };
  }
}
