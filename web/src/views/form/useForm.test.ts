// The form's state: what is sent, how mistakes of the server find their fields, drafts, conflicts.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { effectScope } from 'vue';
import { conflict } from '../../core/save';
import type { EntityDef, Row } from '../../core/schema';
import { readDraft } from '../../core/store';
import { useForm, type Form } from './useForm';

const f = (name: string, type: string, more = {}) => ({ name, type, label: { zh: name }, right: 'edit' as const, ...more });
const entity: EntityDef = {
  name: 'customer', plural: 'customers', label: { zh: '客户' }, title: 'name', can: { create: true, edit: true }, list: ['name'], gets: [],
  fields: [f('number', 'number'), f('name', 'string', { required: true }), f('phone', 'phone'), f('level', 'option', { default: 'normal' }), f('revenue', 'money'), f('secret', 'string', { write_only: true }), f('seen', 'string', { readonly: true }), f('primary_contact', 'parts', { create_only: true })],
  form: [{ label: { zh: '基本' }, fields: ['number', 'name', 'phone', 'level', 'revenue', 'secret', 'seen', 'primary_contact'] }],
};
const row: Row = { id: 7, version: 3, name: '云帆', phone: '139****1111', masked: ['phone'], level: 'key', revenue: '5.00' };
let calls: { method: string; url: string; body: unknown; headers: Record<string, string> }[] = [];
let answers: { status: number; body?: unknown }[] = [];
let scope = effectScope();
function make(r: Row | null, preset = {}): Form { return scope.run(() => useForm(entity, r, preset))!; }

beforeEach(() => {
  localStorage.clear(); calls = []; answers = []; scope = effectScope();
  vi.stubGlobal('fetch', async (url: string, init: RequestInit) => {
    calls.push({ method: init.method!, url, body: init.body ? JSON.parse(String(init.body)) : undefined, headers: init.headers as Record<string, string> });
    const a = answers.shift() ?? { status: 200, body: {} };
    return new Response(a.status === 204 ? null : JSON.stringify(a.body ?? {}), { status: a.status, headers: { 'Content-Type': a.status >= 400 ? 'application/problem+json' : 'application/json' } });
  });
});
afterEach(() => { scope.stop(); vi.unstubAllGlobals(); vi.useRealTimers(); });

