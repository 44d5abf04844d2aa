// Reduction whose innermost loop is reduced: one workgroup sums (or takes the maximum of) `outer` x `inner` points for one
// kept position, or a part of `outer` where the work is split. Lanes stride through `inner`
// block by block; their results meet in workgroup memory in a fixed order. What is reduced is generated; several values may be reduced in one pass.
// Grid: x and y = kept positions, z = parts.
//{aliases}
override WORKGROUP: u32 = 8;
//{struct}
@group(0) @binding(0) var<uniform> dims: Dims;
//{inputs}
//{outputs}
//{shared}

//{functions}

//{fold}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_id) lane: vec3u) {
  let kept = group.y * groups.x + group.x;
  if (kept >= dims.kept) { return; }
  //{start}
  let first = group.z * dims.part;
  let end = min(dims.outer, first + dims.part);
  for (var q = first; q < end; q++) {
    //{row}
    for (var first_i = 0u; first_i < dims.inner; first_i += dims.block) {
      //{open}
      let end_i = min(dims.inner, first_i + dims.block);
      for (var i = first_i + lane.x; i < end_i; i += WORKGROUP) {
        //{point}
      }
      //{close}
    }
  }
  let place = group.z * dims.kept + kept;
  //{finish}
}
