// The matrix product inside the kernels for GPUs. Template, see `expand`: the shader of a problem goes before it and says what
// is multiplied.
//
//   y[place(b,n) + m*row] = sum over k in terms(b) of left(b,m,k) * right(b,k,n)    for b < batches, m < M, n < N
//
// The problem declares `dims`, beginning with batches, m, n, k (the number of terms) and row (elements of y from one m to the
// next), and `y`; and it cuts the search for an operand's address in two, so that what a loop repeats is little: `row(b,m)` and
// `column(b,n)` are made once, `term(b,k,last)` once per k, and `left(row, term)`, `right(term, column)` read. What they read counts as
// zero, whatever it is, unless `term.inside`, and on the right unless `meets(term, column)`.
//
// A workgroup computes TILE_M x TILE_N entries, TILE_K terms at a time. All invocations copy TILE_M x TILE_K and
// TILE_K x TILE_N operands to workgroup memory, fetched while the tiles before were multiplied: nothing may be done with what was
// fetched before that multiplication, not even a selection, or it waits.
// A slot is a vector of four: slot s of a tile holds rows (or columns) s, s + SLOTS, s + 2*SLOTS, s + 3*SLOTS, so that
// neighbouring invocations read and write neighbouring numbers of memory. A line of slots has one more than it needs, for the banks.
// An invocation multiplies ROWS slots of rows by COLUMNS slots of columns: 4*ROWS x 4*COLUMNS sums in registers.
// Rows and columns past the last repeat it: they are computed and not stored.
// Grid: x and y = ceil(M/TILE_M) * ceil(N/TILE_N) * batches folded; rows first, so that neighbours share columns.
// Constants: TILE_M, TILE_N, TILE_K, ROWS, COLUMNS; LEFT_ALONG_K, RIGHT_ALONG_K: 1 where neighbouring k are neighbours in
// memory, 0 where neighbouring rows or columns are.
#let SLOTS_A = TILE_M/4
#let SLOTS_B = TILE_N/4
#let DOWN = SLOTS_A/ROWS
#let ACROSS = SLOTS_B/COLUMNS
#let THREADS = DOWN*ACROSS
#let LOADS_A = TILE_K*SLOTS_A/THREADS
#let LOADS_B = TILE_K*SLOTS_B/THREADS
#let LINE_A = SLOTS_A+1
#let LINE_B = SLOTS_B+1

var<workgroup> tile_a: array<vec4f, $(TILE_K*LINE_A)>;
var<workgroup> tile_b: array<vec4f, $(TILE_K*LINE_B)>;

