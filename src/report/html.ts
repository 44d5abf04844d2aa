/** Pages are trees of elements, made of literals that look like HTML. Whatever is put into them is escaped. */
export { html } from 'htm/preact';
export type { ComponentChildren as Content } from 'preact';
