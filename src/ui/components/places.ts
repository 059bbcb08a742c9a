/** The places 0 .. count - 1: what a list is drawn over whose items are known by where they stand, not by who they are. */
export function places(count: number): number[] {
  return Array.from({ length: count }, (_, place) => place);
}
