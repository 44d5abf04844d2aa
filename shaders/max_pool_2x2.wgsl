// Max pooling by 2x2 windows that do not overlap, and where it found the maximum (code = 2 * row + column of the first greatest, or
// of the last NaN), two windows (four columns) at a time: rows are whole vectors of four. Template: see `expand`;
// x is computed while it is read, by the lines put for //{...}.
// x [planes,H,W], y and code [planes,OH,OW], W = 2 OW a multiple of 4; a last odd row is left out.
// Grid: one workgroup per EACH planes, a tile of TX x TY quads at a time. Loads of four: what counts on processors.
// Constants: TX, TY, EACH, INPUTS: bindings of x, VALUES and CODES (1 for what is written, else 0).
//{declarations}
@group(0) @binding(0) var<uniform> dims: Dims;
//{inputs}
#if VALUES
@group(0) @binding($(1+INPUTS)) var<storage, read_write> y: array<vec2f>;
#end
#if CODES
@group(0) @binding($(1+INPUTS+VALUES)) var<storage, read_write> code: array<vec2i>;
#end

// Where b takes the place of a: the greater of two wins, and NaN does, told by its bits: compilers may take it that no number
// differs from itself.
fn wins(b: vec2f, a: vec2f) -> vec2<bool> {
  return (b > a) | ((bitcast<vec2u>(b) & vec2u(0x7fffffff)) > vec2u(0x7f800000));
}

@compute @workgroup_size(TX, TY)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_id) lane: vec3u) {
  let start = (group.y * groups.x + group.x) * EACH;
  let quads = dims.w / 4;
  for (var plane = start; plane < min(start + EACH, dims.planes); plane++) {
    let n = plane / dims.channels;
    let c = plane % dims.channels;
    //{plane}
    let pooled = plane * dims.oh * quads;
    for (var i = lane.y; i < dims.oh; i += TY) {
      for (var j = lane.x; j < quads; j += TX) {
        let top = 2 * i * quads + j;
        var a: F;
        //{read_top}
        var b: F;
        //{read_bottom}
        // In the order of the codes, so that of equal elements the first one is kept.
        var best = a.xz;
        var chosen = vec2i(0);
        chosen = select(chosen, vec2i(1), wins(a.yw, best));
        best = select(best, a.yw, wins(a.yw, best));
        chosen = select(chosen, vec2i(2), wins(b.xz, best));
        best = select(best, b.xz, wins(b.xz, best));
        chosen = select(chosen, vec2i(3), wins(b.yw, best));
        best = select(best, b.yw, wins(b.yw, best));
        let at = pooled + i * quads + j;
        #if VALUES
        y[at] = best;
        #end
        #if CODES
        code[at] = chosen;
        #end
      }
    }
  }
}
