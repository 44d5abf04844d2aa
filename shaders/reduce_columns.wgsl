// Reduction with one invocation per kept position (or per four of them) and part of a long reduced dimension: nested loops
// over the reduced dimensions, in order. Serves where the innermost dimension is kept or short. What is reduced is generated.
// Grid: x and y = kept positions, z = parts.
//{aliases}
override WORKGROUP: u32 = 8;
//{struct}
@group(0) @binding(0) var<uniform> dims: Dims;
//{inputs}
//{outputs}

//{functions}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_id) lane: vec3u) {
  let place = (group.y * groups.x + group.x) * WORKGROUP + lane.x;
  if (place >= dims.kept) { return; }
  //{body}
}
