/**
 * TokenBucket: at most `burst` at once and `qps` per second in the long run. Callers reserve a token
 * and are told how long to wait for it, so waiting callers are served in order.
 *
 * Models    golang.org/x/time/rate Limiter.Reserve, as client-go's flowcontrol uses it
 * Units     microseconds; tokens are fractions
 */
export class TokenBucket {
  private readonly qps: number;
  private readonly burst: number;
  /** May be negative: tokens already promised. */
  private tokens: number;
  private updatedUs: number;

  /** `qps` Infinity (or 0 and below, as in client-go) switches the limit off. */
  constructor(qps: number, burst: number, nowUs: number) {
    this.qps = qps <= 0 ? Infinity : qps;
    this.burst = burst;
    this.tokens = burst;
    this.updatedUs = nowUs;
  }

  /** Takes one token and gives the time until it is there, in whole microseconds; 0 when it is there now. */
  reserveUs(nowUs: number): number {
    if (this.qps === Infinity) return 0;
    this.refill(nowUs);
    this.tokens -= 1;
    return this.tokens >= 0 ? 0 : Math.ceil((-this.tokens / this.qps) * 1_000_000);
  }

  /** Takes a token if one is there. */
  tryTake(nowUs: number): boolean {
    if (this.qps === Infinity) return true;
    this.refill(nowUs);
    if (this.tokens < 1) return false;
    this.tokens -= 1;
    return true;
  }

  private refill(nowUs: number): void {
    if (nowUs > this.updatedUs) {
      this.tokens = Math.min(this.burst, this.tokens + ((nowUs - this.updatedUs) * this.qps) / 1_000_000);
      this.updatedUs = nowUs;
    }
  }
}
