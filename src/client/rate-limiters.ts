/**
 * Rate limiters of work queues: how long a failed key waits.
 *
 * Models    client-go util/workqueue default_rate_limiters.go v1.34
 */
import type { Engine } from '../engine/engine.ts';
import { MILLISECOND_US, SECOND_US } from '../engine/units.ts';
import { TokenBucket } from './token-bucket.ts';

export interface RateLimiter {
  /** The delay before the next try of `key`, in microseconds; counts as a try. */
  nextDelayUs(key: string): number;
  forget(key: string): void;
  /** Tries since the last `forget`. */
  retryCount(key: string): number;
}

/** base * 2^n for the n-th try (n from 0), at most `maxUs`. */
export function itemExponentialLimiter(baseUs: number, maxUs: number): RateLimiter {
  const failures = new Map<string, number>();
  return {
    nextDelayUs(key) {
      const count = failures.get(key) ?? 0;
      failures.set(key, count + 1);
      let delayUs = baseUs;
      for (let i = 0; i < count && delayUs < maxUs; i++) delayUs *= 2;
      return Math.min(delayUs, maxUs);
    },
    forget: (key) => void failures.delete(key),
    retryCount: (key) => failures.get(key) ?? 0,
  };
}

/** One token bucket for all keys. */
export function bucketLimiter(engine: Engine, qps: number, burst: number): RateLimiter {
  const bucket = new TokenBucket(qps, burst, engine.nowUs);
  return {
    nextDelayUs: () => bucket.reserveUs(engine.nowUs),
    forget: () => {},
    retryCount: () => 0,
  };
}

/** The longest delay any of `limiters` asks for. */
export function maxOfLimiters(...limiters: readonly RateLimiter[]): RateLimiter {
  return {
    nextDelayUs: (key) => limiters.reduce((longest, limiter) => Math.max(longest, limiter.nextDelayUs(key)), 0),
    forget: (key) => {
      for (const limiter of limiters) limiter.forget(key);
    },
    retryCount: (key) => limiters.reduce((most, limiter) => Math.max(most, limiter.retryCount(key)), 0),
  };
}

/** 5 ms doubling to 1000 s per key, and 10/s with burst 100 over all keys. */
export function defaultControllerRateLimiter(engine: Engine): RateLimiter {
  return maxOfLimiters(itemExponentialLimiter(5 * MILLISECOND_US, 1000 * SECOND_US), bucketLimiter(engine, 10, 100));
}

/** The same delay for every try (the HPA controller: 15 s). */
export function fixedDelayLimiter(delayUs: number): RateLimiter {
  return { nextDelayUs: () => delayUs, forget: () => {}, retryCount: () => 0 };
}
