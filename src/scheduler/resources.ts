/**
 * Resources: amounts of cpu, memory and the rest, in the integers the scheduler computes with.
 *
 * Units     cpu in millicores, everything else in whole units (bytes, devices)
 *
 * An Amount is a number while it is a safe integer and a bigint beyond 2^53, so that arithmetic is that of
 * upstream's int64 everywhere and fast where amounts are ordinary (below 8 PiB).
 */

export type Amount = number | bigint;

/** The canonical form: a number whenever it is exact. */
export function amountOf(value: bigint): Amount {
  return value >= -9007199254740991n && value <= 9007199254740991n ? Number(value) : value;
}

export function addAmounts(a: Amount, b: Amount): Amount {
  if (typeof a === 'number' && typeof b === 'number') {
    const sum = a + b;
    if (sum >= -9007199254740991 && sum <= 9007199254740991) return sum;
  }
  return amountOf(BigInt(a) + BigInt(b));
}

export function subtractAmounts(a: Amount, b: Amount): Amount {
  if (typeof a === 'number' && typeof b === 'number') {
    const difference = a - b;
    if (difference >= -9007199254740991 && difference <= 9007199254740991) return difference;
  }
  return amountOf(BigInt(a) - BigInt(b));
}

/** floor(part * 100 / whole) for 0 <= part <= whole, whole > 0: a score. Exact beyond 2^53. */
export function percentOf(part: Amount, whole: Amount): number {
  if (typeof part === 'number' && typeof whole === 'number' && part <= 90071992547409) {
    return Math.trunc((part * 100) / whole);
  }
  return Number((BigInt(part) * 100n) / BigInt(whole));
}

/** The nearest double, as a Go float64(int64) conversion gives it. */
export function toDouble(amount: Amount): number {
  return Number(amount);
}

/** Resources that have no field of their own: extended resources, hugepages, attachable volumes. */
export type Scalars = ReadonlyMap<string, Amount>;

export interface Resources {
  readonly cpuMilli: Amount;
  readonly memBytes: Amount;
  readonly ephemeralBytes: Amount;
  readonly scalars: Scalars;
}

export const NO_SCALARS: Scalars = new Map();
export const NO_RESOURCES: Resources = Object.freeze({ cpuMilli: 0, memBytes: 0, ephemeralBytes: 0, scalars: NO_SCALARS });

/** Amount of `name`; 0 when there is none. */
export function amountIn(resources: Resources, name: string): Amount {
  switch (name) {
    case 'cpu':
      return resources.cpuMilli;
    case 'memory':
      return resources.memBytes;
    case 'ephemeral-storage':
      return resources.ephemeralBytes;
    default:
      return resources.scalars.get(name) ?? 0;
  }
}
