/**
 * Backoff: growing pauses between tries, with jitter, forgotten after a quiet time.
 *
 * Models    apimachinery/pkg/util/wait BackoffManager as client-go's reflector uses it: 800 ms doubling to 30 s,
 *           each pause stretched by up to 100 %, reset after 2 min without a failure
 */

import type { Rng } from '../engine/rng.ts';
import { MILLISECOND_US, MINUTE_US, SECOND_US } from '../engine/units.ts';

const FIRST_US = 800 * MILLISECOND_US;
const MAX_US = 30 * SECOND_US;
const RESET_US = 2 * MINUTE_US;

export class Backoff {
  private readonly rng: Rng;
  private nextUs: number;
  private lastUs: number;

  constructor(rng: Rng) {
    this.rng = rng;
    this.nextUs = FIRST_US;
    this.lastUs = -Infinity;
  }

  /** The next pause, in microseconds. */
  pauseUs(nowUs: number): number {
    if (nowUs - this.lastUs > RESET_US) this.nextUs = FIRST_US;
    this.lastUs = nowUs;
    const baseUs = this.nextUs;
    this.nextUs = Math.min(MAX_US, baseUs * 2);
    return Math.round(baseUs * (1 + this.rng.nextFloat()));
  }
}
