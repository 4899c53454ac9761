/**
 * NodeStatuses: why each node turns down pods of one kind, and how many nodes give each answer.
 *
 * HOT       once per attempt that finds no node: the nodes that changed since the last such attempt are asked again
 * Layout    codes, one per place: the index of a status in a list of the different ones, -1 where nothing is known
 * Oracle    a Map counted anew over all nodes; held together by incremental-evaluator.property.test.ts
 * Memory    4 bytes per node
 */
import type { PlacedStatuses } from './diagnosis.ts';
import type { NodeColumns } from './node-columns.ts';
import type { NodeInfo } from './node-info.ts';
import type { Status } from './status.ts';

/** Past this number of different statuses, or twice those in use, those without nodes are forgotten. */
const STATUSES_MAX = 256;

export class NodeStatuses implements PlacedStatuses {
  private readonly columns: NodeColumns;
  private readonly codes: Int32Array;
  private statuses: Status[];
  private counts: number[];
  private codeOf: Map<Status, number>;
  /** By text, so that statuses made anew for each node are one. */
  private codeOfText: Map<string, number>;
  private statusesMax: number;
  private cursor: number;

  constructor(columns: NodeColumns) {
    this.columns = columns;
    this.codes = new Int32Array(columns.nodes.length).fill(-1);
    this.statuses = [];
    this.counts = [];
    this.codeOf = new Map();
    this.codeOfText = new Map();
    this.statusesMax = STATUSES_MAX;
    // As if nothing had ever been read.
    this.cursor = -Infinity;
  }

  get nodes(): readonly NodeInfo[] {
    return this.columns.nodes;
  }

  /** Asks the nodes that changed since the last call. */
  refresh(ask: (place: number) => Status): void {
    if (this.statuses.length > this.statusesMax) this.forgetUnused();
    const { columns, codes, counts } = this;
    columns.forEachChange(this.cursor, (place) => {
      const before = codes[place]!;
      const code = this.intern(ask(place));
      if (code === before) return;
      if (before >= 0) counts[before]!--;
      counts[code]!++;
      codes[place] = code;
    });
    this.cursor = columns.journalEnd;
  }

  at(place: number): Status {
    return this.statuses[this.codes[place]!]!;
  }

  forEachCount(visit: (status: Status, nodeCount: number) => void): void {
    for (let code = 0; code < this.statuses.length; code++) if (this.counts[code]! > 0) visit(this.statuses[code]!, this.counts[code]!);
  }

  /** The different statuses in the order in which they are met from place `start` on, around the end. */
  inOrderFrom(start: number): readonly Status[] {
    const { codes, counts, statuses } = this;
    let missing = 0;
    for (let code = 0; code < counts.length; code++) if (counts[code]! > 0) missing++;
    const met: Status[] = [];
    const isMet = new Uint8Array(statuses.length);
    for (let place = start; missing > 0; place = place + 1 === codes.length ? 0 : place + 1) {
      const code = codes[place]!;
      if (isMet[code] === 1) continue;
      isMet[code] = 1;
      met.push(statuses[code]!);
      missing--;
    }
    return met;
  }

  private intern(status: Status): number {
    const known = this.codeOf.get(status);
    if (known !== undefined) return known;
    const text = JSON.stringify([status.code, status.plugin, status.reasons]);
    let code = this.codeOfText.get(text);
    if (code === undefined) {
      code = this.statuses.length;
      this.statuses.push(status);
      this.counts.push(0);
      this.codeOf.set(status, code);
      this.codeOfText.set(text, code);
    }
    return code;
  }

  private forgetUnused(): void {
    const { codes, statuses, counts } = this;
    const newCode = new Int32Array(statuses.length);
    this.statuses = [];
    this.counts = [];
    this.codeOf = new Map();
    this.codeOfText = new Map();
    for (let code = 0; code < statuses.length; code++) {
      if (counts[code]! > 0) newCode[code] = this.intern(statuses[code]!);
    }
    this.statusesMax = Math.max(STATUSES_MAX, this.statuses.length * 2);
    for (let place = 0; place < codes.length; place++) {
      const code = newCode[codes[place]!]!;
      codes[place] = code;
      this.counts[code]!++;
    }
  }
}
