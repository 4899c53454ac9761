/**
 * The Scenario document of a run as YAML, for its result: what was run can be read where the numbers are.
 */
import { stringify } from 'yaml';

/** Longer documents (with manifests written into them) are not kept; replay.json has them. */
const LENGTH_MAX = 65_536;

/** `document` is plain data; undefined where no file held a Scenario. Gives an empty text for that, and for very long ones. */
export function scenarioText(document: unknown): string {
  if (document === undefined) return '';
  const text = stringify(document, { lineWidth: 120, aliasDuplicateObjects: false });
  return text.length > LENGTH_MAX ? '' : text;
}
