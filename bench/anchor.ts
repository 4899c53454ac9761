/**
 * The physical anchor: how fast this machine is just now, by a C++ program that never changes. What a bench took, in rounds of the
 * anchor, can be compared with what it took on another machine, or on this one in another mood.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** About as many events as the caches of a core hold. */
const PENDING = 100_000;
const ROUNDS = 1_000_000;

export class Anchor {
  private readonly binary: string;

  private constructor(binary: string) {
    this.binary = binary;
  }

  /** Builds the program, from the project's folder, in which npm runs its scripts; undefined where there is no compiler. */
  static compile(say: (line: string) => void): Anchor | undefined {
    try {
      const binary = join(mkdtempSync(join(tmpdir(), 'seatrial-bench-')), 'hold-model');
      execFileSync('g++', ['-O2', '-o', binary, resolve('bench/anchors/hold-model.cpp')], { stdio: 'ignore' });
      return new Anchor(binary);
    } catch {
      say('no g++ here: the C++ anchor is left out');
      return undefined;
    }
  }

  /** Processor seconds of so many rounds of the hold model. */
  seconds(pending: number, rounds: number): number {
    return Number(execFileSync(this.binary, [String(pending), String(rounds)], { encoding: 'utf8' }));
  }

  /** Rounds per second with 100,000 pending events. */
  rate(): number {
    return ROUNDS / this.seconds(PENDING, ROUNDS);
  }
}
