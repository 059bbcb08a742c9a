/**
 * Token embedding: row `ids[t]` of the table for each token. Float64 reference.
 * Shapes: N tokens, V vocabulary, D width.
 */

/** table [V, D], ids [N] -> [N, D]. */
export function embedding(table: Float64Array, ids: ArrayLike<number>, width: number): Float64Array {
  const out = new Float64Array(ids.length * width);
  for (let t = 0; t < ids.length; t++)
    out.set(table.subarray(ids[t] * width, (ids[t] + 1) * width), t * width);
  return out;
}

/** dOut [N, D] -> gradient of the table [V, D]: a row sums over every place its token stands at. */
export function embeddingBackward(
  dOut: Float64Array,
  ids: ArrayLike<number>,
  vocabulary: number,
  width: number,
): Float64Array {
  const dTable = new Float64Array(vocabulary * width);
  for (let t = 0; t < ids.length; t++)
    for (let d = 0; d < width; d++) dTable[ids[t] * width + d] += dOut[t * width + d];
  return dTable;
}
