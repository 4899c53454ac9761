/**
 * Document paths: where in a YAML or JSON document something is, as people write it and as code walks it:
 * `spec.containers[0].resources.requests["nvidia.com/gpu"]`.
 */

const PLAIN_KEY = /^[A-Za-z_][A-Za-z0-9_-]*$/;

/** `path` followed by the key of a mapping; keys that are no plain words are quoted. */
export function childPath(path: string, key: string): string {
  if (!PLAIN_KEY.test(key)) return `${path}[${JSON.stringify(key)}]`;
  return path === '' ? key : `${path}.${key}`;
}

/** `path` followed by the place in a list, counted from 0. */
export function itemPath(path: string, index: number): string {
  return `${path}[${index}]`;
}

/** The keys and indices along `path`: the inverse of childPath and itemPath. Stops at the first part it cannot read. */
export function pathSegments(path: string): (string | number)[] {
  const segments: (string | number)[] = [];
  const part = /\.?([A-Za-z_][A-Za-z0-9_-]*)|\[([0-9]+)\]|\[("(?:[^"\\]|\\.)*")\]/y;
  for (let match = part.exec(path); match !== null; match = part.exec(path)) {
    if (match[1] !== undefined) segments.push(match[1]);
    else if (match[2] !== undefined) segments.push(Number(match[2]));
    else segments.push(JSON.parse(match[3]!) as string);
  }
  return segments;
}
