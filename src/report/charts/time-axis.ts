/** Ticks of simulated time: round numbers of seconds, minutes, hours or days. */
import { formatClock } from '../format.ts';

const SECOND = 1_000_000;
const STEPS = [
  1_000, 10_000, 100_000, 500_000, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 14_400, 21_600, 28_800, 43_200,
  86_400, 172_800, 259_200, 604_800, 1_209_600, 2_592_000,
].map((step, index) => (index < 4 ? step : step * SECOND));

export interface TimeTick {
  readonly us: number;
  readonly label: string;
}

/** At most `count` + 1 ticks from 0 to `endUs`. */
export function timeTicks(endUs: number, count: number): TimeTick[] {
  const step = STEPS.find((candidate) => endUs / candidate <= count) ?? Math.ceil(endUs / count / STEPS.at(-1)!) * STEPS.at(-1)!;
  const ticks: TimeTick[] = [];
  for (let us = 0; us <= endUs; us += step) ticks.push({ us, label: formatClock(us, step) });
  return ticks;
}
