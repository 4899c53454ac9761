/**
 * Topics: the families that `seatrial list` knows.
 */
export const TOPICS = [
  'plugins',
  'faults',
  'quirks',
  'controllers',
  'machines',
  'network',
  'traces',
  'measures',
  'panels',
  'kinds',
  'distributions',
] as const;
export type Topic = (typeof TOPICS)[number];
