/**
 * Digest: a rolling hash of every event (timeUs, kind, target) of a run.
 *
 * HOT       one call per simulated event
 * Two runs with equal digests went through the same events in the same order. 64 bits in two int32
 * lanes, integer operations only, so the value is the same on every machine and JavaScript engine.
 */
import { hex32, mix32 } from '../base/hash.ts';

export class Digest {
  private a: number;
  private b: number;

  constructor() {
    this.a = 0x6a09e667 | 0;
    this.b = 0xbb67ae85 | 0;
  }

  /** Mixes one event in. `kindHash` is the hash of the kind's name, so that registration order has no influence. */
  add(timeUs: number, kindHash: number, target: number): void {
    // 2^32 splits the exact integer into two words without 64-bit arithmetic.
    const low = timeUs | 0;
    const high = (timeUs / 4294967296) | 0;
    let a = this.a ^ low;
    a = Math.imul(a ^ (a >>> 15), 0x2c1b3c6d) + kindHash;
    let b = this.b ^ target ^ high;
    b = Math.imul(b ^ (b >>> 13), 0x297a2d39) + a;
    this.a = (a ^ (b << 9)) | 0;
    this.b = b | 0;
  }

  /** Mixes in words that are not events, such as the seed. */
  addWord(word: number): void {
    this.a = mix32(this.a ^ word);
    this.b = mix32(this.b + this.a);
  }

  /** Sixteen lower-case hex digits; reading does not change the digest. */
  toString(): string {
    const a = mix32(this.a ^ mix32(this.b));
    const b = mix32(this.b ^ a);
    return hex32(a) + hex32(b);
  }
}
