// A rule into the form and back, and in words.
import { beforeAll, describe, expect, it } from 'vitest';
import { setLang } from '../../core/i18n';
import type { EntityDef } from '../../core/schema';
import { actionWords, bodyOf, cronWords, draftOf, eventWords, newAction, settable, usersOf } from './rule';

const customer = { name: 'customer', plural: 'customers', label: { zh: '客户', en: 'Customer' }, title: 'name', can: {}, list: [], form: [], fields: [
  { name: 'level', type: 'option', label: { zh: '等级', en: 'Level' }, right: 'edit', options: [{ code: 'key', label: { zh: '重要', en: 'Key' } }] },
  { name: 'owner', type: 'link', to: 'user', label: { zh: '负责人', en: 'Owner' }, right: 'edit' },
  { name: 'last_follow_up_at', type: 'datetime', label: { zh: '最后跟进时间', en: 'Last follow-up' }, right: 'read', readonly: true },
] } as unknown as EntityDef;
beforeAll(() => setLang('zh'));

describe('form', () => {
  it('gives back what the server gave', () => {
    const rule = { name: '三天', entity: 'customer', event: 'idle' as const, filter: ['and', ['level', '=', 'key'], ['or', ['owner', '=', 3], ['owner', 'is_null', null]]], actions: [{ do: 'notify', to: ['owner', 7], title: 'x' }], days: 3, date_field: 'last_follow_up_at', workdays: true, cron: '0 9 * * 1-5', goal: ['level', '=', 'key'], goal_days: 5, position: 20, stop: true };
    const body = bodyOf(draftOf(rule));
    for (const [k, v] of Object.entries(rule)) expect(body[k], k).toEqual(v);
  });
  it('sends only what the event reads', () => {
    const d = { ...draftOf({}), name: ' a ', event: 'created' as const, date_field: 'x', cron: '1 1 * * *', fields: ['level'] };
    expect(bodyOf(d)).toMatchObject({ name: 'a', date_field: null, days: null, cron: null, zone: null, fields: null, filter: null });
  });
  it('keeps a filter it cannot show', () => {
    const odd = ['not', ['and', ['level', '=', 'key'], ['not', ['owner', '=', 3]]]];
    expect(draftOf({ filter: odd }).when).toBeNull();
    expect(bodyOf(draftOf({ filter: odd })).filter).toEqual(odd);
  });
  it('leaves alone what a rule may not set', () => expect(settable(customer).map((f) => f.name)).toEqual(['level']));
  it('finds people in actions', () => expect(usersOf([{ do: 'assign', users: [3, 4] }, { do: 'notify', to: ['owner', 4] }])).toEqual([3, 4]));
});

describe('words', () => {
  it('says when', () => {
    expect(eventWords(customer, { ...draftOf({}), event: 'idle', days: 3, date_field: 'last_follow_up_at', workdays: true, cron: '0 9 * * 1-5' })).toBe('客户的最后跟进时间已过 3 个工作日（周一至周五 9:00检查）');
    expect(eventWords(customer, { ...draftOf({}), event: 'due', days: -1, date_field: 'last_follow_up_at' })).toBe('客户的最后跟进时间之前 1 天（每天 9:00检查）');
    expect(eventWords(customer, { ...draftOf({}), event: 'updated', fields: ['level'] })).toBe('客户的等级变化');
    expect(cronWords('5 4 * * *')).toBe('按 5 4 * * *');
  });
  it('says what', () => {
    const users = new Map([[3, '张三']]);
    expect(actionWords(customer, { do: 'assign', how: 'round_robin', users: [3] }, { actions: [], templates: [] }, users)).toBe('轮流分配：张三');
    expect(actionWords(customer, { do: 'set', values: { level: 'key' } }, { actions: [], templates: [] }, users)).toBe('修改 等级 = 重要');
    expect(actionWords(customer, { do: 'notify', to: ['owner', 3], title: '看看' }, { actions: [], templates: [] }, users)).toBe('提醒负责人、张三“看看”');
    expect(actionWords(customer, { do: 'fly' }, { actions: [{ name: 'fly', label: '飞', entities: [], fields: {} }], templates: [] }, users)).toBe('飞');
    expect(newAction('notify').to).toEqual(['owner']);
  });
});
