/** Replaces every `//{name}` line of a shader template. */
export function fillTemplate(template: string, parts: Readonly<Record<string, string>>): string {
  return template.replace(/^([ \t]*)\/\/\{(\w+)\}$/gm, (_, indent: string, name: string) => {
    const text = parts[name];
    if (text === undefined) throw new Error(`shader template: nothing given for //{${name}}`);
    return text
      .split('\n')
      .map((line) => indent + line)
      .join('\n');
  });
}
