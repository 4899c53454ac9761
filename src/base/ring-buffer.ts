/**
 * RingBuffer: a FIFO of objects that grows by doubling and never shifts.
 *
 * Cost      O(1) push and shift, amortized
 */
export class RingBuffer<T> {
  private slots: (T | undefined)[];
  private head: number;
  private count: number;

  constructor(capacity = 8) {
    let size = 8;
    while (size < capacity) size *= 2;
    this.slots = new Array(size);
    this.head = 0;
    this.count = 0;
  }

  get size(): number {
    return this.count;
  }

  push(item: T): void {
    if (this.count === this.slots.length) this.grow();
    this.slots[(this.head + this.count) & (this.slots.length - 1)] = item;
    this.count++;
  }

  /** Removes and returns the oldest item; undefined when empty. */
  shift(): T | undefined {
    if (this.count === 0) return undefined;
    const item = this.slots[this.head];
    this.slots[this.head] = undefined;
    this.head = (this.head + 1) & (this.slots.length - 1);
    this.count--;
    return item;
  }

  peek(): T | undefined {
    return this.count === 0 ? undefined : this.slots[this.head];
  }

  /** The item `index` places behind the oldest; undefined out of range. */
  at(index: number): T | undefined {
    return index < 0 || index >= this.count ? undefined : this.slots[(this.head + index) & (this.slots.length - 1)];
  }

  clear(): void {
    this.slots = new Array(8);
    this.head = 0;
    this.count = 0;
  }

  private grow(): void {
    const next = new Array<T | undefined>(this.slots.length * 2);
    for (let i = 0; i < this.count; i++) next[i] = this.slots[(this.head + i) & (this.slots.length - 1)];
    this.slots = next;
    this.head = 0;
  }
}
