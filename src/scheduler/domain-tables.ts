/**
 * DomainTables: counts of pods per topology domain, kept while the cluster changes, for filters and scores that
 * would otherwise count over all pods of all nodes in every attempt.
 *
 * HOT       once per attempt and table: the pods that came and went since are added and subtracted
 * Cost      O(changed pods), and O(pods) of a node whose object changed; the first use counts everything
 * Memory    12 bytes per node, table and topology key, 16 per domain, and 3 kB; at most 1,024 tables of two million
 *           nodes in all, those least recently used go first
 *
 * What is counted is told by a text: equal texts share one table, whichever pods and plugins ask.
 */
import type { LabelMatcher } from '../objects/selectors.ts';
import { DomainColumn, EMPTY_VALUE, KeyColumn } from './domain-columns.ts';
import type { NodeColumns } from './node-columns.ts';
import type { NodeInfo } from './node-info.ts';
import type { PodShape } from './pod-shape.ts';
import { PassMemo } from './score-columns.ts';

/** What a table counts. Depends on the node object and on the pods' shapes alone. */
export interface Counting {
  /**
   * Keys whose domains a node belongs to even without pods; empty when it belongs to none, whatever its pods. Absent: a
   * node belongs to the domains of the keys that its pods add to.
   */
  keysOf?(node: NodeInfo): readonly string[];
  /** Calls `add` for everything that a pod of the shape counts for. */
  weigh(shape: PodShape, add: (key: string, amount: number) => void): void;
  /** Whether pods on their way out count. */
  readonly countsTerminating: boolean;
}

/** What one pod adds: amounts by index of the key. */
interface Contribution {
  readonly shapeId: number;
  readonly keys: readonly number[];
  readonly amounts: readonly number[];
}

const NO_KEYS: readonly string[] = Object.freeze([]);
/** Contributions of that many shapes are remembered per table. */
const SLOTS = 128;

/** Places over all tables; about 40 MB. */
const ENTRIES_MAX = 2_000_000;
const TABLES_MIN = 4;
const TABLES_MAX = 1024;

export class DomainTable {
  /** When it was used last. Kept by DomainTables. */
  lastUse: number;
  readonly columns: DomainColumn[];
  private readonly owner: DomainTables;
  private readonly counting: Counting;
  /** Nodes without the label belong to the domain of the empty value. */
  private readonly takesAbsentAsEmpty: boolean;
  private readonly indexOf: Map<string, number>;
  /** Direct-mapped by shape id. */
  private readonly contributions: (Contribution | undefined)[];
  /** Of the node being counted, by index of the key. */
  private readonly amounts: number[];
  private readonly members: number[];
  private nodeCursor: number;
  private podCursor: number;

  /** Use `DomainTables.table`. */
  constructor(owner: DomainTables, takesAbsentAsEmpty: boolean, counting: Counting) {
    this.lastUse = 0;
    this.columns = [];
    this.owner = owner;
    this.counting = counting;
    this.takesAbsentAsEmpty = takesAbsentAsEmpty;
    this.indexOf = new Map();
    this.contributions = new Array<Contribution | undefined>(SLOTS).fill(undefined);
    this.amounts = [];
    this.members = [];
    // As if nothing had ever been read.
    this.nodeCursor = this.podCursor = -Infinity;
  }

  /** The column of a key; empty when nothing was ever added to it. */
  column(key: string): DomainColumn {
    return this.columns[this.indexOfKey(key)]!;
  }

  /** Whether nothing is counted at all. */
  get isEmpty(): boolean {
    for (let k = 0; k < this.columns.length; k++) if (this.columns[k]!.memberTotal > 0) return false;
    return true;
  }

  /** Takes in what changed since the last call. */
  refresh(): void {
    const { nodeJournal, nodeJournalEnd, podPlaces, podJournalEnd, nodes } = this.owner.columns;
    this.owner.use(this);
    const areNodesSame = this.nodeCursor === nodeJournalEnd;
    if (areNodesSame && this.podCursor === podJournalEnd) return;
    if (!areNodesSame) {
      for (const column of this.columns) {
        column.key.refresh();
        column.grow();
      }
    }
    if (nodeJournalEnd - this.nodeCursor > nodeJournal.length || podJournalEnd - this.podCursor > podPlaces.length) {
      for (let place = 0; place < nodes.length; place++) this.recount(place);
    } else {
      const pass = areNodesSame ? 0 : this.owner.nextPass();
      const { marks } = this.owner;
      for (let n = this.nodeCursor; n < nodeJournalEnd; n++) {
        const place = nodeJournal[n % nodeJournal.length]!;
        if (marks[place] === pass) continue;
        marks[place] = pass;
        this.recount(place);
      }
      this.takePods(pass);
    }
    this.nodeCursor = nodeJournalEnd;
    this.podCursor = podJournalEnd;
  }

  /** Takes in pods that came and went, but on nodes that were marked in this `pass`; 0 for no such node. */
  private takePods(pass: number): void {
    const { podPlaces, podShapes, podChanges, podJournalEnd } = this.owner.columns;
    const { marks } = this.owner;
    const { countsTerminating } = this.counting;
    const areMembersFixed = this.counting.keysOf !== undefined;
    for (let n = this.podCursor; n < podJournalEnd; n++) {
      const entry = n % podPlaces.length;
      const { keys, amounts } = this.contributionOf(podShapes[entry]!);
      if (keys.length === 0) continue;
      const change = podChanges[entry]!;
      if ((change === 2 || change === -2) && !countsTerminating) continue;
      const place = podPlaces[entry]!;
      if (pass > 0 && marks[place] === pass) continue;
      const sign = change > 0 ? 1 : -1;
      for (let i = 0; i < keys.length; i++) {
        const column = this.columns[keys[i]!]!;
        if (areMembersFixed && !column.isMember(place)) continue;
        column.shift(place, this.domainAt(column, place), sign * amounts[i]!, areMembersFixed ? 0 : sign);
      }
    }
  }

