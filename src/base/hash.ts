/**
 * Small non-cryptographic hashes with fixed results on every engine (32-bit integer operations only).
 */

/** FNV-1a, 32 bit, over UTF-16 code units. Returns an unsigned integer. */
export function fnv1a32(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    hash ^= text.charCodeAt(i);
    hash = Math.imul(hash, 0x01000193);
  }
  return hash >>> 0;
}

/** The murmur3 finalizer: spreads every input bit over all 32 output bits. Returns an int32. */
export function mix32(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** Four int32 words that depend on every character of `text` and on the four words of `key`. */
export function hash128(text: string, key: readonly [number, number, number, number] = [1, 2, 3, 4]): [number, number, number, number] {
  let a = key[0] ^ 0x9e3779b9;
  let b = key[1] ^ 0x243f6a88;
  let c = key[2] ^ 0xb7e15162;
  let d = key[3] ^ 0x7f4a7c15;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    a = Math.imul(a ^ unit, 0x85ebca6b);
    b = Math.imul(b ^ unit ^ (a >>> 15), 0xc2b2ae35);
    c = Math.imul(c ^ unit ^ (b >>> 13), 0x27d4eb2f);
    d = Math.imul(d ^ unit ^ (c >>> 16), 0x165667b1);
  }
  a = mix32(a ^ (d << 7) ^ text.length);
  b = mix32(b ^ a);
  c = mix32(c ^ b);
  d = mix32(d ^ c);
  a = mix32(a ^ d);
  return [a, b, c, d];
}

/** Eight lower-case hex digits of a 32-bit word. */
export function hex32(word: number): string {
  return (word >>> 0).toString(16).padStart(8, '0');
}
