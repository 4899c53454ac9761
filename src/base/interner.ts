/**
 * Interner: strings to dense integers and back.
 *
 * Ids start at 0 and follow the order of first sight, so they are reproducible within a run but mean
 * nothing across runs. Cost: one Map look-up per call.
 */
export class Interner {
  private readonly ids: Map<string, number>;
  private readonly names: string[];

  constructor() {
    this.ids = new Map();
    this.names = [];
  }

  get size(): number {
    return this.names.length;
  }

  /** The id of `name`, made on first sight. */
  idOf(name: string): number {
    const known = this.ids.get(name);
    if (known !== undefined) return known;
    const id = this.names.length;
    this.ids.set(name, id);
    this.names.push(name);
    return id;
  }

  /** The id of `name`, or -1 when it was never interned. */
  find(name: string): number {
    return this.ids.get(name) ?? -1;
  }

  /** The string behind `id`; undefined for an id that was never given out. */
  nameOf(id: number): string | undefined {
    return this.names[id];
  }
}
