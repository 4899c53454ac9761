/**
 * SelectorCache: compiled label selectors, remembered per selector object (objects are immutable and share it).
 */
import type { LabelSelector } from '../objects/meta.ts';
import { compileLabelSelector, type LabelMatcher, MATCH_NOTHING } from '../objects/selectors.ts';

export class SelectorCache {
  private readonly matchers: WeakMap<LabelSelector, LabelMatcher>;

  constructor() {
    this.matchers = new WeakMap();
  }

  of(selector: LabelSelector | undefined): LabelMatcher {
    if (selector === undefined) return MATCH_NOTHING;
    let matcher = this.matchers.get(selector);
    if (matcher === undefined) {
      matcher = compileLabelSelector(selector);
      this.matchers.set(selector, matcher);
    }
    return matcher;
  }
}
