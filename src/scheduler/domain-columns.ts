/**
 * KeyColumn, DomainColumn: numbers per node and their sums per topology domain, that is per value of one label.
 *
 * HOT       sums are read for every (pod, visited node); written once per changed node
 * Layout    one entry per place in KeyColumn and DomainColumn.amounts, one per domain in DomainColumn.sums
 *
 *               place              0    1    2    3
 *               key.domains        1    2    1   -1        -1: the node has no such label
 *               amounts            3    0    1    0
 *               members            1    1    1    0        what takes part; a domain without members does not exist
 *               sums          by domain:  1: 4   2: 0
 *
 * Oracle    maps counted anew over all nodes, as the plugins do without these columns
 */
import { labelOf } from '../objects/selectors.ts';
import type { NodeColumns } from './node-columns.ts';

/** The domain of the empty value. */
export const EMPTY_VALUE = 0;

/** Which domain of one topology key each node is in. */
export class KeyColumn {
  /** By place; -1 where the node does not have the label. */
  readonly domains: Int32Array;
  /** Nodes without the label. */
  absentCount: number;
  /** Domains with nodes; nodes without the label count for the empty value. */
  usedCount: number;
  /** By domain. */
  private readonly nodeCounts: number[];
  private readonly key: string;
  private readonly columns: NodeColumns;
  private readonly ids: Map<string, number>;
  private cursor: number;

  constructor(columns: NodeColumns, key: string) {
    // At first every node is in the domain of the empty value.
    this.domains = new Int32Array(columns.nodes.length);
    this.absentCount = 0;
    this.nodeCounts = [columns.nodes.length];
    this.usedCount = columns.nodes.length > 0 ? 1 : 0;
    this.key = key;
    this.columns = columns;
    this.ids = new Map([['', EMPTY_VALUE]]);
    this.cursor = columns.nodeJournalEnd;
    for (let place = 0; place < this.domains.length; place++) this.read(place);
  }

  /** Domains are below this. */
  get domainCount(): number {
    return this.ids.size;
  }

  refresh(): void {
    const { columns } = this;
    const { nodeJournal, nodeJournalEnd } = columns;
    if (this.cursor === nodeJournalEnd) return;
    if (nodeJournalEnd - this.cursor > nodeJournal.length) for (let place = 0; place < this.domains.length; place++) this.read(place);
    else for (let n = this.cursor; n < nodeJournalEnd; n++) this.read(nodeJournal[n % nodeJournal.length]!);
    this.cursor = nodeJournalEnd;
  }

  private read(place: number): void {
    const value = labelOf(this.columns.nodes[place]!.labels, this.key);
    let id = value === undefined ? -1 : this.ids.get(value);
    if (id === undefined) {
      id = this.ids.size;
      this.ids.set(value!, id);
      this.nodeCounts.push(0);
    }
    const before = this.domains[place]!;
    if (before === id) return;
    this.domains[place] = id;
    if (before < 0) this.absentCount--;
    if (id < 0) this.absentCount++;
    const { nodeCounts } = this;
    const from = before < 0 ? EMPTY_VALUE : before;
    const to = id < 0 ? EMPTY_VALUE : id;
    if (--nodeCounts[from]! === 0) this.usedCount--;
    if (nodeCounts[to]!++ === 0) this.usedCount++;
  }
}

/** What nodes contribute to the domains of one key. */
export class DomainColumn {
  readonly key: KeyColumn;
  /** By place. */
  readonly amounts: Int32Array;
  /** By domain; 0 for domains without members. */
  sums: Float64Array;
  memberTotal: number;
  /** Domains with members. */
  domainCount: number;
  private readonly members: Int32Array;
  /** Where the amount of a place was added; -1 for nowhere. */
  private readonly addedTo: Int32Array;
  private memberSums: Float64Array;
  /** The node at `place` contributes so much more to its domain. */
  shift(place: number, domain: number, amount: number, members: number): void {
    this.put(place, domain, this.amounts[place]! + amount, this.members[place]! + members);
  }

  isMember(place: number): boolean {
    return this.members[place]! > 0;
  }

  /** The least sum of a domain with members, and how many have it; 0 have it when it has to be found again. */
  private least: number;
  private leastCount: number;

  constructor(key: KeyColumn) {
    const count = key.domains.length;
    this.key = key;
    this.amounts = new Int32Array(count);
    this.members = new Int32Array(count);
    this.addedTo = new Int32Array(count).fill(-1);
    this.sums = new Float64Array(key.domainCount);
    this.memberSums = new Float64Array(key.domainCount);
    this.memberTotal = 0;
    this.domainCount = 0;
    this.least = Infinity;
    this.leastCount = 0;
  }

  /** Makes room for domains that are new to the key. */
  grow(): void {
    const count = this.key.domainCount;
    if (count <= this.sums.length) return;
    const sums = new Float64Array(count * 2);
    const memberSums = new Float64Array(count * 2);
    sums.set(this.sums);
    memberSums.set(this.memberSums);
    this.sums = sums;
    this.memberSums = memberSums;
  }

  /** The node at `place` now contributes this to `domain`; nothing when it has no members or the domain is -1. */
  put(place: number, domain: number, amount: number, members: number): void {
    const before = this.addedTo[place]!;
    if (domain < 0 || members === 0) {
      if (before >= 0) this.change(before, -this.amounts[place]!, -this.members[place]!);
      this.addedTo[place] = -1;
      this.amounts[place] = 0;
      this.members[place] = 0;
      return;
    }
    if (before === domain) {
      const more = amount - this.amounts[place]!;
      const moreMembers = members - this.members[place]!;
      if (more === 0 && moreMembers === 0) return;
      this.change(domain, more, moreMembers);
    } else {
      if (before >= 0) this.change(before, -this.amounts[place]!, -this.members[place]!);
      this.change(domain, amount, members);
    }
    this.addedTo[place] = domain;
    this.amounts[place] = amount;
    this.members[place] = members;
  }

  /** The least sum of a domain with members; Infinity when there is none. */
  leastSum(): number {
    if (this.leastCount === 0) this.findLeast();
    return this.least;
  }

  private change(domain: number, amount: number, members: number): void {
    const sum = this.sums[domain]!;
    const memberSum = this.memberSums[domain]!;
    const newSum = sum + amount;
    const newMemberSum = memberSum + members;
    this.sums[domain] = newSum;
    this.memberSums[domain] = newMemberSum;
    this.memberTotal += members;
    if (memberSum > 0) {
      this.domainCount--;
      if (sum === this.least) this.leastCount--;
    }
    if (newMemberSum === 0) return;
    this.domainCount++;
    // While nobody is known to have it, `least` is a lower bound: what is below it is the new least.
    if (newSum < this.least) {
      this.least = newSum;
      this.leastCount = 1;
    } else if (newSum === this.least) {
      this.leastCount++;
    }
  }

  private findLeast(): void {
    const { sums, memberSums } = this;
    let least = Infinity;
    let leastCount = 0;
    for (let domain = 0; domain < sums.length; domain++) {
      if (memberSums[domain] === 0 || sums[domain]! > least) continue;
      leastCount = sums[domain] === least ? leastCount + 1 : 1;
      least = sums[domain]!;
    }
    this.least = least;
    this.leastCount = leastCount;
  }
}
