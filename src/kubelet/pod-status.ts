/**
 * PodStatus: phase, conditions and container statuses from what a node's runtime has.
 *
 * HOT       once per change of a pod that its kubelet sees, 2-4 times in a pod's life
 * Models    kubernetes v1.34 pkg/kubelet/kubelet_pods.go getPhase, convertToAPIContainerStatuses; pkg/kubelet/status/generate.go
 * Differs   no resize, no ephemeral containers, no user namespaces; a container's image id is left out
 * Units     microseconds; written-out times have whole seconds
 * Cost      O(containers), no search
 */
import type { ConditionStatus, TimeUs } from '../objects/meta.ts';
import type { ContainerState, ContainerStatus, Pod, PodCondition, PodPhase, PodStatus } from '../objects/pod.ts';
import { type ContainerRun, containerAt, containerCount, EXITED, initCount, isSidecar, NEVER, RUNNING } from './container-state.ts';

/** What the kubelet knows of a pod beside its containers. */
export interface StatusInput {
  readonly pod: Pod;
  /** By container, init containers first; undefined before the sandbox exists. */
  readonly runs: readonly ContainerRun[] | undefined;
  /** Reason of a waiting container by index, such as CrashLoopBackOff; empty for the usual one. */
  readonly waiting: readonly string[];
  /** Readiness by container, as its probe (or the lack of one) says. */
  readonly ready: readonly boolean[];
  /** Whether the startup probe has passed, by container. */
  readonly started: readonly boolean[];
  readonly hasNetwork: boolean;
  readonly podIP: string;
  readonly startUs: TimeUs;
  /** Set when the kubelet itself ended the pod: Evicted, DeadlineExceeded, Preempting, or a refusal. */
  readonly failure: { readonly reason: string; readonly message: string } | undefined;
  /** Set together with `failure` when the pod was disrupted by the kubelet. */
  readonly isDisrupted: boolean;
  /** Whether every container has stopped for good: only then a terminal phase is shown. */
  readonly isStopped: boolean;
}

/** Condition types the kubelet writes; all others belong to someone else and are kept as the API server has them. */
const KUBELET_CONDITIONS: ReadonlySet<string> = new Set([
  'PodReadyToStartContainers',
  'Initialized',
  'Ready',
  'ContainersReady',
  'PodScheduled',
]);

/**
 * The phase of a pod, without stickiness: what its containers say.
 * `isStopped` marks the last pass, when nothing can run any more.
 */
export function computePhase(pod: Pod, runs: readonly ContainerRun[], isStopped: boolean): PodPhase {
  const inits = initCount(pod);
  const total = runs.length;
  const policy = pod.spec.restartPolicy;
  let anyRegularStarted = false;
  for (let i = inits; i < total; i++) if (runs[i]!.starts > 0) anyRegularStarted = true;
  let initPending = false;
  let initFailed = false;
  for (let i = 0; i < inits; i++) {
    const run = runs[i]!;
    if (isSidecar(containerAt(pod, i))) {
      if (run.starts === 0) initPending = true;
    } else if (run.state === EXITED) {
      if (run.exitCode !== 0) {
        if (policy === 'Never') initFailed = true;
        else initPending = true;
      }
    } else {
      initPending = true;
    }
  }
  if (initFailed && !anyRegularStarted) return 'Failed';
  if (!anyRegularStarted && initPending) return isStopped ? 'Failed' : 'Pending';
  let running = 0;
  let neverStarted = 0;
  let failed = 0;
  for (let i = inits; i < total; i++) {
    const run = runs[i]!;
    // Waiting for its start in a new sandbox after it ran in an old one: counts as stopped.
    if (run.state === NEVER && run.last?.state === 'terminated') failed += run.last.exitCode !== 0 ? 1 : 0;
    else if (run.state === NEVER) neverStarted++;
    else if (run.state === RUNNING) running++;
    else if (run.exitCode !== 0) failed++;
  }
  if (isStopped) return neverStarted > 0 || failed > 0 ? 'Failed' : 'Succeeded';
  if (neverStarted > 0) return 'Pending';
  if (running > 0 || policy === 'Always') return 'Running';
  if (failed === 0) return 'Succeeded';
  return policy === 'Never' ? 'Failed' : 'Running';
}

