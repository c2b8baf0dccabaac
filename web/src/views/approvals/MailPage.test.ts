// The link of a mail speaks for its person: who else is signed in at the browser is told so before he answers.
import { flushPromises, mount } from '@vue/test-utils';
import { afterEach, beforeAll, expect, it, vi } from 'vitest';
import { setLang } from '../../core/i18n';
import { signedInHint } from '../../router';
import { serve } from '../../../test/server';
import MailPage from './MailPage.vue';

vi.mock('vue-router', async (real) => ({ ...(await real<object>()), useRouter: () => ({ push: () => {} }) }));
const asked = { person: '郑经理', expires_at: '2026-11-30T00:00:00Z', sign_in: false, number: 'CR1', title: '修改客户', operation: '修改数据', reason: '更名', requester: '冯销售', created_at: '2026-11-22T00:00:00Z', look: { changes: [] } };
const gone = () => new Response(JSON.stringify({ code: 'not_found', detail: 'x', errors: [{ field: 'token', code: 'not_found', message: '链接已于 2026-11-25 10:00 过期' }] }), { status: 404 });
beforeAll(() => setLang('zh'));
afterEach(() => { vi.unstubAllGlobals(); signedInHint.set(false); location.hash = ''; });
async function open(name: string | null, look: () => unknown = () => asked) {
  location.hash = '#1.1.1.x';
  signedInHint.set(!!name);
  serve({ 'GET /me': () => ({ user: { id: 2, name } }), 'POST /approval-link/look': look });
  const it = mount(MailPage, { global: { stubs: { ChangeTable: true, Looks: true } } });
  await flushPromises();
  return it.text();
}
it('says who is signed in here, where that is somebody else', async () => {
  expect(await open('陈销售')).toContain('这个浏览器登录的是 陈销售，而这封邮件发给 郑经理');
  expect(await open('郑经理')).not.toContain('这个浏览器');
  expect(await open(null)).not.toContain('这个浏览器');
});
it('leads on from a link that is over', async () => {
  expect(await open(null, gone)).toContain('登录后查看');
  const text = await open('陈销售', gone);
  expect(text).toContain('过期');
  expect(text).toContain('以 陈销售 的身份打开审批');
});
