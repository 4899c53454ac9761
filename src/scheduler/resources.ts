/**
 * Amounts: cpu, memory and the rest, in the integers the scheduler computes with.
 *
 * Models    kubernetes v1.34 pkg/scheduler/framework/types.go (Resource)
 * Units     cpu in millicores, everything else in whole units (bytes, devices), each rounded up
 *
 * An Amount is a number while it is a safe integer and a bigint beyond 2^53, so that arithmetic is that of
 * upstream's int64 everywhere, and fast where amounts are ordinary (below 8 PiB).
 */
import { compareCodeUnits } from '../base/compare.ts';
import type { ResourceList } from '../objects/meta.ts';
import { isScalarResource } from '../objects/names.ts';
import type { ExactResources } from '../objects/pod-requests.ts';
import { quantityMilli, quantityMilliExact, quantityValue, quantityValueExact } from '../objects/quantity.ts';

export type Amount = number | bigint;

const MAX_SAFE = Number.MAX_SAFE_INTEGER;
const NANO = 1_000_000_000n;
const MICRO = 1_000_000n;

/** The canonical form: a number whenever it is exact. */
export function amountOf(value: bigint): Amount {
  return value >= -9007199254740991n && value <= 9007199254740991n ? Number(value) : value;
}

export function addAmounts(a: Amount, b: Amount): Amount {
  if (typeof a === 'number' && typeof b === 'number') {
    const sum = a + b;
    if (sum <= MAX_SAFE && sum >= -MAX_SAFE) return sum;
  }
  return amountOf(BigInt(a) + BigInt(b));
}

export function subtractAmounts(a: Amount, b: Amount): Amount {
  if (typeof a === 'number' && typeof b === 'number') {
    const difference = a - b;
    if (difference <= MAX_SAFE && difference >= -MAX_SAFE) return difference;
  }
  return amountOf(BigInt(a) - BigInt(b));
}

/** part * 100 / whole, truncated, for 0 <= part <= whole and whole > 0. */
export function percentOf(part: Amount, whole: Amount): number {
  // Below this bound part * 100 is a safe integer, and a quotient of safe integers truncates exactly.
  if (typeof part === 'number' && typeof whole === 'number' && part <= 90_071_992_547_409) {
    return Math.trunc((part * 100) / whole);
  }
  return Number((BigInt(part) * 100n) / BigInt(whole));
}

/** `cpu`, `memory` and `ephemeral-storage` have fields; all other names are scalars. */
export interface Amounts {
  readonly cpuMilli: Amount;
  readonly memBytes: Amount;
  readonly ephemeralBytes: Amount;
  /** Extended resources, huge pages, attachable volumes; in name order, explicit zeros are kept. */
  readonly scalars: ReadonlyMap<string, Amount>;
}

export const NO_SCALARS: ReadonlyMap<string, Amount> = new Map();
export const NO_AMOUNTS: Amounts = Object.freeze({ cpuMilli: 0, memBytes: 0, ephemeralBytes: 0, scalars: NO_SCALARS });

/** The amount called `name`; 0 when there is none. */
export function amountNamed(amounts: Amounts, name: string): Amount {
  switch (name) {
    case 'cpu':
      return amounts.cpuMilli;
    case 'memory':
      return amounts.memBytes;
    case 'ephemeral-storage':
      return amounts.ephemeralBytes;
    default:
      return amounts.scalars.get(name) ?? 0;
  }
}

/** ceil(1000 * quantity). */
export function milliAmount(text: string): Amount {
  const milli = quantityMilli(text);
  return Number.isSafeInteger(milli) ? milli : amountOf(quantityMilliExact(text));
}

/** ceil(quantity). */
export function valueAmount(text: string): Amount {
  const value = quantityValue(text);
  return Number.isSafeInteger(value) ? value : amountOf(quantityValueExact(text));
}

/** A resource list, each entry rounded by itself; `pods` is left out. */
export function amountsOfList(list: ResourceList): Amounts {
  let cpuMilli: Amount = 0;
  let memBytes: Amount = 0;
  let ephemeralBytes: Amount = 0;
  let scalars: Map<string, Amount> | undefined;
  for (const name of Object.keys(list)) {
    const text = list[name]!;
    if (name === 'cpu') cpuMilli = milliAmount(text);
    else if (name === 'memory') memBytes = valueAmount(text);
    else if (name === 'ephemeral-storage') ephemeralBytes = valueAmount(text);
    else if (isScalarResource(name)) {
      scalars ??= new Map();
      scalars.set(name, valueAmount(text));
    }
  }
  return { cpuMilli, memBytes, ephemeralBytes, scalars: inNameOrder(scalars) };
}

/** Exact sums, rounded once at the end, as upstream adds quantities. */
export function amountsOfExact(exact: ExactResources): Amounts {
  let cpuMilli: Amount = 0;
  let memBytes: Amount = 0;
  let ephemeralBytes: Amount = 0;
  let scalars: Map<string, Amount> | undefined;
  for (const [name, nanos] of exact) {
    if (name === 'cpu') cpuMilli = roundUp(nanos, MICRO);
    else if (name === 'memory') memBytes = roundUp(nanos, NANO);
    else if (name === 'ephemeral-storage') ephemeralBytes = roundUp(nanos, NANO);
    else if (isScalarResource(name)) {
      scalars ??= new Map();
      scalars.set(name, roundUp(nanos, NANO));
    }
  }
  return { cpuMilli, memBytes, ephemeralBytes, scalars: inNameOrder(scalars) };
}

function inNameOrder(scalars: Map<string, Amount> | undefined): ReadonlyMap<string, Amount> {
  if (scalars === undefined) return NO_SCALARS;
  return scalars.size === 1 ? scalars : new Map([...scalars].sort((a, b) => compareCodeUnits(a[0], b[0])));
}

function roundUp(nanos: bigint, unit: bigint): Amount {
  const whole = nanos / unit;
  return amountOf(nanos > 0n && whole * unit !== nanos ? whole + 1n : whole);
}
