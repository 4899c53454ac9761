/**
 * KubeletProfile: how long the steps of a pod's life take on a node.
 *
 * `realistic` follows the measurements below; `instant` leaves no time anywhere, for studies of decisions alone.
 *
 * Units     microseconds; bytes per second
 * Sources   pod start: kubemark and real clusters of 100 to 5,000 nodes show medians of 1.2-2 s and 99th percentiles of 2-5 s from
 *           create to running (kubernetes/kubernetes#42000, #3954, #55060, #56053); sandbox creation takes most of it, with
 *           outliers of 4.8 s (#66672); starting a container takes 0.5-1 s with docker of that time, namespaces 8-10 ms.
 *           images: a pull is 76 % of a container's start (Slacker, FAST 2016); 500 MB over 100 Mbit/s take 30-90 s and 10-30 s to unpack.
 *           nodes: 41-58 s from the start of a virtual machine to Node Ready (Karpenter's documentation, EC2).
 * Differs   the shapes are a model choice that meets these medians and tails, not a fit to raw data
 */
import { ProblemList } from '../base/input-error.ts';
import { constant, type Distribution } from '../engine/distributions.ts';
import { MILLISECOND_US, SECOND_US } from '../engine/units.ts';

export interface KubeletTimes {
  /** From the watch event to the pod worker's first step. */
  readonly reaction: Distribution;
  /** Mounting, for pods with volumes. */
  readonly volumeWait: Distribution;
  /** RunPodSandbox with its network, on an idle node. */
  readonly sandboxCreate: Distribution;
  /** Added to sandboxCreate for every other pod the node is starting at that moment. */
  readonly sandboxContention: Distribution;
  readonly containerCreate: Distribution;
  readonly containerStart: Distribution;
  /** Run time of an init container that does not say. */
  readonly initRun: Distribution;
  /**
   * Run time of the containers of a pod that is to run to its end (restartPolicy OnFailure or Never) and does not say for how
   * long. Pods of restartPolicy Always run until they are stopped.
   */
  readonly batchRun: Distribution;
  /** From SIGTERM to the end of a process that does not say. */
  readonly stop: Distribution;
  readonly sandboxStop: Distribution;
  /** Unmounting volumes and removing cgroups after the containers have stopped. */
  readonly cleanup: Distribution;
  /** How long the node still counts the requests of a pod after reporting its end (kubernetes/kubernetes#106884). */
  readonly release: Distribution;
  /** How long a machine takes to boot, until its kubelet starts. */
  readonly nodeBoot: Distribution;
  /** From the start of a kubelet process until it has asked for its pods and reports Ready. */
  readonly kubeletStart: Distribution;
  /** Asking the registry: authorization and manifest. */
  readonly registryLatency: Distribution;
}

export interface KubeletRates {
  /** Time between two looks at the containers (PLEG relist); 0: changes are seen at once. */
  readonly plegPeriodUs: number;
  /** Base of the retry after an error; each retry takes 1 to 1.5 times this. */
  readonly retryPeriodUs: number;
  /** Time between status writes of a node without a change (--node-status-report-frequency, v1.34: 5 min); 0 leaves these writes out. */
  readonly nodeReportPeriodUs: number;
  /** How often unsent or differing statuses are looked at. */
  readonly statusPeriodUs: number;
  /** Bytes per second one node can download. */
  readonly nodeBandwidth: number;
  /** Bytes per second the registry can send to all nodes together. */
  readonly registryBandwidth: number;
  /** Compressed bytes per second a node can unpack. */
  readonly unpackRate: number;
  /** Median compressed size, in bytes, of an image nobody said the size of; sizes are log-normal, drawn once per image. */
  readonly imageBytes: number;
  /** Sigma of that distribution. */
  readonly imageSpread: number;
}

export interface KubeletSwitches {
  /** Whether a pod is reported once when it is seen, before its containers run. */
  readonly reportsPending: boolean;
  /** Whether pods that are to run to their end and do not say for how long end after `batchRun`; otherwise they run until they are stopped. */
  readonly batchEnds: boolean;
}

export interface KubeletProfile extends KubeletTimes, KubeletRates, KubeletSwitches {
  readonly name: string;
  readonly description: string;
}

const none = constant(0);

function uniform(minUs: number, maxUs: number): Distribution {
  return { kind: 'uniform', min: minUs, max: maxUs };
}

function lognormal(medianUs: number, sigma: number): Distribution {
  return { kind: 'lognormal', median: medianUs, sigma };
}

