import { readFileSync } from 'node:fs';
import { type Tensor, tensor } from '../../src/graph/index.ts';
import { decodeSafetensors } from '../../src/store/index.ts';

const fixtures = new URL('../fixtures/oracle/', import.meta.url);

export const readFixtureJson = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(name, fixtures), 'utf8'));

/** The tensors of a fixture, or of a file in another folder, by name: floats as f32, integers as i32. */
export function readFixtureTensors(name: string, folder = fixtures): Map<string, Tensor> {
  const { tensors } = decodeSafetensors(readFileSync(new URL(name, folder)), name);
  return new Map(
    Object.entries(tensors).map(([key, { dtype, shape, data }]) => {
      const values = dtype.startsWith('F')
        ? Float32Array.from(data as Float32Array)
        : Int32Array.from(data as Int32Array);
      return [key, tensor(values, shape)];
    }),
  );
}
