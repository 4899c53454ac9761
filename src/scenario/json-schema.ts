/**
 * The scenario file as JSON Schema (draft 2020-12).
 */
import { z } from 'zod';
import { scenarioSchema } from './schema.ts';
import type { Vocabulary } from './vocabulary.ts';

export function scenarioJsonSchema(words: Vocabulary): Record<string, unknown> {
  const schema = z.toJSONSchema(scenarioSchema(words), { io: 'input', unrepresentable: 'any' }) as Record<string, unknown>;
  return { ...schema, title: 'seatrial scenario' };
}
