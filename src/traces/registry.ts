/**
 * Every trace format that can be read, in the order lists and help show them.
 */
import { azurePacking } from './azure-packing.ts';
import { google2011 } from './google-2011.ts';
import { openb } from './openb.ts';
import { plain } from './plain.ts';
import { swf } from './swf.ts';
import type { TraceDef } from './trace.ts';

export const traceFormats: readonly TraceDef[] = [openb, azurePacking, google2011, swf, plain];
