/**
 * Identity: the uids and generated names a server gives out.
 *
 * Models    kubernetes v1.34 apiserver/pkg/storage/names/generate.go (prefix of at most 58 characters
 *           and 5 random ones out of 27)
 * Differs   uids look like random UUIDs (version 4) but are a scrambled counter, so they are unique
 *           and the same in every run with this seed
 */
import { mix32 } from '../base/hash.ts';
import type { Rng } from '../engine/rng.ts';

const NAME_ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';
const NAME_PREFIX_MAX = 58;
const NAME_SUFFIX_LENGTH = 5;

/** Tries a server makes with fresh names before it answers AlreadyExists: 8, registry/rest/create.go. */
export const NAME_TRIES_MAX = 8;

const HEX_BYTES: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

export class Identity {
  private readonly nameRng: Rng;
  private readonly key: readonly [number, number, number, number];
  private uidCount: number;

  constructor(rng: Rng) {
    this.nameRng = rng.fork('generate-name');
    const uidRng = rng.fork('uid');
    this.key = [uidRng.nextUint32(), uidRng.nextUint32(), uidRng.nextUint32(), uidRng.nextUint32()];
    this.uidCount = 0;
  }

  /** A new uid: `xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx`. Unique for the first 2^32. */
  newUid(): string {
    const count = ++this.uidCount;
    // mix32 is a bijection, so the first word alone never repeats.
    const a = mix32(count ^ this.key[0]);
    const b = mix32(a ^ this.key[1]);
    const c = mix32(b ^ this.key[2]);
    const d = mix32(c ^ this.key[3]);
    return (
      hex16(a >>> 16) +
      hex16(a) +
      '-' +
      hex16(b >>> 16) +
      '-' +
      hex16((b & 0x0fff) | 0x4000) +
      '-' +
      hex16(((c >>> 16) & 0x3fff) | 0x8000) +
      '-' +
      hex16(c) +
      hex16(d >>> 16) +
      hex16(d)
    );
  }

  /** `prefix` (cut to 58 characters) and five random characters. */
  newName(prefix: string): string {
    let name = prefix.length > NAME_PREFIX_MAX ? prefix.slice(0, NAME_PREFIX_MAX) : prefix;
    for (let i = 0; i < NAME_SUFFIX_LENGTH; i++) name += NAME_ALPHABET[this.nameRng.nextInt(NAME_ALPHABET.length)]!;
    return name;
  }
}

function hex16(word: number): string {
  return HEX_BYTES[(word >>> 8) & 255]! + HEX_BYTES[word & 255]!;
}
