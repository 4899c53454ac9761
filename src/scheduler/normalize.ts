/**
 * The usual way to bring raw scores to 0..100: in proportion to the highest.
 *
 * Models    kubernetes v1.34 pkg/scheduler/framework/plugins/helper/normalize_score.go
 */
import { SCORE_MAX } from './framework.ts';

/** `isReversed`: the highest raw score becomes 0; when all are 0, every score becomes 100. */
export function normalizeByMax(scores: Float64Array, isReversed: boolean): void {
  let max = 0;
  for (let i = 0; i < scores.length; i++) if (scores[i]! > max) max = scores[i]!;
  if (max === 0) {
    if (isReversed) scores.fill(SCORE_MAX);
    return;
  }
  for (let i = 0; i < scores.length; i++) {
    const score = Math.trunc((SCORE_MAX * scores[i]!) / max);
    scores[i] = isReversed ? SCORE_MAX - score : score;
  }
}