/** The whole status. Conditions of other writers in `previous` are left to `mergeStatus`. */
export function generateStatus(input: StatusInput, previous: PodStatus, nowUs: TimeUs): PodStatus {
  const { pod, runs } = input;
  let phase = runs === undefined ? phaseWithoutRuns(pod, previous, input.isStopped) : computePhase(pod, runs, input.isStopped);
  if (input.failure !== undefined && input.isStopped) phase = 'Failed';
  const isTerminal = phase === 'Succeeded' || phase === 'Failed';
  // A terminal phase is shown once no container can be running; until then the old one stays.
  if (isTerminal && !input.isStopped) phase = previous.phase === 'Pending' && !anyRunning(runs) ? 'Pending' : 'Running';
  if (previous.phase === 'Succeeded' || previous.phase === 'Failed') phase = previous.phase;
  const reports = phase === 'Succeeded' || phase === 'Failed';
  const showsFailure = input.failure !== undefined && reports;
  const inits = initCount(pod);
  const total = containerCount(pod);
  const initialized = isInitialized(input, previous, inits, phase);
  const containerStatuses: ContainerStatus[] = [];
  const initContainerStatuses: ContainerStatus[] = [];
  let unready = 0;
  for (let i = 0; i < total; i++) {
    const isInit = i < inits;
    const container = containerAt(pod, i);
    const run = runs?.[i];
    const isRunning = run !== undefined && run.state === RUNNING;
    const isStarted = isRunning && input.started[i] === true;
    const counts = !isInit || isSidecar(container);
    const isReady = counts ? isStarted && input.ready[i] === true : run !== undefined && run.state === EXITED && run.exitCode === 0;
    if (counts && !isReady) unready++;
    const current = stateOf(run, input.waiting[i] ?? '', inits > 0 && !initialized);
    const before = run === undefined ? reported(previous, isInit, container.name) : undefined;
    const status: ContainerStatus =
      before === undefined
        ? {
            name: container.name,
            ready: isReady,
            started: isStarted,
            restartCount: run === undefined ? 0 : Math.max(0, run.starts - 1),
            image: container.image,
            current,
            last: run?.last,
            resources: undefined,
            allocatedResources: undefined,
          }
        : statusWithoutRun(before, current, pod.metadata.deletionTimestamp !== undefined);
    if (isInit) initContainerStatuses.push(status);
    else containerStatuses.push(status);
  }
  const old = previous.conditions;
  const conditions: PodCondition[] = [
    condition(old, 'PodReadyToStartContainers', input.hasNetwork && !reports, '', nowUs),
    condition(
      old,
      'Initialized',
      initialized,
      phase === 'Succeeded' ? 'PodCompleted' : reports ? 'PodFailed' : 'ContainersNotInitialized',
      nowUs,
    ),
    readiness(old, 'Ready', input, phase, unready, nowUs),
    readiness(old, 'ContainersReady', input, phase, unready, nowUs),
    condition(old, 'PodScheduled', true, '', nowUs),
  ];
  if (input.isDisrupted) {
    conditions.push(
      sameOrNew(old, {
        type: 'DisruptionTarget',
        status: 'True',
        reason: 'TerminationByKubelet',
        message: input.failure?.message ?? '',
        lastTransitionTime: nowUs,
      }),
    );
  }
  return {
    phase,
    conditions,
    reason: showsFailure ? input.failure!.reason : '',
    message: showsFailure ? input.failure!.message : '',
    startTime: input.startUs,
    nominatedNodeName: previous.nominatedNodeName,
    podIP: input.podIP,
    qosClass: previous.qosClass,
    containerStatuses,
    initContainerStatuses,
    observedGeneration: pod.metadata.generation,
  };
}

function anyRunning(runs: readonly ContainerRun[] | undefined): boolean {
  return runs?.some((run) => run.starts > 0) ?? false;
}

/** What was last said of a container; undefined when nothing was. */
function reported(previous: PodStatus, isInit: boolean, name: string): ContainerStatus | undefined {
  return (isInit ? previous.initContainerStatuses : previous.containerStatuses).find((status) => status.name === name);
}

/**
 * A container of which the node has nothing any more, after what was last said of it: how it ended stays known, it never forgets its
 * restarts, and one that ran last has ended somehow. Upstream gives no times for such an end.
 */
