/**
 * Machines of a trace as Node objects.
 */
import type { Node } from '../objects/node.ts';
import type { Lowering } from './lowering.ts';
import type { DocumentPath } from './yaml-source.ts';

export function readTraceMachines(
  lowering: Lowering,
  format: string,
  given: Readonly<Record<string, unknown>>,
  skipBadRows: boolean,
  maxNodes: number,
  path: DocumentPath,
): Node[] {
  void [given, skipBadRows, maxNodes];
  lowering.report(path, `no reader for ${format}`);
  return [];
}
