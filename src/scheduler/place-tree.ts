/**
 * PlaceTree: who fits, and who is best, in any stretch of places, without looking at each of them.
 *
 * HOT       per attempt a few walks of log2(nodes) steps, and one per changed node
 * Layout    places stand in blocks of 16; over the blocks lies a segment tree in arrays, the children of node i are 2i
 *           and 2i+1, the leaf of block b is size + b
 *
 *               totals  by place; -1 where the pod does not fit
 *               fits    how many places below fit
 *               best    the highest total below; -1 where nobody fits
 *               ties    how many places below have it
 *
 * Oracle    a scan over the totals; see place-tree.test.ts
 * Memory    11 bytes per place
 */
export const NO_FIT = -1;

const BLOCK_BITS = 4;
const BLOCK = 1 << BLOCK_BITS;

export class PlaceTree {
  /** By place. To be read only. */
  readonly totals: Float64Array;
  private readonly size: number;
  private readonly fits: Int32Array;
  private readonly best: Float64Array;
  private readonly ties: Int32Array;
  /** Of the last search. */
  foundBest: number;
  foundTies: number;
  /** Ties still to be passed over by `findTie`. */
  private rank: number;

  constructor(count: number) {
    const blocks = Math.max(1, (count + BLOCK - 1) >> BLOCK_BITS);
    let size = 1;
    while (size < blocks) size *= 2;
    this.totals = new Float64Array(blocks * BLOCK).fill(NO_FIT);
    this.size = size;
    this.fits = new Int32Array(size * 2);
    this.best = new Float64Array(size * 2).fill(NO_FIT);
    this.ties = new Int32Array(size * 2);
    this.foundBest = NO_FIT;
    this.foundTies = 0;
    this.rank = 0;
  }

  /** Places that fit. */
  get fitCount(): number {
    return this.fits[1]!;
  }

  /** `total` is at least 0, or NO_FIT. */
  set(place: number, total: number): void {
    if (this.totals[place] === total) return;
    this.totals[place] = total;
    const block = place >> BLOCK_BITS;
    this.sumBlock(block);
    for (let i = (this.size + block) >> 1; i > 0; i >>= 1) if (!this.sumNode(i)) return;
  }

  /** Sets a place without bringing the sums up to date; `sumAll` has to follow. */
  put(place: number, total: number): void {
    this.totals[place] = total;
  }

  sumAll(): void {
    const blocks = this.totals.length >> BLOCK_BITS;
    for (let block = 0; block < blocks; block++) this.sumBlock(block);
    for (let i = this.size - 1; i > 0; i--) this.sumNode(i);
  }

  /** Places below `place` that fit. */
  fitsBefore(place: number): number {
    const { fits, totals } = this;
    const block = place >> BLOCK_BITS;
    let sum = 0;
    for (let p = block << BLOCK_BITS; p < place; p++) if (totals[p]! >= 0) sum++;
    for (let i = this.size + block; i > 1; i >>= 1) if ((i & 1) === 1) sum += fits[i - 1]!;
    return sum;
  }

  /** The place of the fit number `index`, counted from 0; there must be so many. */
  placeOfFit(index: number): number {
    const { fits, size, totals } = this;
    let i = 1;
    let left = index;
    while (i < size) {
      i *= 2;
      const below = fits[i]!;
      if (left >= below) {
        left -= below;
        i++;
      }
    }
    let place = (i - size) << BLOCK_BITS;
    for (; ; place++) if (totals[place]! >= 0 && left-- === 0) return place;
  }

  /** Finds the best total in `from..to-1`, and how many have it; twice for a stretch that goes around the end. */
  search(from: number, to: number): void {
    if (from >= to) return;
    const first = (from + BLOCK - 1) >> BLOCK_BITS;
    const last = to >> BLOCK_BITS;
    if (first > last) {
      this.scan(from, to);
      return;
    }
    this.scan(from, first << BLOCK_BITS);
    let left = this.size + first;
    let right = this.size + last;
    for (; left < right; left >>= 1, right >>= 1) {
      if ((left & 1) === 1) this.take(left++);
      if ((right & 1) === 1) this.take(--right);
    }
    this.scan(last << BLOCK_BITS, to);
  }

