/**
 * Why mutants survive, by name: what a storm would have to do to meet them, and what of it no storm does.
 */
export const SURVIVORS: Readonly<Record<string, string>> = {};
