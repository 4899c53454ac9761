/**
 * The fast form of PodTopologySpread: counts per domain are kept in DomainTables instead of being taken in every attempt.
 *
 * HOT       once per (pod, visited node)
 * Oracle    preFilter, filter, preScore, score and normalize of plugins/pod-topology-spread.ts; held together by
 *           incremental-evaluator.property.test.ts
 * Cost      per attempt O(changed nodes + constraints); default constraints also compare the Services of the namespace
 */
import { ln } from '../engine/portable-math.ts';
import { LABEL_HOSTNAME } from '../objects/node.ts';
import type { LabelMatcher } from '../objects/selectors.ts';
import type { ClusterFilter, ClusterScore } from './column-programs.ts';
import { DefaultSelectorWatch } from './default-selector.ts';
import { type DomainColumn, EMPTY_VALUE } from './domain-columns.ts';
import { type DomainTable, type DomainTables, matcherText } from './domain-tables.ts';
import { type ClusterLister, SCORE_MAX } from './framework.ts';
import type { PodInfo } from './pod-info.ts';
import type { PodShape, SpreadConstraint } from './pod-shape.ts';
import { MEMO_SIZE, type PassMemo } from './score-columns.ts';
import { hasAllKeys, isEligible } from './spread-counting.ts';

/** The constraints of one kind as they are now; they change only for pods without constraints of their own. */
export type ConstraintSource = () => readonly SpreadConstraint[];

interface Counted {
  readonly constraint: SpreadConstraint;
  readonly table: DomainTable;
  readonly column: DomainColumn;
}

/** Constraints with their counts, made anew when the constraints change. Pods that differ in labels only share the counts. */
class CountedConstraints {
  private readonly tables: DomainTables;
  private readonly source: ConstraintSource;
  /** What `open` does, for pods of these parts. */
  private readonly way: string;
  private readonly open: (constraint: SpreadConstraint, all: readonly SpreadConstraint[]) => Counted;
  private readonly watch: DefaultSelectorWatch | undefined;
  private counted: readonly Counted[] | undefined;

  /** `way` tells `open` from others that open the same constraints. */
  constructor(
    pod: PodInfo,
    tables: DomainTables,
    lister: ClusterLister,
    source: ConstraintSource,
    way: string,
    open: (constraint: SpreadConstraint, all: readonly SpreadConstraint[]) => Counted,
  ) {
    this.tables = tables;
    this.source = source;
    this.way = `${way}/${pod.shape.partsId}/${pod.namespace}`;
    this.open = open;
    this.watch = pod.shape.hasSpreadConstraints ? undefined : new DefaultSelectorWatch(pod.shape, lister);
    this.counted = undefined;
  }

  refresh(): readonly Counted[] {
    const hasChanged = this.watch?.hasChanged() ?? this.counted === undefined;
    if (hasChanged || this.counted === undefined) {
      const all = this.source();
      this.counted = this.tables.remembered(all, this.way, () => all.map((constraint) => this.open(constraint, all)));
    }
    const { counted } = this;
    for (let i = 0; i < counted.length; i++) counted[i]!.table.refresh();
    return counted;
  }
}

/** Matching pods of eligible nodes; with `keys`, only of nodes that have all of them. */
function openDomains(
  pod: PodInfo,
  tables: DomainTables,
  constraint: SpreadConstraint,
  all: readonly SpreadConstraint[],
  needsAllKeys: boolean,
): Counted {
  const { shape } = pod;
  const { topologyKey, selector, honorsNodeAffinity, honorsNodeTaints } = constraint;
  const { nodeSelector, affinity } = pod.pod.spec;
  const text = JSON.stringify([
    'spread',
    shape.namespace,
    matcherText(selector),
    topologyKey,
    needsAllKeys ? all.map((other) => other.topologyKey) : 0,
    honorsNodeAffinity ? [nodeSelector ?? 0, affinity?.nodeAffinity?.required ?? 0] : 0,
    honorsNodeTaints ? shape.tolerations : 0,
  ]);
  const keys = [topologyKey];
  const table = tables.table(
    text,
    {
      countsTerminating: false,
      keysOf: (node) => ((needsAllKeys && !hasAllKeys(node, all)) || !isEligible(node, constraint, shape) ? NO_KEYS : keys),
      weigh(other, add) {
        if (isCounted(other, selector, shape.namespace)) add(topologyKey, 1);
      },
    },
    !needsAllKeys,
  );
  return { constraint, table, column: table.column(topologyKey) };
}

