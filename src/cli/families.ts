/**
 * Families that scenarios do not name but `seatrial list` shows: scheduler plugins and report panels.
 */
export interface FamilyMember {
  readonly name: string;
  readonly summary: string;
  readonly facts: Readonly<Record<string, string>>;
}

export interface CliFamilies {
  readonly plugins: readonly FamilyMember[];
  readonly panels: readonly FamilyMember[];
}
