import { describe, expect, it } from 'vitest';
import { marked } from './marked';

const said = (text: string, query: string, read?: [number, number][]) => marked(text, query, read).map((p) => (p.hit ? `[${p.text}]` : p.text)).join('');
describe('marking what was found', () => {
  it('marks what stands there as it was typed, in any case, everywhere', () => {
    expect(said('云杉科技 13900001234', '科技 1234')).toBe('云杉[科技] 1390000[1234]');
    expect(said('Huawei huawei', 'HUA')).toBe('[Hua]wei [hua]wei');
    expect(said('a+b (c)', '+b (')).toBe('a[+b] [(]c)');
    expect(said('无关', '')).toBe('无关');
  });
  it('marks the characters that are read so, and joins what touches', () => {
    expect(said('华为技术有限公司', 'hwjs', [[0, 4]])).toBe('[华为技术]有限公司');
    expect(said('华为技术有限公司', '华 wei', [[1, 2]])).toBe('[华为]技术有限公司');
    expect(said('𠮷野家', 'jiye', [[0, 2]])).toBe('[𠮷野]家');
  });
  it('marks nothing across two fields', () => expect(said('有限公司 · 行政主管', 'sh', [[3, 8]])).toBe('有限公司 · 行政主管'));
  it('keeps whole what says more than there is', () => expect(said('短', 'd', [[0, 9]])).toBe('[短]'));
});