describe('useForm', () => {
  it('asks only for what may be filled', () => {
    expect(make(null).fields.map((x) => x.name)).toEqual(['name', 'phone', 'level', 'revenue', 'secret', 'primary_contact']);
    expect(make(row).fields.map((x) => x.name)).toEqual(['name', 'phone', 'level', 'revenue', 'secret']);
  });
  it('asks who may hand a record over for whom it is, and only where it is made', () => {
    const owned: EntityDef = { ...entity, fields: [...entity.fields, f('owner', 'link', { to: 'user', default: 'me' })], actions: [{ name: 'transfer', label: { zh: '转移' } }] as EntityDef['actions'] };
    const names = (can: Record<string, boolean>, r: Row | null = null, e = owned) => scope.run(() => useForm({ ...e, can }, r))!.fields.map((x) => x.name).slice(0, 2);
    expect(names({ create: true, transfer: true })).toEqual(['name', 'owner']);
    expect(names({ create: true, transfer: false })).toEqual(['name', 'phone']);
    expect(names({ edit: true, transfer: true }, row)).toEqual(['name', 'phone']);
    expect(names({ create: true, transfer: true }, null, { ...owned, actions: [] })).toEqual(['name', 'phone']);
  });
  it('judges its conditions by what the record has, too: a kind that is chosen once stands in no form', () => {
    const channel: EntityDef = { ...entity, name: 'channel', fields: [f('kind', 'option', { create_only: true }), f('sender', 'string', { shown_if: ['kind', 'in', ['mail']], required_if: ['kind', 'in', ['mail']] }), f('events', 'string', { shown_if: ['kind', '=', 'webhook'] })], form: [{ label: { zh: 'x' }, fields: ['kind', 'sender', 'events'] }] };
    const shown = (r: Row | null, preset = {}) => { const form = scope.run(() => useForm(channel, r, preset))!; return form.fields.filter(form.shown).map((x) => `${x.name}${form.needed(x) ? '*' : ''}`); };
    expect(shown({ id: 1, version: 1, kind: 'mail', sender: 'a@example.com' })).toEqual(['sender*']);
    expect(shown({ id: 1, version: 1, kind: 'webhook' })).toEqual(['events']);
    expect(shown(null)).toEqual(['kind']);
    expect(shown(null, { kind: 'mail' })).toEqual(['kind', 'sender*']);
  });
  it('creates with defaults and preset, without what is empty', async () => {
    answers = [{ status: 201, body: { id: 1, version: 1 } }];
    const form = make(null, { customer: { id: 9, label: '母公司' } });
    form.set('name', ' 新客户 ');
    form.set('revenue', '1.2万');
    expect(form.dirty.value).toBe(true);
    expect(await form.save()).toEqual({ id: 1, version: 1 });
    expect(calls[0]!.body).toEqual({ name: '新客户', level: 'normal', revenue: '12000.00', customer: { id: 9, label: '母公司' } });
    expect(calls[0]!.headers['Idempotency-Key']).toMatch(/^".+"$/);
    expect(form.dirty.value).toBe(false);
  });
  it('stops at what is missing, all at once, before asking the server', async () => {
    const form = make(null);
    form.set('revenue', 'viel');
    expect(await form.save()).toBeNull();
    expect(Object.keys(form.errors).sort()).toEqual(['name', 'revenue']);
    expect(calls).toEqual([]);
    form.set('name', 'x');
    expect(form.errors.name).toBeUndefined();
  });
  it('puts the mistakes the server found at their fields, the rest on top', async () => {
    answers = [{ status: 422, body: { code: 'invalid', title: 'x', errors: [{ field: 'name', code: 'dup', message: '名称重复' }, { field: 'primary_contact.mobile', code: 'format.phone', message: '号码不对' }, { field: 'nowhere', code: 'x', message: '别的' }] } }];
    const form = make(null);
    form.set('name', 'a');
    expect(await form.save()).toBeNull();
    expect(form.errors).toEqual({ name: '名称重复', 'primary_contact.mobile': '号码不对' });
    expect(form.general.value).toEqual(['别的']);
    form.set('primary_contact', { mobile: '1' });
    expect(form.errors).toEqual({ name: '名称重复' });
  });
  it('sends only what changed, with the version; masked values stay', async () => {
    answers = [{ status: 200, body: { ...row, version: 4, level: 'normal' } }];
    const form = make(row);
    form.set('level', 'normal');
    expect((await form.save())?.version).toBe(4);
    expect(calls[0]).toMatchObject({ method: 'PATCH', url: '/api/v1/customers/7', body: { level: 'normal' } });
    expect(calls[0]!.headers['If-Match']).toBe('"3"');
  });
  it('saves nothing when nothing changed', async () => {
    expect(await make(row).save()).toBe(row);
    expect(calls).toEqual([]);
  });
  it('lets choose when somebody else was faster', async () => {
    answers = [{ status: 412, body: { code: 'stale' } }, { status: 200, body: { ...row, version: 5, level: 'potential' } }, { status: 200, body: { ...row, version: 6 } }];
    const form = make(row);
    form.set('level', 'normal');
    form.set('name', '我的');
    const saving = form.save();
    await vi.waitFor(() => expect(conflict.value).not.toBeNull());
    expect(conflict.value!.mine).toEqual({ level: 'normal', name: '我的' });
    conflict.value!.answer(['name']);
    expect((await saving)?.version).toBe(6);
    expect(calls[2]!.body).toEqual({ name: '我的' });
    expect(calls[2]!.headers['If-Match']).toBe('"5"');
  });
  it('keeps a draft, offers it, drops it after saving; never a password', async () => {
    vi.useFakeTimers();
    const form = make(null);
    form.set('name', '草稿');
    form.set('secret', 'pw');
    await vi.advanceTimersByTimeAsync(500);
    expect(readDraft('customer', null)?.values).toEqual({ name: '草稿' });
    vi.useRealTimers();
    const again = make(null);
    expect(again.draft.value).not.toBeNull();
    again.restoreDraft();
    expect(again.values.name).toBe('草稿');
    answers = [{ status: 201, body: { id: 1, version: 1 } }];
    await again.save();
    expect(readDraft('customer', null)).toBeNull();
  });
  it('uses a new key after a refusal and the same after a lost answer', async () => {
    const form = make(null);
    form.set('name', 'a');
    answers = [{ status: 500, body: { code: 'internal', title: 'x' } }, { status: 422, body: { code: 'invalid', errors: [] } }, { status: 201, body: { id: 1, version: 1 } }];
    await expect(form.save()).rejects.toThrow();
    await form.save();
    await form.save();
    const keys = calls.map((c) => c.headers['Idempotency-Key']);
    expect(keys[1]).toBe(keys[0]);
    expect(keys[2]).not.toBe(keys[1]);
  });
});
