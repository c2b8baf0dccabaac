// What the check offers: never a button that cannot be pressed.
import { mount } from '@vue/test-utils';
import { beforeAll, expect, it, vi } from 'vitest';
import { defineComponent, h } from 'vue';
import { setLang } from '../../core/i18n';
import StepRun from './StepRun.vue';
import type { Import } from './types';
import { provideImport, useImport } from './useImport';

vi.mock('./ErrorTable.vue', () => ({ default: { render: () => null } }));
vi.mock('./DuplicateGroups.vue', () => ({ default: { render: () => null } }));
beforeAll(() => setLang('zh'));

function checked(counts: Record<string, number>) {
  const page = defineComponent({ setup() { const state = provideImport(useImport('', () => {})); state.job.value = { id: 5, state: 'checked', counts, sheets: [] } as unknown as Import; return () => h(StepRun); } });
  const it = mount(page, { global: { stubs: { RouterLink: true } } });
  return { primary: it.findAll('.actions .primary').map((b) => b.text()), all: it.findAll('.actions > *').map((b) => b.text()), dead: it.findAll(':disabled').length, text: it.text() };
}

it('says what to do where no row can be imported', () => {
  const none = checked({ failed: 3 });
  expect(none.primary).toEqual(['下载校验报告']);
  expect(none.dead).toBe(0);
  expect(none.text).toContain('没有一行可以导入。请下载校验报告，把标出的单元格改好，再原样上传。');
  expect(none.all).toEqual(['下载校验报告', '回去调整对应关系']);
});
it('imports the good rows where there are some, and offers none where nothing is new', () => {
  expect(checked({ failed: 1, created: 2 })).toMatchObject({ primary: ['只导入没有问题的 2 条'], dead: 0 });
  expect(checked({ created: 2 }).primary).toEqual(['导入 2 条']);
  expect(checked({ unchanged: 2 })).toMatchObject({ primary: [], all: ['回去调整对应关系'], dead: 0 });
  expect(checked({ duplicate: 2 }).text).not.toContain('没有一行');
});
