// What poppler says of a PDF: another reader than the one who wrote it.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** {pages, title, author, text (page for page in the order it was drawn, so that the watermark stands behind it; without blanks and line ends), fonts: names of those that are not embedded} */
export function readPdf(bytes) {
  assert.equal(bytes.subarray(0, 5).toString(), '%PDF-');
  const dir = mkdtempSync(join(tmpdir(), 'pdf-'));
  try {
    const file = join(dir, 'a.pdf');
    writeFileSync(file, bytes);
    const say = (program, ...args) => execFileSync(program, args, { encoding: 'utf8' });
    const info = say('pdfinfo', file), field = (name) => new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(info)?.[1] ?? '';
    const text = say('pdftotext', '-raw', file, '-').replace(/[ \n\t]/g, '').split('\f').slice(0, -1);
    const fonts = say('pdffonts', file).trim().split('\n').slice(2).filter((line) => !/ yes\s+yes\s+(yes|no)\s+\d+\s+\d+$/.test(line));
    return { pages: Number(field('Pages')), title: field('Title'), author: field('Author'), text, all: text.join(''), loose: fonts };
  } finally {
    rmSync(dir, { recursive: true });
  }
}
