/**
 * The fast form of InterPodAffinity: which domains have pods that matter is kept in DomainTables instead of being
 * found out in every attempt.
 *
 * HOT       once per (pod, visited node)
 * Oracle    preFilter, filter, preScore, score and normalize of plugins/inter-pod-affinity.ts; held together by
 *           incremental-evaluator.property.test.ts
 * Cost      per attempt O(changed nodes + terms); terms with namespace selectors also look at every namespace
 */
import { compareCodeUnits } from '../base/compare.ts';
import type { StringMap } from '../objects/meta.ts';
import { looksAtNamespaces, matchesAll, NO_LABELS, namespaceLabels, resolveTerms, resolveWeighted } from './affinity-terms.ts';
import type { ClusterFilter, ClusterScore } from './column-programs.ts';
import type { DomainColumn } from './domain-columns.ts';
import { type DomainTable, type DomainTables, matcherText } from './domain-tables.ts';
import { type PluginHandle, SCORE_MAX } from './framework.ts';
import type { PodInfo } from './pod-info.ts';
import { type AffinityTerm, type PodShape, termMatches } from './pod-shape.ts';
import { MEMO_SIZE, type PassMemo } from './score-columns.ts';

function termParts(term: AffinityTerm): unknown {
  const { namespaces, namespaceSelector, selector, topologyKey } = term;
  return [[...namespaces].sort(compareCodeUnits), matcherText(namespaceSelector), matcherText(selector), topologyKey];
}

/** What other pods' terms see of a pod. */
function seenParts(shape: PodShape, labels: StringMap): unknown {
  return [shape.namespace, shape.labels, labels];
}

// Filter ----------------------------------------------------------------------------------------------

export class AffinityFilter implements ClusterFilter {
  private readonly shape: PodShape;
  private readonly handle: PluginHandle;
  private readonly tables: DomainTables;
  private readonly isPlain: boolean;
  private readonly looksAtNamespaces: boolean;
  private labels: StringMap | undefined;
  /** Domains with pods whose required anti-affinity selects the incoming pod. */
  private existing: DomainTable | undefined;
  /** Domains with pods that every required affinity term selects; undefined without terms. */
  private wanted: DomainTable | undefined;
  /** Domains with pods that required anti-affinity terms select. */
  private unwanted: DomainTable | undefined;
  private wantedColumns: readonly DomainColumn[];
  private isOwnCompany: boolean;
  /** Of the running attempt: columns where a sum above 0 keeps the pod away. */
  private forbidden: readonly DomainColumn[];
  private mayStartAnywhere: boolean;

  constructor({ shape }: PodInfo, tables: DomainTables, handle: PluginHandle) {
    this.shape = shape;
    this.handle = handle;
    this.tables = tables;
    this.isPlain = shape.requiredAffinity.length === 0 && shape.requiredAntiAffinity.length === 0;
    this.looksAtNamespaces = shape.requiredAffinity.some(looksAtNamespaces) || shape.requiredAntiAffinity.some(looksAtNamespaces);
    this.labels = undefined;
    this.existing = this.wanted = this.unwanted = undefined;
    this.wantedColumns = this.forbidden = [];
    this.isOwnCompany = false;
    this.mayStartAnywhere = false;
  }

  prepare(): boolean {
    if (this.isPlain && this.tables.columns.cache.podsWithRequiredAntiAffinity === 0) return false;
    const labels = namespaceLabels(this.shape, this.handle.lister);
    if (labels !== this.labels) this.openExisting(labels);
    const isFirst = this.wantedColumns.length === 0 && this.unwanted === undefined;
    if (!this.isPlain && (isFirst || this.looksAtNamespaces)) this.openOwn();
    this.existing!.refresh();
    if (this.isPlain && this.existing!.isEmpty) return false;
    this.wanted?.refresh();
    this.unwanted?.refresh();
    // The first pod of a group that wants its own company may start anywhere.
    this.mayStartAnywhere = this.isOwnCompany && this.wanted!.isEmpty;
    const existing = this.existing!.columns;
    const unwanted = this.unwanted?.columns ?? [];
    if (this.forbidden.length !== existing.length + unwanted.length) this.forbidden = [...unwanted, ...existing];
    return true;
  }

  keep(places: Int32Array, from: number, to: number): number {
    const { wantedColumns, forbidden, mayStartAnywhere } = this;
    let end = to;
    for (let k = 0; k < wantedColumns.length; k++) end = keepWanted(wantedColumns[k]!, mayStartAnywhere, places, from, end);
    for (let k = 0; k < forbidden.length; k++) end = keepAllowed(forbidden[k]!, places, from, end);
    return end;
  }

  private openExisting(labels: StringMap): void {
    const { shape } = this;
    this.labels = labels;
    this.forbidden = [];
    this.existing = this.tables.table(JSON.stringify(['existing', seenParts(shape, labels)]), {
      countsTerminating: true,
      weigh({ requiredAntiAffinity }, add) {
        for (const term of requiredAntiAffinity) if (termMatches(term, shape, labels)) add(term.topologyKey, 1);
      },
    });
  }

  private openOwn(): void {
    const { shape, handle, tables } = this;
    const affinity = resolveTerms(shape.requiredAffinity, handle);
    const antiAffinity = resolveTerms(shape.requiredAntiAffinity, handle);
    this.forbidden = [];
    if (affinity.length > 0) {
      const wanted = tables.table(JSON.stringify(['wanted', affinity.map(termParts)]), {
        countsTerminating: true,
        weigh(other, add) {
          if (matchesAll(affinity, other)) for (const { topologyKey } of affinity) add(topologyKey, 1);
        },
      });
      this.wanted = wanted;
      this.wantedColumns = affinity.map(({ topologyKey }) => wanted.column(topologyKey));
      this.isOwnCompany = matchesAll(affinity, shape);
    }
    if (antiAffinity.length > 0) {
      this.unwanted = tables.table(JSON.stringify(['unwanted', antiAffinity.map(termParts)]), {
        countsTerminating: true,
        weigh(other, add) {
          for (const term of antiAffinity) if (termMatches(term, other, NO_LABELS)) add(term.topologyKey, 1);
        },
      });
    }
  }
}

