/**
 * Every invariant, in the order lists show them.
 */
import type { InvariantDef } from './invariant.ts';
import { oneProcessPerIdentity } from './one-process-per-identity.ts';
import { workloadsReady } from './workloads-ready.ts';

export const invariants: readonly InvariantDef[] = [oneProcessPerIdentity, workloadsReady];
