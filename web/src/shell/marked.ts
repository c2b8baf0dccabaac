// Where the words of a query stand in a text, for marking. What was found by pinyin is not marked.
export interface Piece { text: string; hit: boolean }
export function marked(text: string, query: string): Piece[] {
  const words = query.trim().split(/\s+/).filter(Boolean).map((w) => w.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  if (!words.length) return [{ text, hit: false }];
  // An odd piece of a split by a group is what the group matched.
  return text.split(new RegExp(`(${words.join('|')})`, 'gi')).map((piece, i) => ({ text: piece, hit: i % 2 === 1 })).filter((p) => p.text);
}
