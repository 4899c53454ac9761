/**
 * ShapeTables: the tables of all pod shapes lately seen, and of what shapes share.
 *
 * HOT       one look-up per attempt
 * Memory    verdicts of at most a million (kind of pod, node) pairs in all profiles, 17 to 40 bytes each; at most
 *           2,048 shapes of about 1 kB per profile. What was used longest ago goes first, and is found out again when it is
 *           needed
 */
import { RecentMap } from '../base/recent-map.ts';
import type { DomainTables } from './domain-tables.ts';
import type { NodeColumns } from './node-columns.ts';
import { NodeVerdicts } from './node-verdicts.ts';
import type { PodInfo } from './pod-info.ts';
import type { Profile } from './profile.ts';
import { prepareShape, ShapeTable, sharesVerdicts } from './shape-table.ts';

export interface TableLimits {
  /** (kind of pod, node) pairs remembered. */
  readonly verdictEntriesMax: number;
  /** Half of the shapes remembered per profile. */
  readonly shapesMax: number;
}

export const TABLE_LIMITS: TableLimits = Object.freeze({ verdictEntriesMax: 1_000_000, shapesMax: 1024 });

/** Never fewer or more kinds of pods than this, however many nodes there are. */
const VERDICTS_MIN = 4;
const VERDICTS_MAX = 4096;

interface ProfileTables {
  readonly index: number;
  readonly isShared: boolean;
  /** By shape; undefined in place of a table: a shape for the plain evaluator. */
  readonly byShape: RecentMap<number, ShapeTable | 'plain'>;
}

export class ShapeTables {
  private readonly columns: NodeColumns;
  private readonly domains: DomainTables;
  private readonly limits: TableLimits;
  private readonly byProfile: Map<Profile, ProfileTables>;
  /** Of all profiles; insertion order is order of last use. */
  private readonly verdicts: Map<string, NodeVerdicts>;
  private latest: NodeVerdicts | undefined;
  private listing: number;

  constructor(columns: NodeColumns, domains: DomainTables, limits: TableLimits) {
    this.columns = columns;
    this.domains = domains;
    this.limits = limits;
    this.byProfile = new Map();
    this.verdicts = new Map();
    this.latest = undefined;
    this.listing = -1;
  }

  /** Kinds of pods whose verdicts are remembered. */
  get verdictCount(): number {
    return this.verdicts.size;
  }

  /** Shapes remembered, in all profiles. */
  get shapeCount(): number {
    let count = 0;
    for (const { byShape } of this.byProfile.values()) count += byShape.size;
    return count;
  }

  get verdictsMax(): number {
    const share = Math.floor(this.limits.verdictEntriesMax / Math.max(1, this.columns.nodes.length));
    return Math.min(VERDICTS_MAX, Math.max(VERDICTS_MIN, share));
  }

  /** undefined for shapes that are for the plain evaluator. */
  of(profile: Profile, pod: PodInfo): ShapeTable | undefined {
    if (this.listing !== this.columns.listing) this.clear();
    const tables = this.byProfile.get(profile) ?? this.open(profile);
    const { id } = pod.shape;
    let table = tables.byShape.get(id);
    if (table === undefined || (table !== 'plain' && table.verdicts.isReleased)) {
      table = this.make(tables, profile, pod) ?? 'plain';
      tables.byShape.set(id, table);
    }
    if (table === 'plain') return undefined;
    const { verdicts } = table;
    if (verdicts !== this.latest) {
      this.verdicts.delete(verdicts.key);
      this.verdicts.set(verdicts.key, verdicts);
      this.latest = verdicts;
    }
    return table;
  }

  /** Places mean something else now. */
  private clear(): void {
    this.byProfile.clear();
    this.verdicts.clear();
    this.domains.clear();
    this.latest = undefined;
    this.listing = this.columns.listing;
  }

  private open(profile: Profile): ProfileTables {
    const tables: ProfileTables = {
      index: this.byProfile.size,
      isShared: sharesVerdicts(profile),
      byShape: new RecentMap(this.limits.shapesMax),
    };
    this.byProfile.set(profile, tables);
    return tables;
  }

  private make({ index, isShared }: ProfileTables, profile: Profile, pod: PodInfo): ShapeTable | undefined {
    const key = isShared ? `${index}/${pod.shape.partsId}` : `${index}:${pod.shape.id}`;
    let verdicts = this.verdicts.get(key);
    if (verdicts === undefined) {
      const state = prepareShape(profile, pod);
      if (state === undefined) return undefined;
      verdicts = new NodeVerdicts(key, this.columns, profile, pod, state, this.makeRoom());
      this.verdicts.set(key, verdicts);
    }
    return new ShapeTable(verdicts, this.domains, profile, pod);
  }

  /** The least recently used one, when there are as many as there may be. */
  private makeRoom(): NodeVerdicts | undefined {
    if (this.verdicts.size < this.verdictsMax) return undefined;
    const [key, oldest] = this.verdicts.entries().next().value!;
    this.verdicts.delete(key);
    oldest.release();
    return oldest;
  }
}
