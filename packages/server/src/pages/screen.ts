/** The frame of every hosted page: one style sheet, no script, a policy that allows nothing else. */
import { createHash } from 'node:crypto';
import { type Html, html, Html as Markup } from '../html.ts';

/** What a page answers. */
export interface Screen {
  readonly status: number;
  readonly title: string;
  readonly body: Html;
  /** Where the browser is sent instead; the page is what it shows if it does not go. */
  readonly location?: string;
  /** An origin beside this one that the page's form may lead to in the end. */
  readonly formTarget?: string;
}

const STYLE = `:root{color-scheme:light dark;--ground:#f4f5f7;--card:#fff;--text:#1b1f24;--quiet:#57606a;--line:#8c959f;--accent:#1f5fbf;--on-accent:#fff;--bad:#b3261e;--good:#1a7f37}
@media (prefers-color-scheme:dark){:root{--ground:#101418;--card:#1a1f25;--text:#e6eaef;--quiet:#a3adb8;--line:#6b7681;--accent:#7fb0ff;--on-accent:#0b1a33;--bad:#ff8a80;--good:#6fd08c}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;min-height:100vh;background:var(--ground);color:var(--text);font:1rem/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;display:flex;justify-content:center;align-items:flex-start;padding:clamp(1rem,8vh,5rem) 1rem}
main{width:100%;max-width:28rem;background:var(--card);border:1px solid color-mix(in srgb,var(--line) 40%,transparent);border-radius:.75rem;padding:clamp(1.25rem,5vw,2rem)}
h1{font-size:1.5rem;line-height:1.25;margin:0 0 .75rem}
h2{font-size:1.0625rem;margin:0 0 .25rem}
p,ul{margin:0 0 1rem;overflow-wrap:anywhere}
ul{padding-left:1.25rem}
.summary{border:2px solid var(--bad);border-radius:.5rem;padding:.75rem 1rem;margin:0 0 1.25rem}
.summary ul{margin:0}
.summary a,.wrong{color:var(--bad)}
.wrong{font-weight:600;margin:0 0 .25rem}
.field{margin:0 0 1.25rem}
label{display:block;font-weight:600;margin:0 0 .25rem}
.hint{color:var(--quiet);font-size:.9375rem;margin:0 0 .375rem}
ul.hint{padding-left:1.125rem}
input{width:100%;font:inherit;color:inherit;background:transparent;border:1px solid var(--line);border-radius:.375rem;padding:.625rem .75rem;min-height:2.75rem}
input[readonly]{border-style:dashed;color:var(--quiet)}
input[aria-invalid]{border:2px solid var(--bad)}
button{width:100%;font:inherit;font-weight:600;color:var(--on-accent);background:var(--accent);border:1px solid transparent;border-radius:.375rem;padding:.625rem 1rem;min-height:2.75rem;cursor:pointer}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
.mark{font-weight:600;color:var(--good);margin:0 0 .25rem}
.quiet{color:var(--quiet);font-size:.9375rem}
form+p,p:last-child{margin-bottom:0}
`;

const STYLE_DIGEST = createHash('sha256').update(STYLE).digest('base64');

/**
 * Nothing but this style sheet may be loaded, and the form may go nowhere else. Browsers hold redirects after a form to
 * it, too: where the form ends at another origin, that one is allowed.
 */
export const contentSecurityPolicy = (formTarget?: string): string =>
  [
    `default-src 'none'`,
    `style-src 'sha256-${STYLE_DIGEST}'`,
    `form-action 'self'${formTarget === undefined ? '' : ` ${new URL(formTarget).origin}`}`,
    `frame-ancestors 'none'`,
    `base-uri 'none'`,
  ].join('; ');

export const documentOf = ({ title, body }: Screen): string =>
  html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${title}</title>
<style>${new Markup(STYLE)}</style>
</head>
<body>
<main>
${body}
</main>
</body>
</html>
`.text;

/** It is done; there is nothing left to do here. */
export const doneScreen = (title: string, text: string): Screen => ({
  status: 200,
  title,
  body: html`<p class="mark">Done</p>
<h1>${title}</h1>
<p>${text}</p>
<p class="quiet">You can close this page.</p>`,
});

/** The person goes on elsewhere. 303: the form is not sent again. */
export const awayScreen = (location: string, status: 302 | 303 = 303): Screen => ({
  status,
  title: 'Going on',
  body: html`<h1>Going on</h1>
<p>It is done; your browser goes on by itself.</p>`,
  location,
});

/** It can't be done. */
export const refusalScreen = (status: number, title: string, text: string, requestId?: string): Screen => ({
  status,
  title,
  body: html`<h1>${title}</h1>
<p>${text}</p>
${requestId === undefined ? undefined : html`<p class="quiet">Request ${requestId}</p>`}`,
});
