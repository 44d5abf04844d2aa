/**
 * Two families of defects. `stain`: something lies on the surface and changes its colour. `break`: the surface itself is
 * scratched, cracked, missing, or out of register. Coordinates are those of the image, 0 to 1 along each side.
 */
import type { Random } from '../../random.ts';
import { clamp01, fractalNoise, mix, smoothstep, valueNoise } from './noise.ts';
import { between, noiseSeed, oneOf, type Rgb, type Surface } from './surface.ts';

/** The colour of the flawless product at a place in the image. */
export type ColourAt = (u: number, v: number, out: Rgb) => void;

export interface Defect {
  /** How much the defect covers a point: 0 (not at all, so the point keeps its colour) to 1. */
  coverage(u: number, v: number): number;
  /** Turns the flawless colour in `out` into that under coverage `c` > 0. */
  apply(u: number, v: number, c: number, out: Rgb): void;
}

/** The flawless image that a defect is drawn on. */
export interface Piece {
  readonly surface: Surface;
  readonly colourAt: ColourAt;
  /** The image, three numbers from 0 to 1 per pixel. */
  readonly pixels: Float32Array;
}

/** Draws one defect of a kind on this piece. */
type DefectMaker = (random: Random, piece: Piece) => Defect;

export const breakKinds = ['scratch', 'crack', 'missing', 'shifted', 'rotated'] as const;
export type BreakKind = (typeof breakKinds)[number];

const blend = (out: Rgb, to: Rgb, t: number): void => {
  for (let c = 0; c < 3; c++) out[c] = mix(out[c], to[c], t);
};

/**
 * One of the colours that differ from nearly all of the image: dirt on a black cloth is no visible defect. If none does, the
 * one that differs from most of it.
 */
const standingOut = (random: Random, colours: readonly Rgb[], pixels: Float32Array): Rgb => {
  const stride = 3 * Math.ceil(pixels.length / 3 / 150);
  const shares = colours.map((colour) => {
    let far = 0;
    let seen = 0;
    for (let i = 0; i + 2 < pixels.length; i += stride, seen++) {
      const d = Math.hypot(pixels[i] - colour[0], pixels[i + 1] - colour[1], pixels[i + 2] - colour[2]);
      if (d >= 0.35) far++;
    }
    return far / seen;
  });
  const enough = Math.min(0.85, Math.max(...shares));
  return oneOf(
    random,
    colours.filter((_, k) => shares[k] >= enough),
  );
};

const stain: DefectMaker = (random, { pixels }) => {
  const seed = noiseSeed(random);
  const lobes = Array.from({ length: 1 + random.int(3) }, () => ({ u: 0, v: 0, radius: 0 }));
  const centre = { u: between(random, 0.22, 0.78), v: between(random, 0.22, 0.78) };
  for (const [k, lobe] of lobes.entries()) {
    const reach = k === 0 ? 0 : 0.14;
    lobe.u = centre.u + between(random, -reach, reach);
    lobe.v = centre.v + between(random, -reach, reach);
    lobe.radius = between(random, 0.08, 0.15) * (k === 0 ? 1 : 0.7);
  }
  const softness = between(random, 0.15, 0.5);
  const opacity = between(random, 0.6, 0.95);
  const ring = random.int(2) === 0 ? 0.35 : 0;
  const looks: readonly Rgb[] = [
    [0.1, 0.08, 0.07], // oil, ink
    [0.36, 0.2, 0.09], // rust, coffee
    [0.96, 0.96, 0.93], // paint, bleach
    [0.93, 0.87, 0.62], // glue
    [0.16, 0.28, 0.62],
    [0.75, 0.13, 0.13],
    [0.13, 0.48, 0.26],
  ];
  const colour = standingOut(random, looks, pixels);
  return {
    coverage: (u, v) => {
      let field = 0;
      for (const lobe of lobes) {
        const d = Math.hypot(u - lobe.u, v - lobe.v) / lobe.radius;
        field = Math.max(field, 1.6 - d);
      }
      if (field === 0) return 0;
      const ragged = field + 0.9 * (fractalNoise(u * 9, v * 9, seed, 3) - 0.5);
      return opacity * smoothstep(0.6, 0.6 + softness, ragged);
    },
    apply: (u, v, c, out) => {
      const edge = 1 - 2 * Math.abs(c / opacity - 0.5);
      blend(out, colour, clamp01(c * (0.85 + 0.3 * valueNoise(u * 14, v * 14, seed + 1)) + ring * edge * c));
    },
  };
};

