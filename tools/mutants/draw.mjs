// Which small changes a C file allows, and which of all of them are taken: the same for the same seed and the same sources.
// A change is {file, at, from, to, line, kind}: the text `from` at offset `at` becomes `to`. Only bodies of functions are
// changed, never a comment, a text or a line of the preprocessor.

const relation = { '<': '<=', '<=': '<', '>': '>=', '>=': '>', '==': '!=', '!=': '==' };
const arithmetic = { '+': '-', '-': '+', '*': '/', '/': '*', '%': '*', '&': '|', '|': '&', '^': '&', '<<': '>>', '>>': '<<' };
const change = { '+=': '-=', '-=': '+=', '|=': '&=', '&=': '|=', '*=': '/=', '/=': '*=' };
const step = { '++': '--', '--': '++' };
const word = { true: 'false', false: 'true', break: 'continue', continue: 'break' };

const kinds = [
  ['relation', /(?<=[\w)\]"'] )(<=|>=|==|!=|<|>)(?= )/g, (m) => relation[m]],
  ['logic', /(?<= )(&&|\|\|)(?=[ \n])/g, (m) => (m === '&&' ? '||' : '&&')],
  ['arithmetic', /(?<=[\w)\]"'] )(<<|>>|[+\-*/%&|^])(?= )/g, (m) => arithmetic[m]],
  ['change', /(?<= )(\+=|-=|\|=|&=|\*=|\/=)(?= )/g, (m) => change[m]],
  ['step', /\+\+|--/g, (m) => step[m]],
  ['not', /(?<![\w)\]])!(?=[\w(*])/g, () => ''],
  ['truth', /\b(true|false)\b/g, (m) => word[m]],
  ['number', /(?<![\w.])\d+(?![\w.])/g, (m) => String(BigInt(m) + 1n)],
  ['call left out', /(?<=\n +)(?!return |else |case )[a-z_]\w*\([^;{}\n]*\);(?=\n)/g, () => ';'],
  ['assignment left out', /(?<=\n +)[a-z_][\w.[\]]*(?:->[\w.[\]]+)* [+|&*-]?= [^;{}\n]*;(?=\n)/g, () => ';'],
  ['way out', /\b(break|continue)(?=;)/g, (m) => word[m]],
];

/** The text with comments, literals and preprocessor lines blanked, so that offsets stay. */
export function masked(text) {
  const blank = (s) => s.replace(/[^\n]/g, ' ');
  return text.replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*|"(?:\\[\s\S]|[^"\\\n])*"|'(?:\\.|[^'\\\n])+'|^[ \t]*#(?:\\\n|[^\n])*/gm, (s) => (
    s[0] === '"' || s[0] === "'" ? s[0] + blank(s.slice(1, -1)) + s[0] : blank(s)));
}

/** For each offset whether it lies in the body of a function: a brace at the margin behind a closing parenthesis. */
function bodies(code) {
  const inside = new Uint8Array(code.length);
  let depth = 0, isBody = false, before = '';
  for (let i = 0; i < code.length; i++) {
    const ch = code[i];
    if (ch === '{' && depth++ === 0) isBody = before === ')';
    inside[i] = depth > 0 && isBody ? 1 : 0;
    if (ch === '}') depth--;
    if (ch.trim()) before = ch;
  }
  return inside;
}

/** The offset of the parenthesis that closes the one at `at`, or -1. */
function closing(code, at) {
  for (let i = at, depth = 0; i < code.length; i++) {
    if (code[i] === '(') depth++;
    else if (code[i] === ')' && --depth === 0) return i;
  }
  return -1;
}

/** All changes a file allows, in the order of the text. */
export function changesOf(file, text) {
  const code = masked(text), inside = bodies(code), all = [];
  const take = (kind, at, from, to) => {
    if (inside[at]) all.push({ file, at, from, to, kind, line: text.slice(0, at).split('\n').length });
  };
  for (const [kind, pattern, becomes] of kinds) {
    for (const m of code.matchAll(pattern)) take(kind, m.index, text.slice(m.index, m.index + m[0].length), becomes(m[0]));
  }
  for (const m of code.matchAll(/\bif \(/g)) {
    const end = closing(code, m.index + 3);
    if (end > 0) {
      const from = text.slice(m.index + 3, end + 1);
      take('condition turned round', m.index + 3, from, `(!${from})`);
    }
  }
  return all.sort((a, b) => a.at - b.at || (a.kind < b.kind ? -1 : 1));
}

export const applied = (text, { at, from, to }) => text.slice(0, at) + to + text.slice(at + from.length);

/** Numbers below n, always the same row for the same seed (mulberry32). */
export function dice(seed) {
  let state = seed >>> 0;
  return (n) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 4294967296) * n);
  };
}

/** All changes in a random order: whoever needs 200 takes from the front. */
export function shuffled(changes, seed) {
  const all = [...changes], roll = dice(seed);
  for (let i = all.length - 1; i > 0; i--) {
    const k = roll(i + 1);
    [all[i], all[k]] = [all[k], all[i]];
  }
  return all;
}
