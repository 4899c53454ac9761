/** How resources are named and ordered in every panel. */

/** cpu, memory, extended resources by name, then pods and the rest. */
export function orderResources(names: readonly string[]): string[] {
  return [...names].sort((a, b) => rankOf(a) - rankOf(b) || (a < b ? -1 : 1));
}

function rankOf(name: string): number {
  if (name === 'cpu') return 0;
  if (name === 'memory') return 1;
  if (name === 'ephemeral-storage') return 3;
  return name === 'pods' ? 4 : 2;
}

export function resourceTitle(name: string): string {
  if (name === 'cpu') return 'CPU';
  return name === 'ephemeral-storage' ? 'Ephemeral storage' : name.includes('/') ? name : name[0]!.toUpperCase() + name.slice(1);
}

/** Without the domain of an extended resource; for labels beside lines. */
export function shortTitle(name: string): string {
  return resourceTitle(name.slice(name.indexOf('/') + 1));
}

/** Two charts beside each other where there is room. */
export function chartWidth(width: number, count: number): number {
  return width >= 860 && count > 1 ? Math.floor((width - 24) / 2) : width;
}