  /** Begins a search. */
  clearFound(): void {
    this.foundBest = NO_FIT;
    this.foundTies = 0;
  }

  /** How many ties `findTie` passes over before it answers. */
  passOver(rank: number): void {
    this.rank = rank;
  }

  /** The next of the ties found, in `from..to-1` from the left; -1 when it is not there, which leaves fewer to pass over. */
  findTie(from: number, to: number): number {
    if (from >= to) return -1;
    const first = (from + BLOCK - 1) >> BLOCK_BITS;
    const last = to >> BLOCK_BITS;
    if (first > last) return this.scanForTie(from, to);
    let place = this.scanForTie(from, first << BLOCK_BITS);
    if (place >= 0) return place;
    if (first < last) place = this.descend(1, 0, this.size, first, last);
    return place >= 0 ? place : this.scanForTie(last << BLOCK_BITS, to);
  }

  private descend(i: number, low: number, high: number, from: number, to: number): number {
    if (high <= from || to <= low || this.best[i]! < this.foundBest) return -1;
    if (from <= low && high <= to) {
      // Inside the stretch nothing is better than the best found.
      if (this.rank >= this.ties[i]!) {
        this.rank -= this.ties[i]!;
        return -1;
      }
      if (high - low === 1) return this.scanForTie(low << BLOCK_BITS, high << BLOCK_BITS);
    }
    const middle = (low + high) >> 1;
    const place = this.descend(i * 2, low, middle, from, to);
    return place >= 0 ? place : this.descend(i * 2 + 1, middle, high, from, to);
  }

  private scanForTie(from: number, to: number): number {
    const { totals, foundBest } = this;
    for (let place = from; place < to; place++) {
      if (totals[place] !== foundBest) continue;
      if (this.rank === 0) return place;
      this.rank--;
    }
    return -1;
  }

  private scan(from: number, to: number): void {
    const { totals } = this;
    let best = this.foundBest;
    let ties = this.foundTies;
    for (let place = from; place < to; place++) {
      const total = totals[place]!;
      if (total < best || total === NO_FIT) continue;
      if (total > best) {
        best = total;
        ties = 1;
      } else ties++;
    }
    this.foundBest = best;
    this.foundTies = ties;
  }

  private take(i: number): void {
    const best = this.best[i]!;
    if (best < this.foundBest || best === NO_FIT) return;
    if (best > this.foundBest) {
      this.foundBest = best;
      this.foundTies = 0;
    }
    this.foundTies += this.ties[i]!;
  }

  private sumBlock(block: number): void {
    const { totals } = this;
    const from = block << BLOCK_BITS;
    let fits = 0;
    let best = NO_FIT;
    let ties = 0;
    for (let place = from; place < from + BLOCK; place++) {
      const total = totals[place]!;
      if (total === NO_FIT) continue;
      fits++;
      if (total > best) {
        best = total;
        ties = 1;
      } else if (total === best) ties++;
    }
    const i = this.size + block;
    this.fits[i] = fits;
    this.best[i] = best;
    this.ties[i] = ties;
  }

  /** False when nothing changed. */
  private sumNode(i: number): boolean {
    const { fits, best, ties } = this;
    const left = i * 2;
    const leftBest = best[left]!;
    const rightBest = best[left + 1]!;
    const sum = fits[left]! + fits[left + 1]!;
    const higher = leftBest > rightBest ? leftBest : rightBest;
    const count = (leftBest >= rightBest ? ties[left]! : 0) + (rightBest >= leftBest ? ties[left + 1]! : 0);
    if (fits[i] === sum && best[i] === higher && ties[i] === count) return false;
    fits[i] = sum;
    best[i] = higher;
    ties[i] = count;
    return true;
  }
}
