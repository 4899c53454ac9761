/**
 * Every trace format that can be read, in the order lists and help show them.
 */
import { openb } from './openb.ts';
import type { TraceDef } from './trace.ts';

export const traceFormats: readonly TraceDef[] = [openb];