function keepWanted({ key, sums }: DomainColumn, isAnyGood: boolean, places: Int32Array, from: number, to: number): number {
  const { domains } = key;
  let end = from;
  for (let i = from; i < to; i++) {
    const place = places[i]!;
    const domain = domains[place]!;
    if (domain >= 0 && (isAnyGood || sums[domain]! > 0)) places[end++] = place;
  }
  return end;
}

function keepAllowed({ key, sums }: DomainColumn, places: Int32Array, from: number, to: number): number {
  const { domains } = key;
  let end = from;
  for (let i = from; i < to; i++) {
    const place = places[i]!;
    const domain = domains[place]!;
    if (domain < 0 || sums[domain]! <= 0) places[end++] = place;
  }
  return end;
}

// Score -----------------------------------------------------------------------------------------------

export class AffinityScore implements ClusterScore {
  private readonly shape: PodShape;
  private readonly handle: PluginHandle;
  private readonly tables: DomainTables;
  private readonly hardWeight: number;
  private readonly hasOwnTerms: boolean;
  private readonly looksAtNamespaces: boolean;
  private readonly memo: PassMemo;
  private labels: StringMap | undefined;
  /** Sums of weights. */
  private sums: DomainTable | undefined;

  /** `hardWeight`: what required affinity of pods already there counts. */
  constructor({ shape }: PodInfo, tables: DomainTables, handle: PluginHandle, hardWeight: number) {
    this.shape = shape;
    this.handle = handle;
    this.tables = tables;
    this.hardWeight = hardWeight;
    this.memo = tables.memo;
    this.hasOwnTerms = shape.preferredAffinity.length > 0 || shape.preferredAntiAffinity.length > 0;
    this.looksAtNamespaces = [...shape.preferredAffinity, ...shape.preferredAntiAffinity].some(({ term }) => looksAtNamespaces(term));
    this.labels = undefined;
    this.sums = undefined;
  }

  prepare(): boolean {
    if (!this.hasOwnTerms && this.tables.columns.cache.podsWithAffinity === 0) return false;
    const labels = namespaceLabels(this.shape, this.handle.lister);
    if (labels !== this.labels || this.looksAtNamespaces) this.open(labels);
    this.sums!.refresh();
    return !this.sums!.isEmpty;
  }

  addTo(totals: Float64Array, weight: number, places: Int32Array, count: number, scratch: Float64Array): boolean {
    scratch.fill(0, 0, count);
    for (const column of this.sums!.columns) if (column.memberTotal > 0) addSums(column, places, count, scratch);
    addNormalized(totals, weight, count, scratch, this.memo);
    return true;
  }

  private open(labels: StringMap): void {
    const { shape, handle, hardWeight } = this;
    const affinity = resolveWeighted(shape.preferredAffinity, handle);
    const antiAffinity = resolveWeighted(shape.preferredAntiAffinity, handle);
    const parts = [affinity, antiAffinity].map((terms) => terms.map(({ weight, term }) => [weight, termParts(term)]));
    this.labels = labels;
    this.sums = this.tables.table(JSON.stringify(['preferred', seenParts(shape, labels), hardWeight, parts]), {
      countsTerminating: true,
      weigh(other, add) {
        for (const { weight, term } of affinity) if (termMatches(term, other, NO_LABELS)) add(term.topologyKey, weight);
        for (const { weight, term } of antiAffinity) if (termMatches(term, other, NO_LABELS)) add(term.topologyKey, -weight);
        if (!other.hasAffinity) return;
        if (hardWeight > 0) {
          for (const term of other.requiredAffinity) if (termMatches(term, shape, labels)) add(term.topologyKey, hardWeight);
        }
        for (const { weight, term } of other.preferredAffinity) if (termMatches(term, shape, labels)) add(term.topologyKey, weight);
        for (const { weight, term } of other.preferredAntiAffinity) if (termMatches(term, shape, labels)) add(term.topologyKey, -weight);
      },
    });
  }
}

function addSums({ key, sums }: DomainColumn, places: Int32Array, count: number, scores: Float64Array): void {
  const { domains } = key;
  for (let i = 0; i < count; i++) {
    const domain = domains[places[i]!]!;
    if (domain >= 0) scores[i]! += sums[domain]!;
  }
}

/** In proportion between least and most; all 0 when they are equal. Divides before it multiplies, as upstream. */
function addNormalized(totals: Float64Array, weight: number, count: number, scores: Float64Array, memo: PassMemo): void {
  let min = Infinity;
  let max = -Infinity;
  for (let i = 0; i < count; i++) {
    const score = scores[i]!;
    if (score < min) min = score;
    if (score > max) max = score;
  }
  const range = max - min;
  if (!(range > 0)) return;
  const { values, stamps } = memo;
  const pass = ++memo.pass;
  for (let i = 0; i < count; i++) {
    const above = scores[i]! - min;
    if (above >= MEMO_SIZE) totals[i]! += Math.trunc(SCORE_MAX * (above / range)) * weight;
    else {
      if (stamps[above] !== pass) {
        stamps[above] = pass;
        values[above] = Math.trunc(SCORE_MAX * (above / range)) * weight;
      }
      totals[i]! += values[above]!;
    }
  }
}