function statusWithoutRun(before: ContainerStatus, waiting: ContainerState, isDeleting: boolean): ContainerStatus {
  const { state } = before.current;
  if (state === 'terminated') return before;
  const hasEnded = state === 'running' && before.last?.state !== 'terminated';
  return {
    name: before.name,
    ready: false,
    started: false,
    restartCount: hasEnded && !isDeleting ? before.restartCount + 1 : before.restartCount,
    image: before.image,
    current: hasEnded ? LOST : waiting,
    last: before.last,
    resources: undefined,
    allocatedResources: undefined,
  };
}

const LOST: ContainerState = Object.freeze({
  state: 'terminated',
  exitCode: 137,
  reason: 'ContainerStatusUnknown',
  startedAt: 0,
  finishedAt: 0,
});

/** The phase of a pod of whose containers the node has nothing. */
function phaseWithoutRuns(pod: Pod, previous: PodStatus, isStopped: boolean): PodPhase {
  if (!isStopped) return previous.phase === 'Running' ? 'Running' : 'Pending';
  const hasSucceeded = pod.spec.containers.every(({ name }) => {
    const current = reported(previous, false, name)?.current;
    return current?.state === 'terminated' && current.exitCode === 0;
  });
  return hasSucceeded ? 'Succeeded' : 'Failed';
}

function isInitialized(input: StatusInput, previous: PodStatus, inits: number, phase: PodPhase): boolean {
  if (phase === 'Succeeded') return true;
  for (let i = 0; i < inits; i++) {
    const run = input.runs?.[i];
    if (run === undefined) {
      const before = reported(previous, true, containerAt(input.pod, i).name)?.current;
      if (before?.state === 'terminated' && before.exitCode === 0) continue;
      return false;
    }
    if (isSidecar(containerAt(input.pod, i))) {
      if (run.starts === 0 || (run.state === RUNNING && input.started[i] !== true)) return false;
    } else if (run.state !== EXITED || run.exitCode !== 0) {
      return false;
    }
  }
  return true;
}

function stateOf(run: ContainerRun | undefined, waiting: string, isInitializing: boolean): ContainerState {
  if (run !== undefined && run.state === RUNNING) return { state: 'running', startedAt: run.startedUs };
  if (waiting !== '') return { state: 'waiting', reason: waiting, message: '' };
  if (run === undefined || run.state === NEVER) return isInitializing ? WAITING_INIT : WAITING_CREATING;
  return terminatedState(run);
}

const WAITING_INIT: ContainerState = Object.freeze({ state: 'waiting', reason: 'PodInitializing', message: '' });
const WAITING_CREATING: ContainerState = Object.freeze({ state: 'waiting', reason: 'ContainerCreating', message: '' });

export function terminatedState(run: ContainerRun): ContainerState {
  return { state: 'terminated', exitCode: run.exitCode, reason: run.reason, startedAt: run.startedUs, finishedAt: run.finishedUs };
}

function readiness(
  old: readonly PodCondition[],
  type: string,
  input: StatusInput,
  phase: PodPhase,
  unready: number,
  nowUs: TimeUs,
): PodCondition {
  if (phase === 'Succeeded') return condition(old, type, false, 'PodCompleted', nowUs);
  if (phase === 'Failed') return condition(old, type, false, 'PodFailed', nowUs);
  if (unready > 0) return condition(old, type, false, 'ContainersNotReady', nowUs);
  if (type === 'Ready') {
    for (const gate of input.pod.spec.readinessGates) {
      const found = input.pod.status.conditions.find((c) => c.type === gate.conditionType);
      if (found?.status !== 'True') return condition(old, type, false, 'ReadinessGatesNotReady', nowUs);
    }
  }
  return condition(old, type, true, '', nowUs);
}

function condition(old: readonly PodCondition[], type: string, isTrue: boolean, falseReason: string, nowUs: TimeUs): PodCondition {
  const status: ConditionStatus = isTrue ? 'True' : 'False';
  const reason = isTrue ? '' : falseReason;
  for (let i = 0; i < old.length; i++) {
    const before = old[i]!;
    if (before.type !== type) continue;
    if (before.status !== status) break;
    return before.reason === reason ? before : { type, status, reason, message: '', lastTransitionTime: before.lastTransitionTime };
  }
  return { type, status, reason, message: '', lastTransitionTime: nowUs };
}

function sameOrNew(old: readonly PodCondition[], next: PodCondition): PodCondition {
  return old.find((c) => c.type === next.type && c.status === next.status && c.reason === next.reason) ?? next;
}

