// A small template language: {{name}} escaped, {{{name}}} as it is, {{#list}} ... {{/list}} once per element.
const entities = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
const escapeHtml = (value) => String(value).replace(/[&<>"']/g, (c) => entities[c]);
const token = /\{\{\{(\w+)\}\}\}|\{\{#(\w+)\}\}\n?|\{\{\/(\w+)\}\}\n?|\{\{(\w+)\}\}/g;

/**
 * Parses a template once; the function it gives fills it in.
 * @param {string} source
 * @returns {(data: Record<string, any>) => string}
 */
export function compile(source) {
  const stack = [{ name: "", parts: [] }];
  let end = 0;
  for (const match of source.matchAll(token)) {
    const [text, raw, open, close, escaped] = match;
    const parts = stack.at(-1).parts;
    if (match.index > end) {
      const literal = source.slice(end, match.index);
      parts.push(() => literal);
    }
    end = match.index + text.length;
    if (raw) parts.push((data) => String(data[raw]));
    else if (escaped) parts.push((data) => escapeHtml(data[escaped]));
    else if (open) stack.push({ name: open, parts: [] });
    else {
      const section = stack.pop();
      if (!section || section.name !== close) throw new SyntaxError(`{{/${close}}} closes nothing`);
      const body = join(section.parts);
      stack.at(-1).parts.push((data) => data[close].map(body).join(""));
    }
  }
  if (stack.length > 1) throw new SyntaxError(`{{#${stack.at(-1).name}}} is not closed`);
  const tail = source.slice(end);
  stack[0].parts.push(() => tail);
  return join(stack[0].parts);
}

const join = (parts) => (data) => parts.map((part) => part(data)).join("");
