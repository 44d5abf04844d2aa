/**
 * Workgroups numbered y * columns + x, over two grid dimensions where one is too short. The last numbers may be past
 * `count`: shaders check.
 */
export function foldGrid(count: number, maxGrid: number): [columns: number, rows: number] {
  const rows = Math.ceil(count / maxGrid);
  return [Math.ceil(count / rows), rows];
}