/** Whether two statuses say the same: then nothing has to be written. */
export function isSameStatus(a: PodStatus, b: PodStatus): boolean {
  return (
    a.phase === b.phase &&
    a.reason === b.reason &&
    a.message === b.message &&
    a.startTime === b.startTime &&
    a.podIP === b.podIP &&
    a.observedGeneration === b.observedGeneration &&
    hasSameConditions(a.conditions, b.conditions) &&
    hasSameContainers(a.containerStatuses, b.containerStatuses) &&
    hasSameContainers(a.initContainerStatuses, b.initContainerStatuses)
  );
}

function hasSameConditions(a: readonly PodCondition[], b: readonly PodCondition[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) {
    const x = a[i]!;
    const y = b[i]!;
    if (x !== y && (x.type !== y.type || x.status !== y.status || x.reason !== y.reason)) return false;
  }
  return true;
}

function hasSameContainers(a: readonly ContainerStatus[], b: readonly ContainerStatus[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) {
    const x = a[i]!;
    const y = b[i]!;
    if (x.ready !== y.ready || x.started !== y.started || x.restartCount !== y.restartCount || !isSameState(x.current, y.current))
      return false;
  }
  return true;
}

function isSameState(a: ContainerState, b: ContainerState): boolean {
  if (a === b) return true;
  if (a.state !== b.state) return false;
  if (a.state === 'waiting' && b.state === 'waiting') return a.reason === b.reason;
  if (a.state === 'running' && b.state === 'running') return a.startedAt === b.startedAt;
  return a.state === 'terminated' && b.state === 'terminated' && a.finishedAt === b.finishedAt && a.exitCode === b.exitCode;
}

/**
 * What a status patch makes of the stored status: the kubelet's fields from `own`, conditions of other writers and what only the API
 * server sets from `stored`. A terminal phase in the store stays. Gives `stored` itself when nothing changes.
 */
export function mergeStatus(stored: PodStatus, own: PodStatus): PodStatus {
  const isStoredTerminal = stored.phase === 'Succeeded' || stored.phase === 'Failed';
  const keepsPhase = isStoredTerminal && stored.phase !== own.phase;
  let conditions = own.conditions;
  for (let i = 0; i < stored.conditions.length; i++) {
    const theirs = stored.conditions[i]!;
    if (!isForeign(theirs, own)) continue;
    if (conditions === own.conditions) conditions = own.conditions.slice();
    (conditions as PodCondition[]).push(theirs);
  }
  const isOwn =
    !keepsPhase && conditions === own.conditions && stored.nominatedNodeName === own.nominatedNodeName && stored.qosClass === own.qosClass;
  // The usual case shares the kubelet's object, so that seeing it come back costs one comparison.
  if (isOwn) return isSameStatus(own, stored) ? stored : own;
  const merged: PodStatus = {
    phase: keepsPhase ? stored.phase : own.phase,
    conditions,
    reason: keepsPhase ? stored.reason : own.reason,
    message: keepsPhase ? stored.message : own.message,
    startTime: own.startTime,
    nominatedNodeName: stored.nominatedNodeName,
    podIP: own.podIP,
    qosClass: stored.qosClass,
    containerStatuses: own.containerStatuses,
    initContainerStatuses: own.initContainerStatuses,
    observedGeneration: own.observedGeneration,
  };
  return isSameStatus(merged, stored) ? stored : merged;
}

/** A condition that the kubelet neither writes nor has in this status. */
function isForeign(condition: PodCondition, own: PodStatus): boolean {
  if (KUBELET_CONDITIONS.has(condition.type)) return false;
  for (let i = 0; i < own.conditions.length; i++) if (own.conditions[i]!.type === condition.type) return false;
  return true;
}

/** Whether the API server shows the kubelet's own conditions and phase differently from `own`: someone else wrote them. */
export function differsFrom(stored: PodStatus, own: PodStatus): boolean {
  if (stored === own) return false;
  if (stored.phase !== own.phase && stored.phase !== 'Succeeded' && stored.phase !== 'Failed') return true;
  for (const mine of own.conditions) {
    let found = false;
    for (const theirs of stored.conditions) {
      if (theirs.type !== mine.type) continue;
      if (theirs !== mine && theirs.status !== mine.status) return true;
      found = true;
      break;
    }
    if (!found) return true;
  }
  return false;
}