/** Matching pods of every node, eligible or not. */
function openHosts(pod: PodInfo, tables: DomainTables, constraint: SpreadConstraint): Counted {
  const { namespace } = pod;
  const { selector } = constraint;
  const table = tables.table(JSON.stringify(['hosts', namespace, matcherText(selector)]), {
    countsTerminating: false,
    keysOf: () => HOST_KEYS,
    weigh(other, add) {
      if (isCounted(other, selector, namespace)) add(LABEL_HOSTNAME, 1);
    },
  });
  return { constraint, table, column: table.column(LABEL_HOSTNAME) };
}

const NO_KEYS: readonly string[] = Object.freeze([]);
const HOST_KEYS: readonly string[] = Object.freeze([LABEL_HOSTNAME]);

/** Whether `countMatching` counts pods of the shape. */
function isCounted({ namespace: own, labels }: PodShape, selector: LabelMatcher, namespace: string): boolean {
  return !selector.isEmpty && own === namespace && selector.matches(labels);
}

// Filter ----------------------------------------------------------------------------------------------

export class SpreadFilter implements ClusterFilter {
  private readonly pod: PodInfo;
  private readonly constraints: CountedConstraints;
  private counted: readonly Counted[];
  /** Per constraint: matching pods that a domain may have at most for this pod to join it. */
  private readonly most: number[];

  constructor(pod: PodInfo, tables: DomainTables, lister: ClusterLister, source: ConstraintSource) {
    this.pod = pod;
    this.constraints = new CountedConstraints(pod, tables, lister, source, 'filter', (constraint, all) =>
      openDomains(pod, tables, constraint, all, true),
    );
    this.counted = [];
    this.most = [];
  }

  prepare(): boolean {
    const counted = this.constraints.refresh();
    this.counted = counted;
    for (let i = 0; i < counted.length; i++) {
      const { constraint, column } = counted[i]!;
      const hasEnough = column.domainCount > 0 && column.domainCount >= constraint.minDomains;
      const least = hasEnough ? column.leastSum() : 0;
      const self = constraint.selector.matches(this.pod.labels) ? 1 : 0;
      this.most[i] = constraint.maxSkew + least - self;
    }
    return counted.length > 0;
  }

  keep(places: Int32Array, from: number, to: number): number {
    let end = to;
    for (let i = 0; i < this.counted.length; i++) end = keepBelow(this.counted[i]!.column, this.most[i]!, places, from, end);
    return end;
  }
}

function keepBelow({ key, sums }: DomainColumn, most: number, places: Int32Array, from: number, to: number): number {
  const { domains } = key;
  let end = from;
  for (let i = from; i < to; i++) {
    const place = places[i]!;
    const domain = domains[place]!;
    if (domain >= 0 && sums[domain]! <= most) places[end++] = place;
  }
  return end;
}

// Score -----------------------------------------------------------------------------------------------

/** In place of a score: the node lacks a topology key. */
const IGNORED = -1;
export class SpreadScore implements ClusterScore {
  private readonly constraints: CountedConstraints;
  private readonly needsAllKeys: boolean;
  private counted: readonly Counted[];
  /** By domain: the last count of domains that met it. */
  private marks: Int32Array;
  private markCount: number;
  private readonly memo: PassMemo;

  constructor(pod: PodInfo, tables: DomainTables, lister: ClusterLister, source: ConstraintSource, needsAllKeys: boolean) {
    this.constraints = new CountedConstraints(pod, tables, lister, source, needsAllKeys ? 'score' : 'default', (constraint, all) =>
      constraint.topologyKey === LABEL_HOSTNAME
        ? openHosts(pod, tables, constraint)
        : openDomains(pod, tables, constraint, all, needsAllKeys),
    );
    this.needsAllKeys = needsAllKeys;
    this.counted = [];
    this.memo = tables.memo;
    this.marks = new Int32Array(0);
    this.markCount = 0;
  }

  prepare(): boolean {
    this.counted = this.constraints.refresh();
    return this.counted.length > 0;
  }

