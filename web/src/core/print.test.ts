import { expect, test } from 'vitest';
import { nameOf } from './print';

test('the name of a file as it was sent', () => {
  expect(nameOf("attachment; filename=\"_.pdf\"; filename*=UTF-8''%E5%AE%A2%E6%88%B7-%E4%BA%91%E5%B8%86.pdf")).toBe('客户-云帆.pdf');
  expect(nameOf('attachment; filename="a.docx"')).toBe('a.docx');
  expect(nameOf("attachment; filename*=UTF-8''%E5%A")).toBe('print');
  expect(nameOf('')).toBe('print');
});
