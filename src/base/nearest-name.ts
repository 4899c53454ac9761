/**
 * nearestName: the valid name a user most likely meant.
 */
import { compareCodeUnits } from './compare.ts';

/**
 * The entry of `valid` with the least edit distance to `found`, or undefined when none is near
 * (more than a third of the longer length apart, and more than two edits). Ties go to the name first in code-unit order.
 */
export function nearestName(found: string, valid: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Infinity;
  for (const name of [...valid].sort(compareCodeUnits)) {
    const distance = editDistance(found.toLowerCase(), name.toLowerCase());
    const allowed = Math.max(2, Math.floor(Math.max(found.length, name.length) / 3));
    if (distance <= allowed && distance < bestDistance) {
      best = name;
      bestDistance = distance;
    }
  }
  return best;
}

/** Edits (insert, delete, replace, swap of neighbours) that turn `a` into `b`. */
function editDistance(a: string, b: string): number {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let value = Math.min(previous[j]! + 1, current[j - 1]! + 1, previous[j - 1]! + cost);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) value = Math.min(value, beforePrevious[j - 2]! + 1);
      current.push(value);
    }
    beforePrevious = previous;
    previous = current;
  }
  return previous[b.length]!;
}
