/**
 * PodHeap: a binary heap of queued pods from which any record can be removed in O(log n).
 *
 * HOT       one push and one pop or removal per scheduling attempt
 * Layout    array heap; each record keeps its own position (`heapIndex`), since a record is in one heap at most
 * Order     `less` must be total; callers end it in the sequence number
 * Oracle    sorted array in pod-heap.test.ts
 */
import { fail } from '../base/invariant.ts';
import type { QueuedPod } from './queued-pod.ts';

/** Says whether `a` comes before `b`; total. */
export type PodOrder = (a: QueuedPod, b: QueuedPod) => boolean;

export class PodHeap {
  private readonly items: QueuedPod[];
  private readonly less: PodOrder;

  constructor(less: PodOrder) {
    this.items = [];
    this.less = less;
  }

  get size(): number {
    return this.items.length;
  }

  peek(): QueuedPod | undefined {
    return this.items[0];
  }

  push(item: QueuedPod): void {
    if (item.heapIndex !== -1) fail(`pod ${item.key} is in a heap already`);
    this.items.push(item);
    this.siftUp(this.items.length - 1, item);
  }

  pop(): QueuedPod | undefined {
    const top = this.items[0];
    if (top !== undefined) this.remove(top);
    return top;
  }

  remove(item: QueuedPod): void {
    const index = item.heapIndex;
    if (this.items[index] !== item) fail(`pod ${item.key} is not in this heap`);
    item.heapIndex = -1;
    const last = this.items.pop() as QueuedPod;
    if (last === item) return;
    this.place(index, last);
  }

  /** Restores the order after `item` changed what `less` looks at. */
  fix(item: QueuedPod): void {
    if (this.items[item.heapIndex] !== item) fail(`pod ${item.key} is not in this heap`);
    this.place(item.heapIndex, item);
  }

  /** The records in heap order, which is no useful order. */
  values(): readonly QueuedPod[] {
    return this.items;
  }

  /** Puts `item` into the hole at `index` and moves it where it belongs. */
  private place(index: number, item: QueuedPod): void {
    if (index > 0 && this.less(item, this.items[(index - 1) >> 1]!)) this.siftUp(index, item);
    else this.siftDown(index, item);
  }

  private siftUp(from: number, item: QueuedPod): void {
    const { items } = this;
    let hole = from;
    while (hole > 0) {
      const parent = (hole - 1) >> 1;
      const above = items[parent]!;
      if (!this.less(item, above)) break;
      items[hole] = above;
      above.heapIndex = hole;
      hole = parent;
    }
    items[hole] = item;
    item.heapIndex = hole;
  }

  private siftDown(from: number, item: QueuedPod): void {
    const { items } = this;
    let hole = from;
    for (let child = 2 * hole + 1; child < items.length; child = 2 * hole + 1) {
      if (child + 1 < items.length && this.less(items[child + 1]!, items[child]!)) child++;
      const below = items[child]!;
      if (!this.less(below, item)) break;
      items[hole] = below;
      below.heapIndex = hole;
      hole = child;
    }
    items[hole] = item;
    item.heapIndex = hole;
  }
}
