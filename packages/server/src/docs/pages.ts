/** The pages of the reference. Plain HTML; the text of the contract is escaped, whatever it says. */
import { type ProblemCode, problems, type Route } from '@reeve/contract';
import { routes } from '@reeve/contract/native';

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

const page = (title: string, head: string, body: string): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<link rel="icon" href="/docs/assets/favicon-32x32.png">
${head}
</head>
<body>
${body}
</body>
</html>
`;

export const referencePage = page(
  'Reeve: reference',
  '<link rel="stylesheet" href="/docs/assets/swagger-ui.css">',
  `<main id="reference"><noscript>This page needs scripts; the document itself is at
<a href="/api/v1/openapi.json">/api/v1/openapi.json</a>.</noscript></main>
<script src="/docs/assets/swagger-ui-bundle.js"></script>
<script src="/docs/assets/reference.js"></script>`,
);

export const referenceScript = (document: string): string =>
  `SwaggerUIBundle({ url: ${JSON.stringify(document)}, dom_id: '#reference', deepLinking: true, validatorUrl: null });\n`;

export const styleSheet = `:root { color-scheme: light dark; font-family: system-ui, sans-serif; line-height: 1.5; }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
section { border-top: 1px solid #8886; padding: .5rem 0; }
h2 { font-size: 1.1rem; margin: .5rem 0 0; }
p { margin: .25rem 0; }
code { font-family: ui-monospace, monospace; font-size: .95em; }
.routes { font-size: .9rem; }
`;

/** Every problem code with its status, its title, and who answers with it. Anchors are the codes: problem types link here. */
export function problemsPage(codesOf: (route: Route) => readonly ProblemCode[]): string {
  const sections = (Object.keys(problems) as ProblemCode[]).map((code) => {
    const [status, title] = problems[code];
    const answering = routes.filter(({ route }) => codesOf(route).includes(code)).map(({ id }) => id);
    const text =
      answering.length === routes.length
        ? 'any operation'
        : answering.length === 0
          ? 'no operation by itself'
          : answering.map((id) => `<code>${escaped(id)}</code>`).join(', ');
    return `<section id="${code}"><h2><code>${code}</code> (${status})</h2><p>${escaped(title)}.</p><p class="routes">Answered by: ${text}</p></section>`;
  });
  return page(
    'Reeve: problems',
    '<link rel="stylesheet" href="/docs/assets/docs.css">',
    `<h1>Problems</h1>
<p>Every error is an <a href="https://www.rfc-editor.org/rfc/rfc9457">RFC 9457</a> problem document; <code>code</code> is the stable thing to test for.</p>
${sections.join('\n')}`,
  );
}
