/**
 * RecentMap: a Map that forgets what has not been used for long, at the cost of a Map.
 *
 * Layout    two Maps: a key that is used moves into the young one; when that is full, the old one is dropped and the young one
 *           takes its place
 * Memory    at most twice `size` entries; an entry lives on for at least `size` uses of other keys
 */
export class RecentMap<K, V> {
  private readonly generationSize: number;
  private young: Map<K, V>;
  private old: Map<K, V>;

  /** `size` is at least 1. */
  constructor(size: number) {
    this.generationSize = size;
    this.young = new Map();
    this.old = new Map();
  }

  /** Entries; one that was just used may count twice. */
  get size(): number {
    return this.young.size + this.old.size;
  }

  get(key: K): V | undefined {
    const value = this.young.get(key);
    if (value !== undefined || this.old.size === 0) return value;
    const aged = this.old.get(key);
    if (aged !== undefined) this.set(key, aged);
    return aged;
  }

  set(key: K, value: V): void {
    if (this.young.size >= this.generationSize && !this.young.has(key)) {
      this.old = this.young;
      this.young = new Map();
    }
    this.young.set(key, value);
  }

  clear(): void {
    this.young.clear();
    this.old.clear();
  }
}