interface Segment {
  readonly u: number;
  readonly v: number;
  readonly du: number;
  readonly dv: number;
  /** Half width. */
  readonly half: number;
}

/** Coverage by a chain of segments: 1 within the half width of the nearest, falling to 0 at 1.6 times that. */
const strokeCoverage = (segments: readonly Segment[]): Defect['coverage'] => {
  const margin = 1.6 * Math.max(...segments.map((s) => s.half));
  const us = segments.flatMap((s) => [s.u, s.u + s.du]);
  const vs = segments.flatMap((s) => [s.v, s.v + s.dv]);
  const [left, right] = [Math.min(...us) - margin, Math.max(...us) + margin];
  const [top, bottom] = [Math.min(...vs) - margin, Math.max(...vs) + margin];
  return (u, v) => {
    if (u < left || u > right || v < top || v > bottom) return 0;
    let covered = 0;
    for (const s of segments) {
      const t = clamp01(((u - s.u) * s.du + (v - s.v) * s.dv) / (s.du * s.du + s.dv * s.dv));
      const d = Math.hypot(u - s.u - t * s.du, v - s.v - t * s.dv);
      if (d < 1.6 * s.half) covered = Math.max(covered, 1 - smoothstep(s.half, 1.6 * s.half, d));
    }
    return covered;
  };
};

/** A slightly bent stroke of even width that lays lighter or darker material bare. */
const scratch: DefectMaker = (random, { pixels }) => {
  const angle = between(random, 0, Math.PI);
  const length = between(random, 0.4, 0.75);
  const bend = between(random, -0.15, 0.15);
  const half = between(random, 0.016, 0.026);
  const start = {
    u: between(random, 0.35, 0.65) - (Math.cos(angle) * length) / 2,
    v: between(random, 0.35, 0.65) - (Math.sin(angle) * length) / 2,
  };
  const steps = 8;
  const pointAt = (t: number) => {
    const along = t * length;
    const aside = bend * 4 * t * (1 - t) * length;
    return {
      u: start.u + Math.cos(angle) * along - Math.sin(angle) * aside,
      v: start.v + Math.sin(angle) * along + Math.cos(angle) * aside,
    };
  };
  const segments = Array.from({ length: steps }, (_, k) => {
    const a = pointAt(k / steps);
    const b = pointAt((k + 1) / steps);
    return {
      u: a.u,
      v: a.v,
      du: b.u - a.u,
      dv: b.v - a.v,
      half: half * (0.7 + 0.3 * Math.sin((Math.PI * (k + 0.5)) / steps)),
    };
  });
  const bared = standingOut(
    random,
    [
      [0.95, 0.94, 0.92],
      [0.12, 0.11, 0.11],
    ],
    pixels,
  );
  return {
    coverage: strokeCoverage(segments),
    apply: (_u, _v, c, out) => blend(out, bared, 0.85 * c),
  };
};

