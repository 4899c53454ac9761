/**
 * LeaseStreams: the node heartbeats, in bulk. A kubelet renews its lease every 10 s; nothing but the
 * latest renewTime ever matters, so a running stream is arithmetic, and costs an event only when it
 * starts or stops.
 *
 * Models    kubernetes v1.34 pkg/kubelet + component-helpers/apimachinery/lease: renewals every 10 s
 *           (a quarter of the 40 s duration) with up to 4 % jitter
 * Differs   the jitter is drawn once per stream, not once per renewal; renewals are no writes: they take no
 *           revision, no server time, and make no watch event
 * Units     microseconds
 */
import { fail } from '../base/invariant.ts';
import type { TimeUs } from '../objects/meta.ts';

/** One stretch of regular renewals: at firstUs, firstUs + periodUs, ... up to and including endUs. */
export interface RenewalStretch {
  readonly firstUs: TimeUs;
  readonly periodUs: number;
  readonly endUs: TimeUs;
}

interface Stretch extends RenewalStretch {
  endUs: TimeUs;
}

/** How many past stretches a stream remembers, for caches that lag behind them. */
const STRETCHES_MAX = 8;

export class LeaseStream {
  readonly nodeName: string;
  private readonly stretches: Stretch[];
  private readonly onChange: () => void;

  /** `onChange` is called whenever renewals start or stop. */
  constructor(nodeName: string, onChange: () => void = () => {}) {
    this.nodeName = nodeName;
    this.stretches = [];
    this.onChange = onChange;
  }

  /** The latest stretch; undefined before the first. */
  get latest(): RenewalStretch | undefined {
    return this.stretches[this.stretches.length - 1];
  }

  get isRunning(): boolean {
    const last = this.stretches[this.stretches.length - 1];
    return last !== undefined && last.endUs === Infinity;
  }

  /** Renewals arrive at `firstUs` (now or later) and every `periodUs` from then on. Ends a stretch that still runs. */
  start(firstUs: TimeUs, periodUs: number): void {
    if (!(periodUs > 0)) fail(`lease of ${this.nodeName}: period ${periodUs}`);
    this.stop(firstUs - 1);
    this.stretches.push({ firstUs, periodUs, endUs: Infinity });
    if (this.stretches.length > STRETCHES_MAX) this.stretches.shift();
    this.onChange();
  }

  /** No renewal arrives after `nowUs`. Does nothing when the stream does not run. */
  stop(nowUs: TimeUs): void {
    const last = this.stretches[this.stretches.length - 1];
    if (last === undefined || last.endUs <= nowUs) return;
    last.endUs = nowUs;
    this.onChange();
  }

  /** The lease is gone; renewals may start anew. */
  forget(): void {
    this.stretches.length = 0;
    this.onChange();
  }

  /** The renewTime that a reader with the state of `timeUs` sees; -1 before the first renewal. */
  renewedAtUs(timeUs: TimeUs): TimeUs {
    for (let i = this.stretches.length - 1; i >= 0; i--) {
      const { firstUs, periodUs, endUs } = this.stretches[i]!;
      const untilUs = Math.min(timeUs, endUs);
      if (untilUs >= firstUs) return firstUs + Math.floor((untilUs - firstUs) / periodUs) * periodUs;
    }
    return -1;
  }
}

export class LeaseStreams {
  private readonly byNode: Map<string, LeaseStream>;
  private readonly noteChange: () => void;
  private changeCount: number;

  constructor() {
    this.byNode = new Map();
    this.changeCount = 0;
    const noteChange = (): void => {
      this.changeCount++;
    };
    this.noteChange = noteChange;
  }

  /** Grows whenever any node's renewals start or stop, or a lease goes. */
  get version(): number {
    return this.changeCount;
  }

  /** The stream of `nodeName`, made on first use. */
  of(nodeName: string): LeaseStream {
    let stream = this.byNode.get(nodeName);
    if (stream === undefined) {
      stream = new LeaseStream(nodeName, this.noteChange);
      this.byNode.set(nodeName, stream);
    }
    return stream;
  }

  find(nodeName: string): LeaseStream | undefined {
    return this.byNode.get(nodeName);
  }

  /** The lease of a node that is gone goes too. Its machine keeps the stream, and starts it when it registers again. */
  remove(nodeName: string): void {
    this.byNode.get(nodeName)?.forget();
  }
}
