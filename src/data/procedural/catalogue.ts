import type { BreakKind } from './defects.ts';
import { brushedMetal, concrete, leather, terrazzo, wood } from './irregular.ts';
import { diamondPlate, hexMesh, knit, perforatedSheet, stripes, tiles, wovenFabric } from './regular.ts';
import type { SurfaceMaker } from './surface.ts';

interface Texture {
  readonly make: SurfaceMaker;
  /** The ways to break that a person can see on it: a shift, say, does not show on concrete. */
  readonly breaks: readonly BreakKind[];
}

export const catalogue = {
  brushed_metal: { make: brushedMetal, breaks: ['scratch', 'crack', 'rotated'] },
  woven_fabric: { make: wovenFabric, breaks: ['missing', 'scratch', 'rotated'] },
  wood: { make: wood, breaks: ['scratch', 'crack', 'rotated'] },
  concrete: { make: concrete, breaks: ['scratch', 'crack'] },
  tiles: { make: tiles, breaks: ['crack', 'missing', 'shifted'] },
  perforated_sheet: { make: perforatedSheet, breaks: ['missing', 'shifted', 'scratch'] },
  knit: { make: knit, breaks: ['missing', 'rotated', 'scratch'] },
  hex_mesh: { make: hexMesh, breaks: ['missing', 'rotated', 'shifted'] },
  leather: { make: leather, breaks: ['scratch', 'missing'] },
  stripes: { make: stripes, breaks: ['shifted', 'rotated', 'scratch'] },
  terrazzo: { make: terrazzo, breaks: ['scratch', 'crack', 'missing'] },
  diamond_plate: { make: diamondPlate, breaks: ['missing', 'scratch', 'rotated'] },
} as const satisfies Readonly<Record<string, Texture>>;

export type TextureName = keyof typeof catalogue;
/** Every texture that can be drawn. */
export const textures = Object.keys(catalogue) as readonly TextureName[];

/** Every family of defects. */
export const defectFamilies = ['stain', 'break'] as const;
export type DefectFamily = (typeof defectFamilies)[number];