/** A jagged dark line that wanders, thins out, and may fork. */
const crack: DefectMaker = (random) => {
  const segments: Segment[] = [];
  const grow = (u: number, v: number, heading: number, steps: number, half: number, forks: number): void => {
    const forkAt = forks > 0 ? 2 + random.int(Math.max(1, steps - 3)) : -1;
    for (let k = 0; k < steps; k++) {
      const turn = heading + between(random, -0.75, 0.75);
      const length = between(random, 0.05, 0.09);
      const segment = {
        u,
        v,
        du: Math.cos(turn) * length,
        dv: Math.sin(turn) * length,
        half: half * (1 - (0.55 * k) / steps),
      };
      segments.push(segment);
      u += segment.du;
      v += segment.dv;
      if (k === forkAt)
        grow(u, v, heading + between(random, 0.6, 1.1) * (random.int(2) * 2 - 1), 4, half * 0.7, 0);
    }
  };
  const heading = between(random, 0, 2 * Math.PI);
  const back = between(random, 0.2, 0.32);
  grow(
    between(random, 0.42, 0.58) - Math.cos(heading) * back,
    between(random, 0.42, 0.58) - Math.sin(heading) * back,
    heading,
    6 + random.int(4),
    between(random, 0.018, 0.026),
    random.int(3) === 0 ? 0 : 1,
  );
  const depth: Rgb = [0.06, 0.055, 0.05];
  return {
    coverage: strokeCoverage(segments),
    apply: (_u, _v, c, out) => blend(out, depth, 0.88 * c),
  };
};

/** A ragged patch of the surface, inside which `inside` gives the colour; a dark seam follows its edge. */
const patch = (
  random: Random,
  inside: (u: number, v: number, centre: { u: number; v: number }, out: Rgb) => void,
): Defect => {
  const seed = noiseSeed(random);
  const centre = { u: between(random, 0.25, 0.75), v: between(random, 0.25, 0.75) };
  const radius = { u: between(random, 0.13, 0.22), v: between(random, 0.13, 0.22) };
  const angle = between(random, 0, Math.PI);
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  /** Between a circle (2) and a box (large). */
  const power = between(random, 2.5, 6);
  const colour: Rgb = [0, 0, 0];
  return {
    coverage: (u, v) => {
      const a = Math.abs(((u - centre.u) * cos + (v - centre.v) * sin) / radius.u);
      const b = Math.abs(((v - centre.v) * cos - (u - centre.u) * sin) / radius.v);
      if (a > 1.25 || b > 1.25) return 0;
      const ragged =
        (a ** power + b ** power) ** (1 / power) + 0.3 * (valueNoise(u * 11, v * 11, seed) - 0.5);
      return 1 - smoothstep(0.93, 1, ragged);
    },
    apply: (u, v, c, out) => {
      inside(u, v, centre, colour);
      const seam = 1 - smoothstep(0.35, 1, Math.abs(2 * c - 1));
      blend(out, colour, c);
      for (let k = 0; k < 3; k++) out[k] *= 1 - 0.4 * seam;
    },
  };
};

/** A patch where the texture is gone and its ground shows. */
const missing: DefectMaker = (random, { surface }) => {
  const seed = noiseSeed(random);
  const light = between(random, 0.85, 1.1);
  return patch(random, (u, v, _centre, out) => {
    const shade = light * (0.93 + 0.14 * valueNoise(u * 9, v * 9, seed));
    for (let c = 0; c < 3; c++) out[c] = surface.bare[c] * shade;
  });
};

/** A patch that sits about half a period off. */
const shifted: DefectMaker = (random, { surface, colourAt }) => {
  const side = () => surface.pitch * between(random, 0.38, 0.62) * (random.int(2) * 2 - 1);
  const [du, dv] = [side(), side()];
  return patch(random, (u, v, _centre, out) => colourAt(u + du, v + dv, out));
};

/** A patch that was turned in place. */
const rotated: DefectMaker = (random, { colourAt }) => {
  const angle = between(random, 0.6, 1.1) * (random.int(2) * 2 - 1);
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  return patch(random, (u, v, centre, out) => {
    const [x, y] = [u - centre.u, v - centre.v];
    colourAt(centre.u + x * cos - y * sin, centre.v + x * sin + y * cos, out);
  });
};

/** A rule for every kind. */
export const defectMakers: Readonly<Record<'stain' | BreakKind, DefectMaker>> = {
  stain,
  scratch,
  crack,
  missing,
  shifted,
  rotated,
};