export const KUBELET_PROFILES: readonly KubeletProfile[] = [
  {
    name: 'realistic',
    description: 'pod starts of about 1.3 s (median) on an idle node with the image present',
    reaction: uniform(5 * MILLISECOND_US, 50 * MILLISECOND_US),
    volumeWait: uniform(100 * MILLISECOND_US, 500 * MILLISECOND_US),
    // Median 350 ms, p99 1.5 s: sigma = ln(1500 / 350) / 2.326.
    sandboxCreate: lognormal(350 * MILLISECOND_US, 0.626),
    sandboxContention: constant(60 * MILLISECOND_US),
    containerCreate: lognormal(60 * MILLISECOND_US, 0.4),
    containerStart: lognormal(80 * MILLISECOND_US, 0.4),
    initRun: lognormal(SECOND_US, 0.5),
    // Median 176 s: duration of the jobs of Google's Borg cell of 2011; the heavy tail is left out.
    batchRun: lognormal(176 * SECOND_US, 1),
    stop: lognormal(300 * MILLISECOND_US, 0.8),
    sandboxStop: lognormal(150 * MILLISECOND_US, 0.5),
    cleanup: uniform(50 * MILLISECOND_US, 400 * MILLISECOND_US),
    release: none,
    nodeBoot: uniform(38 * SECOND_US, 52 * SECOND_US),
    kubeletStart: uniform(3 * SECOND_US, 6 * SECOND_US),
    registryLatency: lognormal(400 * MILLISECOND_US, 0.5),
    plegPeriodUs: SECOND_US,
    retryPeriodUs: 10 * SECOND_US,
    statusPeriodUs: 10 * SECOND_US,
    nodeReportPeriodUs: 0,
    nodeBandwidth: 60e6,
    registryBandwidth: 20e9,
    unpackRate: 75e6,
    imageBytes: 120e6,
    imageSpread: 1,
    reportsPending: true,
    batchEnds: true,
  },
  {
    name: 'instant',
    description: 'everything the node does takes no time; only processes and grace periods do',
    reaction: none,
    volumeWait: none,
    sandboxCreate: none,
    sandboxContention: none,
    containerCreate: none,
    containerStart: none,
    initRun: none,
    batchRun: lognormal(176 * SECOND_US, 1),
    stop: none,
    sandboxStop: none,
    cleanup: none,
    release: none,
    nodeBoot: none,
    kubeletStart: none,
    registryLatency: none,
    plegPeriodUs: 0,
    retryPeriodUs: 10 * SECOND_US,
    statusPeriodUs: 10 * SECOND_US,
    nodeReportPeriodUs: 0,
    nodeBandwidth: Infinity,
    registryBandwidth: Infinity,
    unpackRate: Infinity,
    imageBytes: 0,
    imageSpread: 0,
    reportsPending: false,
    batchEnds: true,
  },
];

export const DEFAULT_KUBELET_PROFILE = 'realistic';

export type ProfileParameterType = 'distribution' | 'duration' | 'number' | 'boolean';

/** What a scenario may replace in a profile, in the order help shows it. Distributions are of durations. */
export const PROFILE_PARAMETERS: readonly { readonly name: string; readonly type: ProfileParameterType }[] = Object.entries(
  KUBELET_PROFILES[0]!,
)
  .filter(([name]) => name !== 'name' && name !== 'description')
  .map(([name, value]) => ({ name, type: typeOf(name, value) }));

function typeOf(name: string, value: unknown): ProfileParameterType {
  if (typeof value === 'boolean') return 'boolean';
  if (typeof value === 'number') return name.endsWith('Us') ? 'duration' : 'number';
  return 'distribution';
}

/**
 * The profile called `name` with some values replaced; a plain number where a distribution is expected stands for a constant.
 * Throws an InputError with the nearest name for an unknown profile or value, or one of the wrong type.
 */
export function kubeletProfile(name: string, overrides: Readonly<Record<string, unknown>> = {}, path = 'kubelet'): KubeletProfile {
  const problems = new ProblemList();
  const base = KUBELET_PROFILES.find((profile) => profile.name === name);
  if (base === undefined) {
    problems.addUnknown(
      `${path}.profile`,
      'kubelet profile',
      name,
      KUBELET_PROFILES.map((profile) => profile.name),
    );
  }
  const profile: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(overrides)) {
    const parameter = PROFILE_PARAMETERS.find((known) => known.name === key);
    if (parameter === undefined) {
      problems.addUnknown(
        path,
        'kubelet setting',
        key,
        PROFILE_PARAMETERS.map((known) => known.name),
      );
    } else if (parameter.type === 'distribution' && typeof value === 'number') {
      profile[key] = constant(value);
    } else if ((parameter.type === 'distribution') !== (typeof value === 'object' && value !== null)) {
      problems.add(`${path}.${key}`, `expected a ${parameter.type}`);
    } else if (parameter.type !== 'distribution' && (typeof value === 'boolean') !== (parameter.type === 'boolean')) {
      problems.add(`${path}.${key}`, `expected a ${parameter.type}`);
    } else if (typeof value === 'number' && !(value >= 0)) {
      problems.add(`${path}.${key}`, `must not be negative, found ${value}`);
    } else {
      profile[key] = value;
    }
  }
  problems.throwIfAny();
  return profile as unknown as KubeletProfile;
}