  /** Counts a node as a whole. */
  private recount(place: number): void {
    const { columns, amounts, members, counting } = this;
    const node = this.owner.columns.nodes[place]!;
    for (let k = 0; k < columns.length; k++) amounts[k] = members[k] = 0;
    const fixed = counting.keysOf?.(node);
    for (const key of fixed ?? NO_KEYS) members[this.indexOfKey(key)] = 1;
    if (fixed === undefined || fixed.length > 0) {
      for (const pod of node.pods) {
        const { keys, amounts: added } = this.contributionOf(pod.shape);
        if (keys.length === 0 || (pod.isTerminating && !counting.countsTerminating)) continue;
        for (let i = 0; i < keys.length; i++) {
          amounts[keys[i]!]! += added[i]!;
          if (fixed === undefined) members[keys[i]!]!++;
        }
      }
    }
    for (let k = 0; k < columns.length; k++) {
      const column = columns[k]!;
      column.put(place, this.domainAt(column, place), amounts[k]!, members[k]!);
    }
  }

  private domainAt(column: DomainColumn, place: number): number {
    const domain = column.key.domains[place]!;
    return domain < 0 && this.takesAbsentAsEmpty ? EMPTY_VALUE : domain;
  }

  private contributionOf(shape: PodShape): Contribution {
    const slot = shape.id & (SLOTS - 1);
    const known = this.contributions[slot];
    if (known !== undefined && known.shapeId === shape.id) return known;
    const keys: number[] = [];
    const amounts: number[] = [];
    this.counting.weigh(shape, (key, amount) => {
      keys.push(this.indexOfKey(key));
      amounts.push(amount);
    });
    const made: Contribution = { shapeId: shape.id, keys, amounts };
    this.contributions[slot] = made;
    return made;
  }

  private indexOfKey(key: string): number {
    let k = this.indexOf.get(key);
    if (k === undefined) {
      k = this.columns.length;
      this.indexOf.set(key, k);
      this.columns.push(new DomainColumn(this.owner.key(key)));
      this.amounts.push(0);
      this.members.push(0);
    }
    return k;
  }
}

export class DomainTables {
  readonly columns: NodeColumns;
  private readonly keys: Map<string, KeyColumn>;
  private readonly tables: Map<string, DomainTable>;
  private useCount: number;
  /** Of whatever program runs. */
  readonly memo: PassMemo;
  /** By subject, then by kind. */
  private notes: WeakMap<object, Map<string, unknown>>;
  /** By place: the last pass of a table that counted it anew. */
  marks: Int32Array;
  private passCount: number;

  constructor(columns: NodeColumns) {
    this.columns = columns;
    this.keys = new Map();
    this.tables = new Map();
    this.useCount = 0;
    this.memo = new PassMemo();
    this.notes = new WeakMap();
    this.marks = new Int32Array(0);
    this.passCount = 0;
  }

  /** Tables that are kept. */
  get tableCount(): number {
    return this.tables.size;
  }

  get tablesMax(): number {
    return Math.min(TABLES_MAX, Math.max(TABLES_MIN, Math.floor(ENTRIES_MAX / Math.max(1, this.columns.nodes.length))));
  }

  nextPass(): number {
    if (this.marks.length !== this.columns.nodes.length) this.marks = new Int32Array(this.columns.nodes.length);
    return ++this.passCount;
  }

  /** Forgets everything: places mean something else now. */
  clear(): void {
    this.keys.clear();
    this.tables.clear();
    this.notes = new WeakMap();
    this.marks = new Int32Array(0);
  }

  /** The table of what `text` tells; `counting` has to do what it says, and is kept only when the table is new. */
  table(text: string, counting: Counting, takesAbsentAsEmpty = false): DomainTable {
    let table = this.tables.get(text);
    if (table === undefined) {
      table = new DomainTable(this, takesAbsentAsEmpty, counting);
      this.makeRoom();
      this.tables.set(text, table);
    }
    this.use(table);
    return table;
  }

  /** The column of a key, up to date. */
  key(name: string): KeyColumn {
    let key = this.keys.get(name);
    if (key === undefined) {
      key = new KeyColumn(this.columns, name);
      this.keys.set(name, key);
    }
    key.refresh();
    return key;
  }

  /** What `make` gave for this subject and kind, for as long as places mean the same; one kind always has one type. */
  remembered<T>(subject: object, kind: string, make: () => T): T {
    let kinds = this.notes.get(subject);
    if (kinds === undefined) {
      kinds = new Map();
      this.notes.set(subject, kinds);
    }
    let made = kinds.get(kind) as T | undefined;
    if (made === undefined) {
      made = make();
      kinds.set(kind, made);
    }
    return made;
  }

  use(table: DomainTable): void {
    table.lastUse = ++this.useCount;
  }

  private makeRoom(): void {
    if (this.tables.size < this.tablesMax) return;
    let oldest = '';
    let lastUse = Infinity;
    for (const [text, table] of this.tables) {
      if (table.lastUse >= lastUse) continue;
      oldest = text;
      lastUse = table.lastUse;
    }
    this.tables.delete(oldest);
  }
}

/** Equal for matchers that match the same labels by the same requirements; for the texts of tables. */
export function matcherText({ matchesNothing, requirements }: LabelMatcher): string {
  return JSON.stringify(matchesNothing ? 0 : requirements.map(({ key, operator, values }) => [key, operator, values]));
}
