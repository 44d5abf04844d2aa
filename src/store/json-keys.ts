/**
 * The first key that some object in a JSON text holds twice, or undefined. `JSON.parse` keeps the last of them and says
 * nothing, which would hide a damaged or forged header.
 * @param text valid JSON
 */
export const duplicateKey = (text: string): string | undefined => {
  // One set of keys per open object, null per open array.
  const open: (Set<string> | null)[] = [];
  const tokens = /"(?:[^"\\]|\\.)*"(\s*:)?|[{}[\]]/g;
  for (const match of text.matchAll(tokens)) {
    const token = match[0];
    if (token === '{') open.push(new Set());
    else if (token === '[') open.push(null);
    else if (token === '}' || token === ']') open.pop();
    else if (match[1] !== undefined) {
      const key = JSON.parse(token.slice(0, token.length - match[1].length)) as string;
      const keys = open.at(-1);
      if (keys?.has(key)) return key;
      keys?.add(key);
    }
  }
  return undefined;
};
