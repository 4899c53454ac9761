/**
 * The parts of a KubeSchedulerConfiguration that are about the process: its client, and its election as leader.
 *
 * Models    kubernetes v1.34 k8s.io/component-base/config/{types.go,validation}, pkg/scheduler/apis/config/v1/defaults.go
 * Differs   a standby fills its caches when it begins to lead, as with delayCacheUntilActive; kubeconfig, content types, the resource namespace and the addresses and profiles of the process's own endpoints are
 *           checked and mean nothing here: there is one cluster, its leases are in kube-system, and nobody scrapes
 */
import { MILLISECOND_US, MINUTE_US, SECOND_US } from '../engine/units.ts';
import type { DecodeReader, RawObject } from '../objects/decode-reader.ts';
import { childPath } from '../objects/document-path.ts';

export interface ClientConnection {
  /** Requests per second in the long run; Infinity for no limit. */
  readonly qps: number;
  readonly burst: number;
}

export interface LeaderElection {
  /** Whether replicas elect one that works. */
  readonly leaderElect: boolean;
  readonly leaseDurationUs: number;
  readonly renewDeadlineUs: number;
  readonly retryPeriodUs: number;
  /** Name of the lease. */
  readonly resourceName: string;
}

/** defaults.go, v1.34. */
export const DEFAULT_CLIENT_CONNECTION: ClientConnection = Object.freeze({ qps: 50, burst: 100 });
export const DEFAULT_LEASE_NAME = 'kube-scheduler';
/** leaderelection.JitterFactor. */
const JITTER_FACTOR = 1.2;

export function readClientConnection(reader: DecodeReader, top: RawObject, path: string): ClientConnection {
  const raw = reader.object(top, 'clientConnection', path);
  if (raw === undefined) return DEFAULT_CLIENT_CONNECTION;
  const at = childPath(path, 'clientConnection');
  reader.knownFields(raw, at, ['kubeconfig', 'acceptContentTypes', 'contentType', 'qps', 'burst']);
  for (const key of ['kubeconfig', 'acceptContentTypes', 'contentType']) reader.string(raw, key, at);
  const qps = raw['qps'] ?? 0;
  if (typeof qps !== 'number' || !Number.isFinite(qps)) {
    reader.problems.add(childPath(at, 'qps'), `expected a number, found ${JSON.stringify(qps)}`);
    return DEFAULT_CLIENT_CONNECTION;
  }
  const burst = reader.integer(raw, 'burst', at, 0, 0);
  // 0 takes the default; a negative rate switches the limit off, as in client-go.
  return {
    qps: qps === 0 ? DEFAULT_CLIENT_CONNECTION.qps : qps < 0 ? Infinity : qps,
    burst: burst === 0 ? DEFAULT_CLIENT_CONNECTION.burst : burst,
  };
}

export function readLeaderElection(reader: DecodeReader, top: RawObject, path: string): LeaderElection {
  const raw = reader.object(top, 'leaderElection', path) ?? {};
  const at = childPath(path, 'leaderElection');
  const keys = ['leaderElect', 'leaseDuration', 'renewDeadline', 'retryPeriod', 'resourceLock', 'resourceName', 'resourceNamespace'];
  reader.knownFields(raw, at, keys);
  const lock = reader.string(raw, 'resourceLock', at) || 'leases';
  if (lock !== 'leases') reader.problems.add(childPath(at, 'resourceLock'), `expected leases, found ${lock}`);
  reader.string(raw, 'resourceNamespace', at);
  const leaseDurationUs = readDuration(reader, raw, 'leaseDuration', at, 15 * SECOND_US);
  const renewDeadlineUs = readDuration(reader, raw, 'renewDeadline', at, 10 * SECOND_US);
  const retryPeriodUs = readDuration(reader, raw, 'retryPeriod', at, 2 * SECOND_US);
  if (leaseDurationUs <= renewDeadlineUs) reader.problems.add(childPath(at, 'leaseDuration'), 'must be longer than renewDeadline');
  if (renewDeadlineUs <= retryPeriodUs * JITTER_FACTOR) {
    reader.problems.add(childPath(at, 'renewDeadline'), `must be longer than ${JITTER_FACTOR} times retryPeriod`);
  }
  return {
    leaderElect: reader.boolean(raw, 'leaderElect', at, true),
    leaseDurationUs,
    renewDeadlineUs,
    retryPeriodUs,
    resourceName: reader.string(raw, 'resourceName', at) || DEFAULT_LEASE_NAME,
  };
}

/** Settings that have no meaning here are still checked, so that a file that works here works there. */
export function checkProcessSettings(reader: DecodeReader, top: RawObject, path: string): void {
  reader.boolean(top, 'enableProfiling', path, true);
  reader.boolean(top, 'enableContentionProfiling', path, true);
  for (const key of ['healthzBindAddress', 'metricsBindAddress']) {
    const address = reader.string(top, key, path);
    if (address !== '' && address !== '0') {
      reader.problems.add(childPath(path, key), `must be empty or with an zero port, found ${JSON.stringify(address)}`);
    }
  }
  reader.boolean(top, 'delayCacheUntilActive', path);
}

const UNITS_US: Readonly<Record<string, number>> = {
  ns: 0.001,
  us: 1,
  µs: 1,
  ms: MILLISECOND_US,
  s: SECOND_US,
  m: MINUTE_US,
  h: 60 * MINUTE_US,
};

/** A Go duration such as `15s` or `1m30s`, above 0. */
function readDuration(reader: DecodeReader, raw: RawObject, key: string, path: string, fallbackUs: number): number {
  const text = reader.optionalString(raw, key, path);
  if (text === undefined) return fallbackUs;
  let us = 0;
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g)];
  for (const [, amount, unit] of parts) us += Number(amount) * UNITS_US[unit!]!;
  const isWhole = parts.map(([part]) => part).join('') === text;
  if (isWhole && us > 0) return Math.round(us);
  reader.problems.add(childPath(path, key), `expected a duration above 0 such as 15s, found ${JSON.stringify(text)}`);
  return fallbackUs;
}
