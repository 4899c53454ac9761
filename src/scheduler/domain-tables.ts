/**
 * DomainTables: counts of pods per topology domain, kept while the cluster changes, for filters and scores that
 * would otherwise count over all pods of all nodes in every attempt.
 *
 * HOT       once per attempt and table: the nodes that changed since are counted again
 * Cost      O(pods of the changed nodes); the first use counts everything
 * Memory    12 bytes per node, table and topology key, and 16 per domain; tables of at most ENTRIES_MAX nodes, those
 *           least recently used go first
 *
 * A node is counted anew as a whole whenever anything on it changed, so a table cannot drift from the truth.
 * What is counted is told by a text: equal texts share one table, whichever pods and plugins ask.
 */
import type { LabelMatcher } from '../objects/selectors.ts';
import { DomainColumn, KeyColumn } from './domain-columns.ts';
import type { NodeColumns } from './node-columns.ts';
import type { NodeInfo } from './node-info.ts';

/** Tells what a node contributes, by `into.add`. Depends on the node and its pods alone. */
export type NodeCounter = (node: NodeInfo, into: DomainTable) => void;

/** Places over all tables; about 40 MB. */
const ENTRIES_MAX = 2_000_000;
const TABLES_MIN = 4;

export class DomainTable {
  /** When it was used last. Kept by DomainTables. */
  lastUse: number;
  private readonly owner: DomainTables;
  private readonly count: NodeCounter;
  /** Nodes without the label belong to the domain of the empty value. */
  private readonly takesAbsentAsEmpty: boolean;
  private readonly indexOf: Map<string, number>;
  readonly columns: DomainColumn[];
  /** Of the node being counted, by index of the key. */
  private readonly amounts: number[];
  private readonly members: number[];
  private cursor: number;

  /** Use `DomainTables.table`. */
  constructor(owner: DomainTables, takesAbsentAsEmpty: boolean, count: NodeCounter) {
    this.lastUse = 0;
    this.owner = owner;
    this.count = count;
    this.takesAbsentAsEmpty = takesAbsentAsEmpty;
    this.indexOf = new Map();
    this.columns = [];
    this.amounts = [];
    this.members = [];
    // As if nothing had ever been read.
    this.cursor = -Infinity;
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

  /** Adds to what the node being counted contributes to its domain of `key`; it becomes a member even with 0. */
  add(key: string, amount: number): void {
    const k = this.indexOfKey(key);
    this.amounts[k]! += amount;
    this.members[k]!++;
  }

  /** Takes in what changed since the last call. */
  refresh(): void {
    const { columns } = this.owner;
    this.owner.use(this);
    if (this.cursor === columns.journalEnd) return;
    for (const column of this.columns) {
      column.key.refresh();
      column.grow();
    }
    columns.forEachChange(this.cursor, (place) => this.take(place));
    this.cursor = columns.journalEnd;
  }

  private take(place: number): void {
    const { columns, amounts, members } = this;
    for (let k = 0; k < columns.length; k++) amounts[k] = members[k] = 0;
    this.count(this.owner.columns.nodes[place]!, this);
    for (let k = 0; k < columns.length; k++) {
      const column = columns[k]!;
      let domain = column.key.domains[place]!;
      if (domain < 0 && this.takesAbsentAsEmpty) domain = 0;
      column.put(place, domain, amounts[k]!, members[k]!);
    }
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

  constructor(columns: NodeColumns) {
    this.columns = columns;
    this.keys = new Map();
    this.tables = new Map();
    this.useCount = 0;
  }

  /** Forgets everything: places mean something else now. */
  clear(): void {
    this.keys.clear();
    this.tables.clear();
  }

  /** The table of what `text` tells; `count` has to do what it says, and is asked only when the table is new. */
  table(text: string, count: NodeCounter, takesAbsentAsEmpty = false): DomainTable {
    let table = this.tables.get(text);
    if (table === undefined) {
      table = new DomainTable(this, takesAbsentAsEmpty, count);
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

  use(table: DomainTable): void {
    table.lastUse = ++this.useCount;
  }

  private makeRoom(): void {
    const most = Math.max(TABLES_MIN, Math.floor(ENTRIES_MAX / Math.max(1, this.columns.nodes.length)));
    if (this.tables.size < most) return;
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
