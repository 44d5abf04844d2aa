/** How far a picture is moved, in pixels: to the right and down. */
export type Shift = readonly [x: number, y: number];

/** The nine shifts by -d, 0 and d pixels in both directions; of d = 0 only the one that moves nothing. */
export function shiftsBy(distance: number): readonly Shift[] {
  const steps = distance === 0 ? [0] : [-distance, 0, distance];
  return steps.flatMap((y) => steps.map((x) => [x, y] as const));
}

/** Planes of side x side values, each moved. What leaves at an edge is lost; what enters at the other repeats the edge. */
export function shiftPlanes<Values extends Float32Array | Uint8Array>(
  values: Values,
  side: number,
  [x, y]: Shift,
): Values {
  const inside = (at: number) => Math.min(side - 1, Math.max(0, at));
  const moved = values.slice() as Values;
  for (let start = 0; start < values.length; start += side * side)
    for (let row = 0; row < side; row++) {
      const from = start + inside(row - y) * side;
      for (let column = 0; column < side; column++)
        moved[start + row * side + column] = values[from + inside(column - x)];
    }
  return moved;
}
