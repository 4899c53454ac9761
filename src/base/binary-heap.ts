/**
 * BinaryHeap: a plain priority queue of objects for warm code (queues of tens to thousands).
 *
 * Order     `isBefore` must be a total order; callers end it in a sequence number
 * Cost      O(log n) push, pop and remove-by-predicate is O(n)
 */
export class BinaryHeap<T> {
  private readonly items: T[];
  private readonly isBefore: (a: T, b: T) => boolean;

  constructor(isBefore: (a: T, b: T) => boolean) {
    this.items = [];
    this.isBefore = isBefore;
  }

  get size(): number {
    return this.items.length;
  }

  peek(): T | undefined {
    return this.items[0];
  }

  push(item: T): void {
    this.items.push(item);
    this.siftUp(this.items.length - 1);
  }

  pop(): T | undefined {
    const top = this.items[0];
    if (top === undefined) return undefined;
    this.removeAt(0);
    return top;
  }

  /** Removes `item` (by identity); false when it is not there. */
  remove(item: T): boolean {
    const index = this.items.indexOf(item);
    if (index === -1) return false;
    this.removeAt(index);
    return true;
  }

  /** The items in heap order, which is no useful order: sort before deciding anything by it. */
  values(): readonly T[] {
    return this.items;
  }

  clear(): void {
    this.items.length = 0;
  }

  private removeAt(index: number): void {
    const last = this.items.pop() as T;
    if (index === this.items.length) return;
    this.items[index] = last;
    this.siftDown(index);
    this.siftUp(index);
  }

  private siftUp(from: number): void {
    const { items } = this;
    const item = items[from] as T;
    let hole = from;
    while (hole > 0) {
      const parent = (hole - 1) >> 1;
      const above = items[parent] as T;
      if (!this.isBefore(item, above)) break;
      items[hole] = above;
      hole = parent;
    }
    items[hole] = item;
  }

  private siftDown(from: number): void {
    const { items } = this;
    const item = items[from] as T;
    let hole = from;
    for (let child = 2 * hole + 1; child < items.length; child = 2 * hole + 1) {
      if (child + 1 < items.length && this.isBefore(items[child + 1] as T, items[child] as T)) child++;
      const below = items[child] as T;
      if (!this.isBefore(below, item)) break;
      items[hole] = below;
      hole = child;
    }
    items[hole] = item;
  }
}
