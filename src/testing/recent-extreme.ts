/**
 * RecentExtreme: the largest (or smallest) value a quantity had within a window of time.
 *
 * Oracle    a look at every sample, in recent-extreme.test.ts
 * Cost      O(1) amortized per sample; memory only for samples that may still count
 */
export class RecentExtreme {
  private readonly windowUs: number;
  private readonly sign: number;
  /** Times from which the value of the same index held, oldest first; each value is beaten by all before it. */
  private readonly times: number[];
  private readonly values: number[];

  constructor(windowUs: number, which: 'largest' | 'smallest') {
    this.windowUs = windowUs;
    this.sign = which === 'largest' ? 1 : -1;
    this.times = [];
    this.values = [];
  }

  /** The quantity is `value` from `timeUs` on. Times must not fall. */
  set(timeUs: number, value: number): void {
    this.forget(timeUs);
    const { times, values, sign } = this;
    // A value that the new one beats is of no use any more: the new one leaves the window later. It takes over the time
    // at which what came before those values ended.
    let fromUs = timeUs;
    while (values.length > 0 && sign * values[values.length - 1]! <= sign * value) {
      values.pop();
      fromUs = times.pop()!;
    }
    times.push(fromUs);
    values.push(value);
  }

  /** The extreme over [timeUs - window, timeUs]; undefined before the first sample. */
  at(timeUs: number): number | undefined {
    this.forget(timeUs);
    return this.values[0];
  }

  /** Steps that ended before the window began. */
  private forget(timeUs: number): void {
    const { times, values } = this;
    while (times.length > 1 && times[1]! < timeUs - this.windowUs) {
      times.shift();
      values.shift();
    }
  }
}
