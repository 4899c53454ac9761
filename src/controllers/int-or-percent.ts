/**
 * resolveIntOrPercent: `3` or `25%` of something as a whole number.
 *
 * Models    kubernetes v1.34 apimachinery/pkg/util/intstr GetScaledValueFromIntOrPercent
 */
import type { IntOrString } from '../objects/meta.ts';

/** `value` itself, or the percentage of `total` rounded up or down. Text that is no percentage counts as 0. */
export function resolveIntOrPercent(value: IntOrString, total: number, roundUp: boolean): number {
  if (typeof value === 'number') return value;
  const match = /^([0-9]+)%$/.exec(value);
  if (match === null) return 0;
  // Divided only at the end: 7 % of 100 is 7, not 7.000000000000001.
  const hundredths = Number(match[1]) * total;
  return roundUp ? Math.ceil(hundredths / 100) : Math.floor(hundredths / 100);
}

export function isPercentage(value: IntOrString): boolean {
  return typeof value === 'string' && value.endsWith('%');
}