  addTo(totals: Float64Array, weight: number, places: Int32Array, count: number, scratch: Float64Array): boolean {
    const { counted } = this;
    scratch.fill(0, 0, count);
    const ignoredCount = this.needsAllKeys && lacksKeys(counted) ? this.markIgnored(counted, places, count, scratch) : 0;
    for (let k = 0; k < counted.length; k++) {
      const { constraint, column } = counted[k]!;
      const isHost = constraint.topologyKey === LABEL_HOSTNAME;
      const share = ln((isHost ? count - ignoredCount : this.countDomains(column, places, count, scratch)) + 2);
      if (isHost) addAmounts(column, share, constraint.maxSkew - 1, places, count, scratch);
      else addSums(column, share, constraint.maxSkew - 1, places, count, scratch);
    }
    return this.addNormalized(totals, weight, count, scratch);
  }

  private markIgnored(counted: readonly Counted[], places: Int32Array, count: number, scores: Float64Array): number {
    let ignoredCount = 0;
    for (let i = 0; i < count; i++) {
      for (let k = 0; k < counted.length; k++) {
        if (counted[k]!.column.key.domains[places[i]!]! >= 0) continue;
        scores[i] = IGNORED;
        ignoredCount++;
        break;
      }
    }
    return ignoredCount;
  }

  /** Domains that some candidate is in. */
  private countDomains(column: DomainColumn, places: Int32Array, count: number, scores: Float64Array): number {
    const { domains, domainCount, usedCount } = column.key;
    if (this.marks.length < domainCount) {
      this.marks = new Int32Array(domainCount * 2);
      this.markCount = 0;
    }
    const { marks } = this;
    const pass = ++this.markCount;
    let size = 0;
    for (let i = 0; i < count; i++) {
      if (scores[i] === IGNORED) continue;
      const domain = domains[places[i]!]!;
      const met = domain < 0 ? EMPTY_VALUE : domain;
      if (marks[met] === pass) continue;
      marks[met] = pass;
      if (++size === usedCount) break;
    }
    return size;
  }

  /** The fewer pods the better: 100 at the least, in proportion to the most; 0 for ignored nodes. */
  private addNormalized(totals: Float64Array, weight: number, count: number, scores: Float64Array): boolean {
    let min = Infinity;
    let max = 0;
    for (let i = 0; i < count; i++) {
      if (scores[i] === IGNORED) continue;
      const score = Math.round(scores[i]!);
      scores[i] = score;
      if (score < min) min = score;
      if (score > max) max = score;
    }
    const { values, stamps } = this.memo;
    const pass = ++this.memo.pass;
    for (let i = 0; i < count; i++) {
      const score = scores[i]!;
      if (score === IGNORED) continue;
      const above = score - min;
      if (above < MEMO_SIZE && stamps[above] === pass) totals[i]! += values[above]!;
      else {
        const normalized = max === 0 ? SCORE_MAX : Math.trunc((SCORE_MAX * (max + min - score)) / max);
        if (!(normalized >= 0 && normalized <= SCORE_MAX)) return false;
        totals[i]! += normalized * weight;
        if (above >= MEMO_SIZE) continue;
        stamps[above] = pass;
        values[above] = normalized * weight;
      }
    }
    return true;
  }
}

function lacksKeys(counted: readonly Counted[]): boolean {
  for (let k = 0; k < counted.length; k++) if (counted[k]!.column.key.absentCount > 0) return true;
  return false;
}

/** Matching pods of each node itself. */
function addAmounts(
  { key, amounts }: DomainColumn,
  share: number,
  extra: number,
  places: Int32Array,
  count: number,
  scores: Float64Array,
): void {
  const { domains } = key;
  for (let i = 0; i < count; i++) {
    const place = places[i]!;
    if (domains[place]! >= 0 && scores[i] !== IGNORED) scores[i]! += amounts[place]! * share + extra;
  }
}

/** Matching pods of the domain of each node. */
function addSums({ key, sums }: DomainColumn, share: number, extra: number, places: Int32Array, count: number, scores: Float64Array): void {
  const { domains } = key;
  for (let i = 0; i < count; i++) {
    const domain = domains[places[i]!]!;
    if (domain >= 0 && scores[i] !== IGNORED) scores[i]! += sums[domain]! * share + extra;
  }
}
