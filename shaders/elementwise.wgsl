// A chain of elementwise work over a loop nest of `rows` x `inner` points (vectors of four where the layout allows it).
// Every workgroup takes `chunk` points of one row, or `rows_each` short rows one after another. What is read, and the chain
// itself, are generated.
// Grid: x = chunks of a row, y and z = groups of rows.
//{aliases}
override WORKGROUP: u32 = 8;
//{struct}
@group(0) @binding(0) var<uniform> dims: Dims;
//{inputs}
//{outputs}

//{functions}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_id) lane: vec3u) {
  let first = group.x * dims.chunk;
  let end = min(dims.inner, first + dims.chunk);
  let first_row = (group.z * groups.y + group.y) * dims.rows_each;
  let end_row = min(dims.rows, first_row + dims.rows_each);
  for (var row = first_row; row < end_row; row++) {
    //{row}
    for (var i = first + lane.x; i < end; i += WORKGROUP) {
      //{point}
    }
  }
}
