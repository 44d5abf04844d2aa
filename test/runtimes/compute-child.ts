/** Computes on a software adapter and prints all values as JSON: what another runtime than this one gives. */
import { compute } from '../browser/computation.ts';

console.log(JSON.stringify(await compute('software')));
