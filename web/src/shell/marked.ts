// Where the words of a query stand in a text, for marking: as they were typed, and where the server says that characters are
// read so ([from, to] in characters).
export interface Piece { text: string; hit: boolean }
export function marked(text: string, query: string, read: [number, number][] = []): Piece[] {
  const chars = [...text];
  const hit = chars.map(() => false);
  // Character by character in lower case, so that places stay what they are.
  const small = chars.map((c) => c.toLowerCase());
  for (const word of query.trim().toLowerCase().split(/\s+/).filter(Boolean)) {
    const wanted = [...word];
    for (let at = 0; at + wanted.length <= small.length; at++) if (wanted.every((c, i) => small[at + i] === c)) hit.fill(true, at, at + wanted.length);
  }
  // A reading that goes on behind the mark between two fields is none: nobody wrote those together.
  for (const [from, to] of read) if (!chars.slice(Math.max(0, from), to).join('').includes(' · ')) hit.fill(true, Math.max(0, from), to);
  const out: Piece[] = [];
  chars.forEach((c, i) => { const last = out[out.length - 1]; if (last && last.hit === hit[i]) last.text += c; else out.push({ text: c, hit: hit[i]! }); });
  return out;
}
