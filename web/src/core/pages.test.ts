// Pages behind each other, a failure that keeps what is there, and an answer that comes too late.
import { describe, expect, it } from 'vitest';
import { usePages } from './pages';

describe('usePages', () => {
  it('adds the next page, and begins again', async () => {
    const asked: (string | undefined)[] = [];
    const p = usePages(async (cursor) => { asked.push(cursor); return cursor ? { data: [3] } : { data: [1, 2], next_cursor: 'c' }; });
    expect(p.loading.value).toBe(true);
    await p.load();
    expect([p.rows.value, p.next.value, p.loading.value]).toEqual([[1, 2], 'c', false]);
    await p.load(true);
    expect([p.rows.value, p.next.value]).toEqual([[1, 2, 3], null]);
    await p.load();
    expect([p.rows.value, asked]).toEqual([[1, 2], [undefined, 'c', undefined]]);
  });
  it('keeps what is there when a page fails, and says why until it goes well', async () => {
    let bad = false;
    const p = usePages(async () => { if (bad) throw new Error('no'); return { data: ['a'], next_cursor: 'c' }; });
    await p.load();
    bad = true;
    await p.load(true);
    expect(p.rows.value).toEqual(['a']);
    expect(p.problem.value).not.toBe('');
    expect(p.loading.value).toBe(false);
    bad = false;
    await p.load(true);
    expect([p.rows.value, p.problem.value]).toEqual([['a', 'a'], '']);
  });
  it('shows the last one asked, whichever answers last', async () => {
    const answers: ((rows: string[]) => void)[] = [];
    const p = usePages(() => new Promise<{ data: string[] }>((done) => { answers.push((data) => done({ data })); }));
    const first = p.load(), second = p.anew();
    expect([p.loading.value, p.busy.value]).toEqual([true, true]);
    answers[1]!(['new']);
    await second;
    answers[0]!(['old']);
    await first;
    expect([p.rows.value, p.loading.value, p.busy.value]).toEqual([['new'], false, false]);
  });
});
