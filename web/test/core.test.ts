// Small parts of the core: calls and their repeats, regions, times in a zone.
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ApiError, call, heldOf, hooks, messageOf, url } from '../src/core/api';
import { ago, dateTime, day, instantOf, shownChange, wallClock } from '../src/core/format';
import { setLang } from '../src/core/i18n';
import { answerAsking, asking, me } from '../src/core/session';
import { buildTree, findRegions, pathText } from '../src/core/regions';

afterEach(() => vi.unstubAllGlobals());
function answers(...list: (Response | Error)[]) {
  const seen: RequestInit[] = [];
  vi.stubGlobal('fetch', async (_u: string, init: RequestInit) => { seen.push(init); const a = list.shift()!; if (a instanceof Error) throw a; return a; });
  return seen;
}
const json = (status: number, body: unknown) => new Response(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/json' } });

describe('calls', () => {
  it('writes addresses without what is empty', () => expect(url('/a', { q: '', x: 1, y: undefined, z: '云 帆' })).toBe('/api/v1/a?x=1&z=%E4%BA%91+%E5%B8%86'));
  it('asks for sign-in when the session is over, and repeats', async () => {
    const seen = answers(json(401, { code: 'not_signed_in' }), json(200, { ok: 1 }));
    const ask = vi.spyOn(hooks, 'signInAgain').mockResolvedValue(true);
    expect((await call('GET', '/x')).data).toEqual({ ok: 1 });
    expect(ask).toHaveBeenCalledOnce();
    expect(seen.length).toBe(2);
    ask.mockRestore();
  });
  it('says of a change that nobody signed in for that it is not kept, and where what was typed is', async () => {
    answers(json(401, { code: 'not_signed_in', detail: '请先登录' }));
    await expect(call('POST', '/x', { body: {} })).rejects.toMatchObject({ status: 401, message: '还没有重新登录，没有保存。填写的内容还在，请再保存一次并登录。' });
  });
  it('never keeps what one person wrote as another\'s', async () => {
    const mine = { user: { id: 1, login: 'rep', name: '冯销售', roles: [] }, csrf: 'a', rights: [], menus: [] }, other = { ...mine, user: { ...mine.user, id: 2, name: '陈销售' }, csrf: 'b' };
    me.value = mine;
    const ask = vi.spyOn(hooks, 'signInAgain').mockResolvedValue(false);
    const refused = answers(json(403, { code: 'csrf' }), json(200, other));
    await expect(call('POST', '/x', { body: {} })).rejects.toMatchObject({ status: 401 });
    expect(ask).toHaveBeenCalledWith(other);
    expect(refused.length).toBe(2);
    // The same person with a new session goes on.
    const again = answers(json(403, { code: 'csrf' }), json(200, { ...mine, csrf: 'c' }), json(200, { ok: 1 }));
    expect((await call('POST', '/x', { body: {} })).data).toEqual({ ok: 1 });
    expect((again[2]!.headers as Record<string, string>)['X-CSRF-Token']).toBe('c');
    ask.mockRestore();
    me.value = null;
  });
  it('opens the dialog of an ended session not between two keys', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    me.value = { user: { id: 1, login: 'rep', name: '冯销售', roles: [] }, csrf: 'a', rights: [], menus: [] };
    const type = () => { const event = new Event('input'); Object.defineProperty(event, 'timeStamp', { value: performance.now() }); document.dispatchEvent(event); };
    type();
    const answer = hooks.signInAgain();
    await vi.advanceTimersByTimeAsync(800);
    type();
    await vi.advanceTimersByTimeAsync(1100);
    expect(asking.value).toBeNull();
    await vi.advanceTimersByTimeAsync(400);
    expect(asking.value).toEqual({ kind: 'sign-in', other: undefined });
    answerAsking(true);
    expect(await answer).toBe(true);
    vi.useRealTimers();
    me.value = null;
  });
  it('asks for a second proof with the methods named, and repeats the very call', async () => {
    const seen = answers(json(403, { code: 'step_up_required', methods: ['password'] }), json(200, {}));
    const ask = vi.spyOn(hooks, 'stepUp').mockResolvedValue(true);
    await call('PATCH', '/roles/1', { body: { a: 1 }, version: 2 });
    expect(ask).toHaveBeenCalledWith(['password']);
    expect(seen[1]!.body).toBe(seen[0]!.body);
    expect((seen[1]!.headers as Record<string, string>)['If-Match']).toBe('"2"');
    ask.mockRestore();
  });
  it('asks for agreement with what was held, as a request takes it', async () => {
    const asked: unknown[] = [];
    const ask = vi.spyOn(hooks, 'approve').mockImplementation(async (held) => { asked.push(held); return true; });
    answers(json(409, { code: 'approval_required', detail: '须审批' }));
    await expect(call('POST', '/customers/merge', { body: { survivor: 3, merged: [4], choose: { phone: 4 } } })).rejects.toMatchObject({ code: 'approval_filed' });
    expect(asked).toEqual([{ operation: 'merge', plural: 'customers', id: 3, body: { survivor: 3, merged: [4], choose: { phone: 4 } }, message: '须审批' }]);
    expect(heldOf('POST', '/customers/merge', { survivor: 3, merged: [4], preview: true })).toBeNull();
    ask.mockRestore();
    expect(heldOf('PATCH', '/customers/3', { name: 'x' })).toMatchObject({ operation: 'edit', id: 3 });
    expect(heldOf('DELETE', '/customers/3', undefined)?.operation).toBe('delete');
    expect(heldOf('POST', '/customers/3/restore', {})?.operation).toBe('restore');
    expect(heldOf('POST', '/customers/3/actions/transfer', {})?.operation).toBe('transfer');
    expect(heldOf('POST', '/customers/bulk', {})).toBeNull();
  });
  it('gives up with the words of the server', async () => {
    answers(json(422, { code: 'invalid', title: 't', detail: 'd', errors: [{ field: 'a', code: 'x', message: '不行' }] }));
    const error = await call('POST', '/x', { body: {} }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(ApiError);
    expect(messageOf(error)).toBe('不行');
  });
  it('repeats a read after a broken connection, never a write', async () => {
    const seen = answers(new TypeError('net'), json(200, { n: 1 }));
    expect((await call('GET', '/x')).data).toEqual({ n: 1 });
    expect(seen.length).toBe(2);
    const writes = answers(new TypeError('net'), json(200, {}));
    await expect(call('POST', '/x', { body: {} })).rejects.toMatchObject({ code: 'offline' });
    expect(writes.length).toBe(1);
  });
});

describe('times', () => {
  it('read in the zone of the account, there and back', () => {
    expect(dateTime('2026-11-20T16:30:00Z')).toBe('2026-11-21 00:30');
    expect(instantOf('2026-11-21 00:30')).toBe('2026-11-20T16:30:00Z');
    expect(instantOf('gestern')).toBeNull();
  });
});

describe("the company's way to write days", () => {
  afterEach(() => { me.value = null; });
  const company = (date_format: string) => { me.value = { user: { id: 1, login: 'a', name: 'a', roles: [] }, csrf: '', rights: [], menus: [], company: { date_format } }; };
  it.each([['YYYY/MM/DD', '2026/03/05'], ['YYYY年M月D日', '2026年3月5日'], ['YYYY-MM-DD', '2026-03-05']])('%s', (pattern, text) => {
    company(pattern);
    expect(day('2026-03-05')).toBe(text);
    expect(dateTime('2026-03-04T16:30:00Z')).toBe(`${text} 00:30`);
    expect(shownChange('2026-03-05')).toBe(text);
    expect(ago('2001-01-01T00:00:00Z')).toBe(day('2001-01-01'));
    expect(wallClock('2026-03-04T16:30:00Z')).toBe('2026-03-05 00:30');
    expect(day('gestern')).toBe('gestern');
  });
  it('Chinese words are for readers of Chinese', async () => {
    company('YYYY年M月D日');
    await setLang('en');
    expect(day('2026-03-05')).toBe('2026-03-05');
    await setLang('zh');
  });
});

describe('regions', () => {
  const tree = buildTree([[330000, '浙江省', [[330100, '杭州市', [[330106, '西湖区']]]]], [110000, '北京市', []]]);
  it('are found by any part of the way', () => {
    expect(findRegions(tree, '西湖').map((r) => r.code)).toEqual([330106]);
    expect(findRegions(tree, '浙江 杭').map((r) => r.code)).toEqual([330100]);
    expect(findRegions(tree, '')).toEqual([]);
    expect(pathText(tree.byCode.get(330106)!)).toBe('浙江省 / 杭州市 / 西湖区');
  });
});
