/**
 * PodBehaviour: what the processes of a pod do, as a scenario writes it in the pod's annotations.
 *
 *   seatrial.dev/run-duration          its containers end by themselves after this long; `never`: they run until stopped
 *   seatrial.dev/exit-code             ... with this exit code (default 0)
 *   seatrial.dev/crash-after           its containers crash this long after every start
 *   seatrial.dev/crash-exit-code       ... with this exit code (default 1)
 *   seatrial.dev/init-duration         its init containers take this long
 *   seatrial.dev/init-failures         the first n runs of each init container fail with exit code 1
 *   seatrial.dev/start-after           probes fail until this long after a container's start
 *   seatrial.dev/hang-after            every probe fails from this long after a container's start on, until it is restarted
 *   seatrial.dev/unready-after         readiness probes fail from this long after a container's start on
 *   seatrial.dev/unready-for           ... for this long (default: for ever)
 *   seatrial.dev/stop-duration         time a container takes to end after SIGTERM; `never`: it waits for SIGKILL
 *   seatrial.dev/stop-exit-code        exit code after SIGTERM (default 0)
 *
 * Units     microseconds; Infinity stands for never
 * Differs   the annotations apply to every regular container of the pod alike (sidecars run until stopped)
 * Cost      one look at the annotations per pod; nothing is parsed when none of them is ours
 */
import { InputError, ProblemList } from '../base/input-error.ts';
import { DAY_US, HOUR_US, MILLISECOND_US, MINUTE_US, SECOND_US } from '../engine/units.ts';
import type { StringMap } from '../objects/meta.ts';

export interface PodBehaviour {
  /** -1: not said; Infinity: until stopped. */
  readonly runUs: number;
  readonly exitCode: number;
  /** Infinity: never. */
  readonly crashAfterUs: number;
  readonly crashExitCode: number;
  /** -1: drawn from the profile. */
  readonly initUs: number;
  readonly initFailures: number;
  readonly startAfterUs: number;
  readonly hangAfterUs: number;
  readonly unreadyAfterUs: number;
  readonly unreadyForUs: number;
  /** -1: drawn from the profile; Infinity: never. */
  readonly stopUs: number;
  readonly stopExitCode: number;
}

export const DEFAULT_BEHAVIOUR: PodBehaviour = Object.freeze({
  runUs: -1,
  exitCode: 0,
  crashAfterUs: Infinity,
  crashExitCode: 1,
  initUs: -1,
  initFailures: 0,
  startAfterUs: 0,
  hangAfterUs: Infinity,
  unreadyAfterUs: Infinity,
  unreadyForUs: Infinity,
  stopUs: -1,
  stopExitCode: 0,
});

const PREFIX = 'seatrial.dev/';

/** Annotation name (after the prefix) to the field it sets and how it is written. */
const FIELDS: ReadonlyMap<string, { readonly field: keyof PodBehaviour; readonly as: 'duration' | 'duration-or-never' | 'count' }> =
  new Map([
    ['run-duration', { field: 'runUs', as: 'duration-or-never' }],
    ['exit-code', { field: 'exitCode', as: 'count' }],
    ['crash-after', { field: 'crashAfterUs', as: 'duration' }],
    ['crash-exit-code', { field: 'crashExitCode', as: 'count' }],
    ['init-duration', { field: 'initUs', as: 'duration' }],
    ['init-failures', { field: 'initFailures', as: 'count' }],
    ['start-after', { field: 'startAfterUs', as: 'duration' }],
    ['hang-after', { field: 'hangAfterUs', as: 'duration' }],
    ['unready-after', { field: 'unreadyAfterUs', as: 'duration' }],
    ['unready-for', { field: 'unreadyForUs', as: 'duration' }],
    ['stop-duration', { field: 'stopUs', as: 'duration-or-never' }],
    ['stop-exit-code', { field: 'stopExitCode', as: 'count' }],
  ]);

/** Names of the annotations read here, with their prefix; for checking manifests and for help. */
export const BEHAVIOUR_ANNOTATIONS: readonly string[] = [...FIELDS.keys()].map((name) => PREFIX + name);

/** The behaviour written in `annotations`. Throws an InputError that names `owner` when a value cannot be read: check manifests first. */
export function behaviourOf(annotations: StringMap, owner: string): PodBehaviour {
  let isOurs = false;
  for (const key in annotations) if (key.startsWith(PREFIX)) isOurs = true;
  if (!isOurs) return DEFAULT_BEHAVIOUR;
  const problems = new ProblemList();
  const behaviour = readBehaviour(annotations, owner, problems);
  if (!problems.isEmpty) throw new InputError(problems.problems);
  return behaviour;
}

/** Adds to `problems` whatever is wrong with the behaviour annotations, unknown ones included. */
export function checkBehaviour(annotations: StringMap, path: string, problems: ProblemList): void {
  readBehaviour(annotations, path, problems);
}

function readBehaviour(annotations: StringMap, path: string, problems: ProblemList): PodBehaviour {
  const behaviour: { -readonly [K in keyof PodBehaviour]: number } = { ...DEFAULT_BEHAVIOUR };
  for (const key of Object.keys(annotations)) {
    const field = key.startsWith(PREFIX) ? FIELDS.get(key.slice(PREFIX.length)) : undefined;
    if (field === undefined) continue;
    const text = annotations[key]!;
    const value =
      field.as === 'count' ? parseCount(text) : field.as === 'duration-or-never' && text === 'never' ? Infinity : parseDurationUs(text);
    if (value < 0) {
      const expected = field.as === 'count' ? 'a whole number such as 0 or 137' : 'a duration such as 250ms, 90s, 20m or 2h';
      problems.add(`${path}: ${key}`, `expected ${expected}, found "${text}"`);
    } else {
      behaviour[field.field] = value;
    }
  }
  return behaviour;
}

function parseCount(text: string): number {
  return /^\d{1,9}$/.test(text) ? Number(text) : -1;
}

const UNIT_US: Readonly<Record<string, number>> = { us: 1, ms: MILLISECOND_US, s: SECOND_US, m: MINUTE_US, h: HOUR_US, d: DAY_US };

/** Whole microseconds of a duration such as `1h30m` or `1.5s`; -1 when it is none. */
export function parseDurationUs(text: string): number {
  if (text === '0') return 0;
  const part = /(\d+(?:\.\d+)?)(us|ms|s|m|h|d)/y;
  let totalUs = 0;
  for (let at = 0; at < text.length; at = part.lastIndex) {
    part.lastIndex = at;
    const match = part.exec(text);
    if (match === null) return -1;
    totalUs += Number(match[1]) * UNIT_US[match[2]!]!;
  }
  return text === '' ? -1 : Math.round(totalUs);
}
