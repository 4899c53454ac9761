/**
 * Usage model: what a pod's containers use while they run, as its annotations say.
 *
 *   seatrial.dev/cpu-usage        a share of the request (`35%`) or an amount (`250m`)
 *   seatrial.dev/memory-usage     a share of the request (`70%`) or an amount (`300Mi`)
 *
 * Without an annotation a pod uses what it requests. The amounts are for the pod as a whole and hold from its start to
 * its end.
 */
import { InputError, ProblemList } from '../base/input-error.ts';
import type { StringMap } from '../objects/meta.ts';
import type { Pod } from '../objects/pod.ts';
import { podRequests } from '../objects/pod-requests.ts';
import { isQuantity, quantityMilli, quantityValue } from '../objects/quantity.ts';

export const CPU_USAGE = 'seatrial.dev/cpu-usage';
export const MEMORY_USAGE = 'seatrial.dev/memory-usage';

/** Milli-CPU and bytes; undefined when the pod has no usage annotation. Throws an InputError for one that cannot be read: check manifests first. */
export function annotatedUsage(pod: Pod): { readonly cpuMilli: number; readonly memoryBytes: number } | undefined {
  const { annotations, name } = pod.metadata;
  const cpu = annotations[CPU_USAGE];
  const memory = annotations[MEMORY_USAGE];
  if (cpu === undefined && memory === undefined) return undefined;
  const problems = new ProblemList();
  checkUsage(annotations, name, problems);
  if (!problems.isEmpty) throw new InputError(problems.problems);
  const requests = podRequests(pod);
  return {
    cpuMilli: cpu === undefined ? requests.milliCpu : amountOf(cpu, requests.milliCpu, quantityMilli),
    memoryBytes: memory === undefined ? requests.memoryBytes : amountOf(memory, requests.memoryBytes, quantityValue),
  };
}

/** Adds to `problems` usage annotations that cannot be read. */
export function checkUsage(annotations: StringMap, path: string, problems: ProblemList): void {
  for (const key of [CPU_USAGE, MEMORY_USAGE]) {
    const text = annotations[key];
    if (text === undefined || shareOf(text) !== undefined || (isQuantity(text) && !text.startsWith('-'))) continue;
    problems.add(`${path}: ${key}`, `expected a share of the request such as 35% or an amount such as 250m or 300Mi, found "${text}"`);
  }
}

function amountOf(text: string, request: number, parse: (text: string) => number): number {
  const share = shareOf(text);
  return share === undefined ? parse(text) : Math.round(request * share);
}

function shareOf(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)%$/.exec(text);
  return match === null ? undefined : Number(match[1]) / 100;
}