@compute @workgroup_size($(THREADS))
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) thread: u32) {
  let tiles = vec2u((dims.m + TILE_M - 1) / TILE_M, (dims.n + TILE_N - 1) / TILE_N);
  let number = group.y * groups.x + group.x;
  let batch = number / (tiles.x * tiles.y);
  if (batch >= dims.batches) { return; }
  let top = number % tiles.x * TILE_M;
  let left_edge = number / tiles.x % tiles.y * TILE_N;
  let range = terms(batch);

  // What this invocation copies: slot_a_i of term k_a_i of the left operand, and so on.
  #for i in 0..LOADS_A
  #if LEFT_ALONG_K
  let k_a_$i = thread % TILE_K;
  let slot_a_$i = thread / TILE_K + $(i*(THREADS/TILE_K));
  #end
  #if 1-LEFT_ALONG_K
  let k_a_$i = thread / $(SLOTS_A) + $(i*(THREADS/SLOTS_A));
  let slot_a_$i = thread % $(SLOTS_A);
  #end
  #for j in 0..4
  let row_$i_$j = row(batch, min(top + slot_a_$i + $(j*SLOTS_A), dims.m - 1));
  #end
  var next_a_$i = vec4f();
  var inside_a_$i = false;
  #end
  #for i in 0..LOADS_B
  #if RIGHT_ALONG_K
  let k_b_$i = thread % TILE_K;
  let slot_b_$i = thread / TILE_K + $(i*(THREADS/TILE_K));
  #end
  #if 1-RIGHT_ALONG_K
  let k_b_$i = thread / $(SLOTS_B) + $(i*(THREADS/SLOTS_B));
  let slot_b_$i = thread % $(SLOTS_B);
  #end
  #for j in 0..4
  let column_$i_$j = column(batch, min(left_edge + slot_b_$i + $(j*SLOTS_B), dims.n - 1));
  #end
  var next_b_$i = vec4f();
  var inside_b_$i = vec4<bool>();
  #end

  let down = thread / $(ACROSS);
  let across = thread % $(ACROSS);
  #for r in 0..ROWS
  #for c in 0..COLUMNS
  #for i in 0..4
  var sum_$r_$i_$c = vec4f();
  #end
  #end
  #end
  // The loop is entered with its first tiles fetched, so what fetches is written twice. All is in one block: compilers then let
  // loads and multiplications overlap. What is fetched the last time goes nowhere.
  #for again in 0..2
  #if 1-again
  let next_0 = range.x;
  #end
  #if again
  for (var k = range.x; k < range.y; k += TILE_K) {
    workgroupBarrier();
    #for i in 0..LOADS_A
    tile_a[k_a_$i * $(LINE_A) + slot_a_$i] = select(vec4f(), next_a_$i, inside_a_$i);
    #end
    #for i in 0..LOADS_B
    tile_b[k_b_$i * $(LINE_B) + slot_b_$i] = select(vec4f(), next_b_$i, inside_b_$i);
    #end
    workgroupBarrier();
    let next_1 = k + TILE_K;
  #end
    #for i in 0..LOADS_A
    let term_a_$i_$again = term(batch, next_$again + k_a_$i, range.y);
    next_a_$i = vec4f(left(row_$i_0, term_a_$i_$again), left(row_$i_1, term_a_$i_$again),
      left(row_$i_2, term_a_$i_$again), left(row_$i_3, term_a_$i_$again));
    inside_a_$i = term_a_$i_$again.inside;
    #end
    #for i in 0..LOADS_B
    let term_b_$i_$again = term(batch, next_$again + k_b_$i, range.y);
    next_b_$i = vec4f(right(term_b_$i_$again, column_$i_0), right(term_b_$i_$again, column_$i_1),
      right(term_b_$i_$again, column_$i_2), right(term_b_$i_$again, column_$i_3));
    inside_b_$i = vec4<bool>(meets(term_b_$i_$again, column_$i_0), meets(term_b_$i_$again, column_$i_1),
      meets(term_b_$i_$again, column_$i_2), meets(term_b_$i_$again, column_$i_3));
    #end
  #end

    #for t in 0..TILE_K
    #for r in 0..ROWS
    let a_$t_$r = tile_a[$(t*LINE_A+r*DOWN) + down];
    #end
    #for c in 0..COLUMNS
    let b_$t_$c = tile_b[$(t*LINE_B+c*ACROSS) + across];
    #end
    #for r in 0..ROWS
    #for i in 0..4
    #for c in 0..COLUMNS
    sum_$r_$i_$c = fma(vec4f(a_$t_$r[$i]), b_$t_$c, sum_$r_$i_$c);
    #end
    #end
    #end
    #end
  }

  let rows = dims.m;
  let line = dims.row;
  #for c in 0..COLUMNS
  #for j in 0..4
  let n_$c_$j = left_edge + $(c*ACROSS+j*SLOTS_B) + across;
  let place_$c_$j = place(batch, n_$c_$j);
  if (n_$c_$j < dims.n && place_$c_$j.inside) {
    #for r in 0..ROWS
    #for i in 0..4
    let m_$r_$i = top + $(r*DOWN+i*SLOTS_A) + down;
    if (m_$r_$i < rows) { y[place_$c_$j.at + m_$r_$i * line] = sum_$r_$i_$c[$j]; }
    #end
    #end
  }
  #end
  #end
}
