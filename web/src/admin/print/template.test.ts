import { expect, test } from 'vitest';
import { bodyOf, draftOf, lineOf, lineRange, tableOf } from './template';

test('a row becomes a draft and the same row again', () => {
  const lists = { open_tasks: { of: 'tasks', sort: '-due_at', limit: 20, filter: ['status', '=', 'open'] }, all: { of: 'contacts' } };
  const row = { id: 1, version: 3, name: '客户资料表', entity: 'customer', kind: 'report' as const, body: '# {{name}}', lists, paper: 'a5', landscape: true, watermark: false, enabled: true, position: 5 };
  const { id: _id, version: _version, ...rest } = row;
  expect(bodyOf(draftOf(row as never))).toEqual(rest);
  expect(bodyOf(draftOf({ ...row, lists: JSON.stringify(lists) } as never))).toEqual(rest);
  expect(bodyOf({ ...draftOf({}), name: ' x ' })).toMatchObject({ name: 'x', entity: 'customer', kind: 'report', lists: null, watermark: true });
});

test('a condition that is no JSON is said, not sent', () => {
  const d = draftOf({});
  d.lists.push({ name: 'a', of: 'tasks', sort: '', down: false, limit: null, filter: '[' });
  expect(() => bodyOf(d)).toThrow();
});

test('a mistake leads to its line', () => {
  expect(lineOf('第 12 行：没有“x”这个变量')).toBe(12);
  expect(lineOf('Line 3: “x” is not known')).toBe(3);
  expect(lineOf('请填写模板内容')).toBe(0);
  expect(lineRange('ab\ncde\nf', 2)).toEqual([3, 6]);
  expect(lineRange('ab', 1)).toEqual([0, 2]);
});

test('a list is put in as a table, or as a row that repeats', () => {
  const fields = [{ path: 'name', label: '姓名', type: 'string', list: true }, { path: 'tags', label: '标签', type: 'link_many', list: true }, { path: 'remark', label: '备注', type: 'text' }, { path: 'mobile', label: '手机', type: 'phone', list: true }];
  expect(tableOf('contacts', fields, 'report')).toBe('@表格 contacts: name, mobile');
  expect(tableOf('contacts', fields, 'docx')).toBe('{{#contacts}}{{name}} {{mobile}}{{/contacts}}');
});
