/**
 * Small loops over columns of scores.
 *
 * HOT       once per attempt that scans its nodes, over the nodes found
 */

/** Copies the values at `places`; true when all are 0. */
export function gather(raw: Float64Array, places: Int32Array, count: number, scores: Float64Array): boolean {
  let isZero = true;
  for (let i = 0; i < count; i++) {
    const value = raw[places[i]!]!;
    scores[i] = value;
    if (value !== 0) isZero = false;
  }
  return isZero;
}

export function addConstant(totals: Float64Array, count: number, amount: number): void {
  if (amount === 0) return;
  for (let i = 0; i < count; i++) totals[i]! += amount;
}

/** False when a score leaves 0..100. */
export function addWeighted(totals: Float64Array, scores: Float64Array, count: number, weight: number): boolean {
  for (let i = 0; i < count; i++) {
    const score = scores[i]!;
    if (!(score >= 0 && score <= 100)) return false;
    totals[i]! += score * weight;
  }
  return true;
}

/** Raw scores of nodes, and sums of weights, lie close to each other. */
export const MEMO_SIZE = 256;

/** Values of a function of small integers that is the same during one pass over a column. */
export class PassMemo {
  readonly values: Float64Array;
  /** The pass in which the value was found. */
  readonly stamps: Int32Array;
  pass: number;

  constructor() {
    this.values = new Float64Array(MEMO_SIZE);
    this.stamps = new Int32Array(MEMO_SIZE);
    this.pass = 0;
  }
}
