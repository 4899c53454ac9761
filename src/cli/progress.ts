/**
 * Progress of a run on standard error: a bar that is redrawn on a terminal, and now and then a plain line in a pipe.
 */
import { formatDuration, SECOND_US } from '../engine/units.ts';
import type { RunProgress } from '../scenario/run-types.ts';
import type { CliIo } from './io.ts';

/** Redraw at most ten times a second; a pipe gets a line every ten seconds. */
const TERMINAL_MS = 100;
const PIPE_MS = 10_000;
const BAR_WIDTH = 24;

export class Progress {
  private readonly io: CliIo;
  private readonly label: string;
  private readonly isSilent: boolean;
  private readonly startMs: number;
  private shownMs: number;
  private shownWidth: number;

  constructor(io: CliIo, label: string, isSilent: boolean) {
    this.io = io;
    this.label = label;
    this.isSilent = isSilent;
    this.startMs = io.nowMs();
    this.shownMs = io.isTerminal ? -Infinity : this.startMs;
    this.shownWidth = 0;
  }

  show(progress: RunProgress): void {
    if (this.isSilent) return;
    const nowMs = this.io.nowMs();
    if (nowMs - this.shownMs < (this.io.isTerminal ? TERMINAL_MS : PIPE_MS)) return;
    this.shownMs = nowMs;
    const text = this.describe(progress, nowMs - this.startMs);
    if (this.io.isTerminal) this.redraw(text);
    else this.io.err(`${text}\n`);
  }

  /** Clears the bar. */
  end(): void {
    if (this.shownWidth > 0) this.io.err(`\r${' '.repeat(this.shownWidth)}\r`);
    this.shownWidth = 0;
  }

  private redraw(text: string): void {
    const line = text.slice(0, Math.max(10, this.io.columns - 1));
    this.io.err(`\r${line.padEnd(this.shownWidth)}`);
    this.shownWidth = line.length;
  }

  private describe({ nowUs, endUs, events }: RunProgress, elapsedMs: number): string {
    const wholeSeconds = Math.floor(nowUs / SECOND_US) * SECOND_US;
    const rate = elapsedMs > 0 ? Math.round(events / elapsedMs) : 0;
    const work = `${formatCount(events)} events, ${rate}k/s`;
    if (endUs === undefined || endUs === 0) return `${this.label}: ${formatDuration(wholeSeconds)} simulated, ${work}`;
    const share = Math.min(1, nowUs / endUs);
    const bar = this.io.isTerminal ? `[${'='.repeat(Math.floor(share * BAR_WIDTH)).padEnd(BAR_WIDTH)}] ` : '';
    const leftMs = share > 0 ? (elapsedMs * (1 - share)) / share : 0;
    const left = share > 0.02 && share < 1 ? `, ${formatDuration(Math.ceil(leftMs / 1000) * SECOND_US)} left` : '';
    return `${this.label}: ${bar}${Math.floor(share * 100)}% (${formatDuration(wholeSeconds)} of ${formatDuration(endUs)}), ${work}${left}`;
  }
}

/** 1234567 as `1.2M`. */
export function formatCount(count: number): string {
  if (count >= 1e9) return `${(count / 1e9).toFixed(1)}G`;
  if (count >= 1e6) return `${(count / 1e6).toFixed(1)}M`;
  if (count >= 1e4) return `${(count / 1e3).toFixed(0)}k`;
  return String(count);
}
